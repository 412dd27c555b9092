package plugin

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// idForm is what ids in a config may look like: they travel in signed requests and in messages.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

const (
	sandbox    = "sandbox"
	production = "production"
	sign       = "sign"
	sqlite     = "sqlite"
	protocolV2 = "v2"
)

// Resolved returns the config with defaults in place and secrets read, or a *ConfigError with everything that is wrong.
// A server need not call it: Configure does.
func (c Config) Resolved() (Config, error) {
	if !c.decoded && reflect.ValueOf(c).IsZero() {
		return c, &ConfigError{[]Fault{{"Midas", `is missing: the config has no section "Midas", or it was not read into the Config that was given`}}}
	}
	faults := slices.Clone(c.faults)
	fault := func(key, format string, args ...any) {
		// What the text already got wrong need not be told twice ("missing").
		if !slices.ContainsFunc(c.faults, func(f Fault) bool { return f.Key == key || strings.HasPrefix(key, f.Key+".") }) {
			faults = append(faults, Fault{key, fmt.Sprintf(format, args...)})
		}
	}

	oneOf := func(key string, field *string, standard string, allowed ...string) {
		if *field == "" {
			*field = standard
		}
		if !slices.Contains(allowed, *field) {
			fault(key, "%q is none of %s%s", *field, strings.Join(allowed, ", "), didYouMean(*field, allowed))
		}
	}
	oneOf("Protocol", &c.Protocol, "v1", "v1", protocolV2)
	oneOf("OptionalParams", &c.OptionalParams, "omit", "omit", sign)
	if c.Env == "" {
		fault("Env", "is missing: %q or %q", sandbox, production)
	} else {
		oneOf("Env", &c.Env, "", sandbox, production)
	}

	required := func(key, value string) {
		switch {
		case value == "":
			fault(key, "is missing")
		case !idForm.MatchString(value):
			fault(key, "has other characters than letters, digits, '-' and '_', or more than 64")
		}
	}
	required("AppID", c.AppID)
	required("OfferID", c.OfferID)
	secret := func(key string, field *midas.Secret, needed bool) {
		text, err := readSecret(field.Reveal())
		*field = midas.Secret(text)
		switch {
		case err != nil:
			fault(key, "%v", err)
		case needed && text == "":
			fault(key, "is missing")
		}
	}
	secret("AppSecret", &c.AppSecret, true)
	secret("AppKey", &c.AppKey, c.Env == production)
	secret("SandboxAppKey", &c.SandboxAppKey, c.Env == sandbox)

	if len(c.BaseURLs) > 0 && c.BaseURL == "" {
		c.BaseURL = c.BaseURLs[0]
	}
	if c.BaseURLs != nil && (len(c.BaseURLs) == 0 || strings.TrimRight(c.BaseURLs[0], "/") != strings.TrimRight(c.BaseURL, "/")) {
		fault("BaseURLs", "does not begin with BaseURL; leave that out, or name it first")
	}
	for i, base := range c.BaseURLs {
		if what := checkBaseURL(base, c.Env); what != "" {
			fault(fmt.Sprintf("BaseURLs[%d]", i), "%s", what)
		} else if slices.Contains(c.BaseURLs[:i], base) {
			fault(fmt.Sprintf("BaseURLs[%d]", i), "is there twice; keep one")
		}
	}
	if c.BaseURL != "" {
		if what := checkBaseURL(c.BaseURL, c.Env); what != "" {
			fault("BaseURL", "%s", what)
		}
	}
	setDefault(&c.ZoneID, "1")
	required("ZoneID", c.ZoneID)
	setDefault(&c.Platform, "android")
	if what := checkPlatform(c.Platform); what != "" && idForm.MatchString(c.Platform) {
		fault("Platform", "%s", what)
	} else {
		required("Platform", c.Platform)
	}
	setDefault(&c.MPSig, new(true))

	if c.CoinsPerYuan < 1 || c.CoinsPerYuan > 1_000_000 {
		fault("CoinsPerYuan", "is %d; a yuan buys 1 to 1000000 coins", c.CoinsPerYuan)
	}
	if c.RechargeTiers != nil && len(c.RechargeTiers) == 0 {
		fault("RechargeTiers", "is empty, so nobody could buy coins; leave it out for the official prices")
	}
	for i, yuan := range c.RechargeTiers {
		if yuan < 1 || yuan > 1_000_000 {
			fault(fmt.Sprintf("RechargeTiers[%d]", i), "is %d; a tier is 1 to 1000000 yuan", yuan)
		}
	}
	c.resolveSelling(fault)
	c.resolveProxies(fault)
	c.Items = c.checkItems(c.Items, fault)

	bounded(c.zeros, fault, "Timeout", &c.Timeout, 3*time.Second, 100*time.Millisecond, time.Minute)
	bounded(c.zeros, fault, "MaxInFlight", &c.MaxInFlight, 200, 1, 10_000)
	bounded(c.zeros, fault, "MaxQueuePerPlayer", &c.MaxQueuePerPlayer, 8, 1, 1000)
	bounded(c.zeros, fault, "Retry.First", &c.Retry.First, time.Second, 10*time.Millisecond, time.Hour)
	bounded(c.zeros, fault, "Retry.Max", &c.Retry.Max, max(30*time.Second, c.Retry.First), c.Retry.First, time.Hour)
	bounded(c.zeros, fault, "Retry.GiveUpAfter", &c.Retry.GiveUpAfter, 5*time.Minute, c.Retry.First, 24*time.Hour)
	bounded(c.zeros, fault, "RateLimit.PerSecond", &c.RateLimit.PerSecond, 5, 0.01, 1000)
	bounded(c.zeros, fault, "RateLimit.Burst", &c.RateLimit.Burst, 10, 1, 1000)
	bounded(c.zeros, fault, "LoginLimit.InFlight", &c.LoginLimit.InFlight, max(1, c.MaxInFlight/10), 1, 1000)
	bounded(c.zeros, fault, "LoginLimit.RefusedPerSecond", &c.LoginLimit.RefusedPerSecond, 20, 0.1, 10_000)
	bounded(c.zeros, fault, "LoginLimit.RefusedPerAddress", &c.LoginLimit.RefusedPerAddress, 1, 0.01, 10_000)
	bounded(c.zeros, fault, "Breaker.Window", &c.Breaker.Window, 10*time.Second, 100*time.Millisecond, time.Hour)
	bounded(c.zeros, fault, "Breaker.Buckets", &c.Breaker.Buckets, 10, 1, 1000)
	bounded(c.zeros, fault, "Breaker.MinRequests", &c.Breaker.MinRequests, 10, 1, 1_000_000)
	bounded(c.zeros, fault, "Breaker.FailureRatio", &c.Breaker.FailureRatio, 0.5, 0.01, 1)
	bounded(c.zeros, fault, "Breaker.OpenFor", &c.Breaker.OpenFor, 5*time.Second, 10*time.Millisecond, time.Hour)
	bounded(c.zeros, fault, "Breaker.HalfOpenRequests", &c.Breaker.HalfOpenRequests, 3, 1, 1000)
	if c.RechargePoll == nil {
		c.RechargePoll = standardPoll
	}
	if len(c.RechargePoll) == 0 {
		fault("RechargePoll", "is empty, so nobody would look for coins that were paid for; leave it out for the standard")
	}
	for i, d := range c.RechargePoll {
		if d < 10*time.Millisecond || d > 24*time.Hour {
			fault(fmt.Sprintf("RechargePoll[%d]", i), "is %s; a wait is 10ms to 24h", d)
		}
	}

	bounded(c.zeros, fault, "Retry.DeliverTries", &c.Retry.DeliverTries, 100, 1, 1_000_000)
	oneOf("Ledger.Driver", &c.Ledger.Driver, sqlite, sqlite, "postgres", "mysql")
	switch {
	case c.Ledger.DSN == "" && c.Ledger.Driver == sqlite:
		fault("Ledger.DSN", "is missing: the path of the file that keeps the orders")
	case c.Ledger.DSN == "":
		fault("Ledger.DSN", "is missing: where the database is, as its driver takes it")
	default:
		c.resolveLedger(fault, secret)
	}

	if c.Ledger.Driver == sqlite {
		for key, given := range map[string]bool{
			"MaxConns": c.Ledger.MaxConns != 0, "ConnMaxIdleTime": c.Ledger.ConnMaxIdleTime != 0, "ConnMaxLifetime": c.Ledger.ConnMaxLifetime != 0,
		} {
			if given || c.zeros["Ledger."+key] {
				fault("Ledger."+key, `is for a database server; with Ledger.Driver "sqlite" leave it out`)
			}
		}
	} else {
		bounded(c.zeros, fault, "Ledger.MaxConns", &c.Ledger.MaxConns, 32, 3, 1000)
		bounded(c.zeros, fault, "Ledger.ConnMaxIdleTime", &c.Ledger.ConnMaxIdleTime, 2*time.Minute, time.Second, 24*time.Hour)
		bounded(c.zeros, fault, "Ledger.ConnMaxLifetime", &c.Ledger.ConnMaxLifetime, 30*time.Minute, 10*time.Second, 24*time.Hour)
	}

	c.resolvePush(fault, secret)
	c.resolveRedis(fault, secret)

	if len(faults) > 0 {
		return c, &ConfigError{faults}
	}
	c.decoded, c.faults, c.zeros = false, nil, nil // of a text, which this is no more
	return c, nil
}

// resolveLedger reads where the ledger is. Of SQLite, "file:" before the path of a ledger that is there is left out:
// SQLite writes paths so, and so did hosts of earlier versions. Any other file has the path in it, as with every
// secret.
func (c *Config) resolveLedger(fault func(string, string, ...any), secret func(string, *midas.Secret, bool)) {
	path, uri := strings.CutPrefix(c.Ledger.DSN.Reveal(), "file:")
	if c.Ledger.Driver != sqlite || !uri || !isLedger(path) {
		secret("Ledger.DSN", &c.Ledger.DSN, true)
	}
	if c.Ledger.Driver != sqlite || c.Ledger.DSN == "" {
		return
	}
	if _, err := ledger.CheckPath(c.Ledger.DSN.Reveal()); err != nil {
		fault("Ledger.DSN", "%v", err)
	}
}

// File is the absolute path of SQLite's file; "" where the driver is another, or the DSN is at fault.
func (l LedgerConfig) File() string {
	c := Config{Ledger: l}
	setDefault(&c.Ledger.Driver, sqlite)
	if c.Ledger.Driver != sqlite || c.Ledger.DSN == "" {
		return ""
	}
	bad := false
	fault := func(string, string, ...any) { bad = true }
	c.resolveLedger(fault, func(_ string, field *midas.Secret, _ bool) {
		text, err := readSecret(field.Reveal())
		*field, bad = midas.Secret(text), bad || err != nil
	})
	if path, err := ledger.CheckPath(c.Ledger.DSN.Reveal()); err == nil && !bad {
		return path
	}
	return ""
}

// isLedger tells whether a file is SQLite's, by its size alone: it may be open in this process, where reading it would
// end SQLite's locks. The smallest has 512 bytes, and no path is as long that anybody keeps in a file.
func isLedger(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Size() >= 512
}

// resolvePush checks the section Push.
func (c *Config) resolvePush(fault func(string, string, ...any), secret func(string, *midas.Secret, bool)) {
	if c.Push == (PushConfig{}) {
		if c.PushKeys != nil {
			fault("PushKeys", "are beside those of Push, which is not there")
		}
		return
	}
	if c.Protocol != protocolV2 {
		fault("Push", "only protocol v2 has pushes")
	}
	secret("Push.Token", &c.Push.Token, true)
	secret("Push.EncodingAESKey", &c.Push.EncodingAESKey, false)
	if key := c.Push.EncodingAESKey.Reveal(); key != "" {
		if raw, err := base64.StdEncoding.DecodeString(key + "="); err != nil || len(raw) != 32 {
			fault("Push.EncodingAESKey", "is not the 43 letters and digits that the console gives")
		}
	}
	c.PushKeys = slices.Clone(c.PushKeys)
	for i := range c.PushKeys {
		keys := &c.PushKeys[i]
		at := fmt.Sprintf("PushKeys[%d]", i)
		secret(at+".Token", &keys.Token, true)
		secret(at+".EncodingAESKey", &keys.EncodingAESKey, false)
		if key := keys.EncodingAESKey.Reveal(); key != "" {
			if raw, err := base64.StdEncoding.DecodeString(key + "="); err != nil || len(raw) != 32 {
				fault(at+".EncodingAESKey", "is not the 43 letters and digits that the console gives")
			}
		}
	}
	setDefault(&c.Push.Path, "/midas/push")
	if !strings.HasPrefix(c.Push.Path, "/") || strings.ContainsAny(c.Push.Path, "{} ?#") {
		fault("Push.Path", `%q is not the path of an address, as "/midas/push"`, c.Push.Path)
	}
	for _, zone := range c.Push.storeZones() {
		if !idForm.MatchString(zone) {
			fault("Push.StoreZones", `%q is not of the form "1,2": zones with commas between them`, c.Push.StoreZones)
			break
		}
	}
	if c.Push.Addr != "" {
		if _, _, err := net.SplitHostPort(c.Push.Addr); err != nil {
			fault("Push.Addr", "%q is not of the form host:port", c.Push.Addr)
		}
	}
}

// standardPoll looks from 10 s on, often for five minutes, and then seldom for half an hour (§3.9, P11).
var standardPoll = []time.Duration{
	10 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second, 30 * time.Second, 30 * time.Second, time.Minute, time.Minute,
	time.Minute, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute,
}

func setDefault[T comparable](field *T, standard T) {
	var zero T
	if *field == zero {
		*field = standard
	}
}

// bounded puts a default in place and checks the rest. A zero that was written is not taken for the default.
func bounded[T int | uint32 | float64 | time.Duration](zeros map[string]bool, fault func(string, string, ...any), key string, field *T, standard, low, high T) {
	if zeros[key] && *field == 0 {
		fault(key, "is %v; allowed is %v to %v. Leave it out for %v", *field, low, high, standard)
	}
	setDefault(field, standard)
	if within := *field >= low && *field <= high; !within { // so written, NaN is not within either
		fault(key, "is %v; allowed is %v to %v", *field, low, high)
	}
}

func checkBaseURL(base, env string) string {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil {
		return "is not of the form https://host or https://host:port"
	}
	switch u.Scheme {
	case "https":
		return ""
	case "http":
		ip := net.ParseIP(u.Hostname())
		if env == sandbox || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return ""
		}
		return "is plain http: secrets would travel in the clear; use https"
	default:
		return "is neither https nor http"
	}
}

// storeZones are the zones of StoreZones.
func (c PushConfig) storeZones() []string {
	if c.StoreZones == "" {
		return nil
	}
	return strings.Split(c.StoreZones, ",")
}
