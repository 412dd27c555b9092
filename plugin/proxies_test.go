package plugin

import (
	"strings"
	"testing"
)

func TestAProxyIsBelievedOnlyIfItIsNamed(t *testing.T) {
	c, err := resolve(t, with(t, "TrustedProxies", `["10.0.0.0/8","2001:db8::1"]`))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ remote, forwarded, want string }{
		"no proxy":                       {"203.0.113.7:4711", "", "203.0.113.7"},
		"a client that says it is one":   {"203.0.113.7:4711", "198.51.100.1", "203.0.113.7"},
		"a proxy":                        {"10.1.2.3:80", "203.0.113.7", "203.0.113.7"},
		"a proxy behind another":         {"10.1.2.3:80", "203.0.113.7, 10.9.9.9", "203.0.113.7"},
		"what the client said before it": {"10.1.2.3:80", "198.51.100.1, 203.0.113.7, 10.9.9.9", "203.0.113.7"},
		"a proxy that says nothing":      {"10.1.2.3:80", "", "10.1.2.3"},
		"a proxy that says nonsense":     {"10.1.2.3:80", "unknown", "10.1.2.3"},
		"nonsense further on":            {"10.1.2.3:80", "<script>, 203.0.113.7", "203.0.113.7"},
		"IPv6":                           {"[2001:db8::1]:80", "2001:db8::77", "2001:db8::77"},
		"IPv4 written as IPv6":           {"[::ffff:10.1.2.3]:80", "::ffff:203.0.113.7", "203.0.113.7"},
		"with the zone of an interface":  {"[fe80::1%eth0]:80", "203.0.113.7", "fe80::1"},
		"no address":                     {"pipe", "203.0.113.7", ""},
	} {
		if got := c.ClientIP(tc.remote, tc.forwarded); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	for text, want := range map[string]string{
		`["10.0.0.1/8"]`: "no range of addresses", `["proxy.example.com"]`: "is no address", `["10.0.0.0/99"]`: "no range", `["fe80::1%eth0"]`: "is no address",
	} {
		if _, err := resolve(t, with(t, "TrustedProxies", text)); err == nil || !strings.Contains(err.Error(), "TrustedProxies[0]: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
