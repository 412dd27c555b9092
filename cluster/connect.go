package cluster

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/leafmidas/leafmidas/module"
)

// connection says how Redis is reached: one server, the master that Sentinels name, or a cluster.
func connection(cfg module.FleetConfig) (*redis.UniversalOptions, error) {
	options := &redis.UniversalOptions{
		Addrs: strings.Split(cfg.Addr, ","), MasterName: cfg.MasterName, IsClusterMode: cfg.Cluster, DB: cfg.DB, ClientName: "leafmidas",
		Username: cfg.Username, Password: cfg.Password.Reveal(),
		SentinelUsername: cfg.SentinelUsername, SentinelPassword: cfg.SentinelPassword.Reveal(),
		DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, MaxRetries: -1, ContextTimeoutEnabled: true,
	}
	for _, addr := range options.Addrs {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return nil, fmt.Errorf("cluster: Addr: %w", err)
		}
	}
	if cfg.TLS {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12} // the name in the certificate is that of each address
	}
	return options, nil
}
