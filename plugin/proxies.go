package plugin

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/leafmidas/leafmidas/payment"
)

// prefix reads an address or a range of them, as "10.0.0.0/8".
func prefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil || p != p.Masked() {
			return netip.Prefix{}, fmt.Errorf(`%q is no range of addresses; write one such as "10.0.0.0/8"`, text)
		}
		return p, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf(`%q is no address; write one such as "10.0.0.7"`, text)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// resolveProxies checks which proxies are believed.
func (c *Config) resolveProxies(fault func(string, string, ...any)) {
	for i, text := range c.TrustedProxies {
		if _, err := prefix(text); err != nil {
			fault(fmt.Sprintf("TrustedProxies[%d]", i), "%v", err)
		}
	}
}

// ClientIP tells a player's address where proxies stand between: remote is whose connection it is (RemoteAddr),
// forwardedFor the header X-Forwarded-For as it came, several with commas between them. What a proxy says is believed
// if Config.TrustedProxies names it, and no further: a client may send such a header itself. It is for a host whose own
// gate sees headers, for WithUserIP or Login; Leaf's gate shows none. Empty: remote is no address.
func (c Config) ClientIP(remote, forwardedFor string) string {
	client := payment.Address(remote)
	said := strings.Split(forwardedFor, ",")
	for i := len(said) - 1; i >= 0 && c.trusts(client); i-- {
		next := payment.Address(said[i])
		if next == "" {
			break
		}
		client = next
	}
	return client
}

func (c Config) trusts(address string) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, text := range c.TrustedProxies {
		if p, err := prefix(text); err == nil && p.Contains(a) {
			return true
		}
	}
	return false
}
