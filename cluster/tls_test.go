package cluster_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/module"
)

// certificates is a folder with a certificate for this machine that signs itself, and its key. Go reads which
// certificates to trust once in a process, so it is made once.
var certificates = sync.OnceValue(func() string {
	folder, err := os.MkdirTemp("", "leafmidas-cluster-")
	if err != nil {
		panic(err)
	}
	return folder
})

func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	cert, key = filepath.Join(certificates(), "cert.pem"), filepath.Join(certificates(), "key.pem")
	if _, err := os.Stat(key); err == nil {
		return cert, key
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "leafmidas test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// rights are those that the README lists.
const rights = "~leafmidas:* &leafmidas:* +ping +hello +client +select +subscribe +unsubscribe +publish " +
	"+zadd +zrem +zrange +expire +get +set +del +eval +evalsha +multi +exec"

// An encrypted connection, and a user who may do what this package needs and no more.
func TestTLSAndACLUsers(t *testing.T) {
	cert, key := certificate(t)
	t.Setenv("SSL_CERT_FILE", cert) // read once, at the first connection by TLS in this process
	users := filepath.Join(t.TempDir(), "users.acl")
	rules := "user default off\nuser game on >secret-password " + rights + "\n"
	if err := os.WriteFile(users, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRedis(t, "--port", "0", "--tls-port", "PORT", "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert,
		"--tls-auth-clients", "no", "--aclfile", users)
	cfg := module.FleetConfig{Addr: r.addr, TLS: true, Username: "game", Password: "secret-password", Name: "tls"}
	a, b := newServer(t, cfg), newServer(t, cfg)
	b.Here("alice")
	meet(t, a, b, "alice")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = newServer(t, cfg)
	b.Here("bob") // she has gone with b, and to take that back needs no further right
	meet(t, a, b, "bob")
	if err := a.Check(t.Context()); err != nil || !a.FleetStats().Up {
		t.Errorf("up: %v, %v: %s", a.FleetStats().Up, err, a.log)
	}
	if err := a.TokenStore().Store(t.Context(), "the-token", time.Now().Add(time.Minute)); err != nil {
		t.Error(err)
	}
	done, err := a.TokenStore().Turn(t.Context())
	if err != nil || done == nil {
		t.Fatalf("no turn: %v", err)
	}
	if again, err := b.TokenStore().Turn(t.Context()); err != nil || again != nil {
		t.Errorf("two have the turn: %v", err)
	}
	done()
	if again, err := b.TokenStore().Turn(t.Context()); err != nil || again == nil {
		t.Errorf("the turn does not end: %v", err)
	}

	for what, change := range map[string]func(*module.FleetConfig){
		"wrong password": func(c *module.FleetConfig) { c.Password = "wrong-password" },
		"in clear":       func(c *module.FleetConfig) { c.TLS = false },
		"nobody":         func(c *module.FleetConfig) { c.Username, c.Password = "", "" },
	} {
		bad := cfg
		change(&bad)
		s := newServer(t, bad)
		if _, _, err := s.TokenStore().Load(t.Context()); err == nil {
			t.Errorf("%s: let in", what)
		} else if strings.Contains(err.Error(), "password\"") || strings.Contains(err.Error(), bad.Password.Reveal()) && bad.Password != "" {
			t.Errorf("%s: the error tells the password: %v", what, err)
		}
		if strings.Contains(s.log.String(), "secret-password") || strings.Contains(s.log.String(), "wrong-password") {
			t.Errorf("%s: the log tells the password: %s", what, s.log)
		}
	}
}
