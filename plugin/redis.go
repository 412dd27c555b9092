package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/module"
)

// RedisConfig says where the servers of one game meet. However it is printed, no password is seen.
type RedisConfig struct {
	// Addr is "host:port", or "redis://user:password@host:port/db", with "rediss" for TLS; as a secret it may be
	// "env:NAME" or "file:PATH". Several addresses, with commas between them, are those of the Sentinels with MasterName,
	// and otherwise of a cluster's nodes. Required for several servers.
	Addr string
	// MasterName is what the Sentinels at Addr call the server. Zero value: no Sentinels.
	MasterName string
	// Cluster: it is a Redis Cluster, though Addr is a single address.
	Cluster bool
	// Username and Password are of an ACL user. Zero values: none, or those in Addr.
	Username string
	Password midas.Secret
	// SentinelUsername and SentinelPassword are those that the Sentinels themselves want. Zero values: none.
	SentinelUsername string
	SentinelPassword midas.Secret
	// DB is the number of the database. A cluster has 0 only.
	DB int
	// TLS: the connection is encrypted, and the hosts' names are in the servers' certificates.
	TLS bool
}

// plainRedis is a RedisConfig that prints as it is.
type plainRedis RedisConfig

func (c RedisConfig) hidden() plainRedis {
	if i := strings.LastIndex(c.Addr, "@"); i >= 0 {
		c.Addr = "***" + c.Addr[i:]
	}
	return plainRedis(c)
}

// Format hides a password in Addr from package fmt.
func (c RedisConfig) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), c.hidden())
}

// MarshalJSON hides a password in Addr from encoders.
func (c RedisConfig) MarshalJSON() ([]byte, error) { return json.Marshal(c.hidden()) }

// LogValue hides a password in Addr from log/slog.
func (c RedisConfig) LogValue() slog.Value { return slog.AnyValue(c.hidden()) }

// namedHost is a host that happens to be called as the beginnings of a secret are.
var namedHost = regexp.MustCompile(`^(env|file):\d+$`)

// resolveRedis checks the section Redis, and takes an address apart that is a URL.
func (c *Config) resolveRedis(fault func(string, string, ...any), secret func(string, *midas.Secret, bool)) {
	if c.Redis == (RedisConfig{}) {
		return
	}
	if c.Ledger.Driver == sqlite {
		fault("Redis", `is for several servers, and they cannot share a SQLite file: Ledger.Driver is "postgres" or "mysql" then`)
	}
	secret("Redis.Password", &c.Redis.Password, false)
	secret("Redis.SentinelPassword", &c.Redis.SentinelPassword, false)
	if !namedHost.MatchString(c.Redis.Addr) {
		addr, err := readSecret(c.Redis.Addr)
		if err != nil {
			fault("Redis.Addr", "%v", err)
			return
		}
		c.Redis.Addr = addr
	}
	if err := c.Redis.resolve(); err != nil {
		fault("Redis.Addr", "%v", err)
	}
	switch many := c.Redis.Cluster || strings.Contains(c.Redis.Addr, ","); {
	case c.Redis.DB < 0 || c.Redis.DB > 1_000_000:
		fault("Redis.DB", "is %d; allowed is 0 to 1000000", c.Redis.DB)
	case c.Redis.MasterName != "" && c.Redis.Cluster:
		fault("Redis.Cluster", "a cluster has no Sentinels; leave out this or Redis.MasterName")
	case c.Redis.MasterName == "" && (c.Redis.SentinelUsername != "" || c.Redis.SentinelPassword != ""):
		fault("Redis.MasterName", "is missing: what the Sentinels call the server")
	case c.Redis.MasterName == "" && many && c.Redis.DB != 0:
		fault("Redis.DB", "is %d; several addresses without Redis.MasterName are a cluster's, which has 0 only", c.Redis.DB)
	}
}

// resolve makes of Addr addresses alone, and of what a URL says besides the fields for it. The error has no part of
// Addr that may be secret.
func (c *RedisConfig) resolve() error {
	if c.Addr == "" {
		return errors.New(`is missing: where Redis is, as "host:port"`)
	}
	scheme, rest, isURL := strings.Cut(c.Addr, "://")
	if isURL {
		if err := c.resolveURL(scheme, rest); err != nil {
			return err
		}
	}
	standard := "6379"
	if c.MasterName != "" {
		standard = "26379"
	}
	hosts := strings.Split(c.Addr, ",")
	for i, host := range hosts {
		host = strings.TrimSpace(host)
		if isURL && host != "" && (!strings.Contains(host, ":") || strings.HasSuffix(host, "]")) {
			host = net.JoinHostPort(strings.Trim(host, "[]"), standard)
		}
		name, port, err := net.SplitHostPort(host)
		if n, portErr := strconv.Atoi(port); err != nil || portErr != nil || n < 1 || n > 65535 || strings.ContainsAny(name, "/@?# ") {
			if strings.Contains(c.Addr, "@") {
				return errors.New("is not of the form host:port; with a user and a password it begins with redis:// or rediss://")
			}
			return fmt.Errorf("%q is not of the form host:port", host)
		}
		hosts[i] = host
	}
	c.Addr = strings.Join(hosts, ",")
	return nil
}

// resolveURL reads what comes behind redis:// or rediss://. It leaves the hosts in Addr.
func (c *RedisConfig) resolveURL(scheme, rest string) error {
	const form = `a URL of Redis has the form redis://user:password@host:port/db, or rediss:// for TLS`
	switch {
	case scheme == "rediss":
		c.TLS = true
	case scheme != "redis":
		return errors.New("is another kind of URL; " + form)
	case c.TLS:
		return errors.New("says redis://, which is not encrypted, and Redis.TLS is true; with TLS it is rediss://")
	}
	if strings.ContainsAny(rest, "?#") {
		return errors.New("has options behind '?' or '#'; leave them out, and write such characters in a password as %3F and %23")
	}
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		user, password, _ := strings.Cut(rest[:i], ":")
		rest = rest[i+1:]
		user, userErr := url.PathUnescape(user)
		password, err := url.PathUnescape(password)
		if userErr != nil || err != nil {
			return errors.New("has a '%' in its user or password that is none of a URL; write it as %25")
		}
		if c.Username != "" && user != "" || c.Password != "" && password != "" {
			return errors.New("has a user or a password, and so has the section; keep one")
		}
		if user != "" {
			c.Username = user
		}
		if password != "" {
			c.Password = midas.Secret(password)
		}
	}
	hosts, db, found := strings.Cut(rest, "/")
	c.Addr = hosts
	if found && db != "" {
		n, err := strconv.Atoi(db)
		if err != nil || n < 0 || c.DB != 0 && c.DB != n {
			return errors.New("has another database behind '/' than Redis.DB, or one that is no number; " + form)
		}
		c.DB = n
	}
	return nil
}

// FleetConfig is where the servers of this config meet. It is for a config that is Resolved.
func (c Config) FleetConfig(log *slog.Logger) module.FleetConfig {
	r := c.Redis
	return module.FleetConfig{
		Addr: r.Addr, MasterName: r.MasterName, Cluster: r.Cluster, Username: r.Username, Password: r.Password,
		SentinelUsername: r.SentinelUsername, SentinelPassword: r.SentinelPassword, DB: r.DB, TLS: r.TLS,
		Name: c.AppID + "-" + c.Env, SealSecret: c.AppSecret, Logger: log,
	}
}
