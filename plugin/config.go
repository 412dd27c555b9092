package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"

	"github.com/leafmidas/leafmidas/midas"
)

// Config is the section "Midas" of a server's JSON config. Keys are the field names; durations are strings ("3s").
// A key that is left out means the standard; a zero that is written is a fault where zero is not allowed.
// A secret is given as text, as "env:NAME" or as "file:PATH"; white space and byte order marks around it are dropped.
//
// Decoding never fails: what is wrong with the text is kept and told by [Plugin.Configure], together with everything
// else that is wrong, key by key.
type Config struct {
	// Protocol is "v1" for games that opened virtual payment before 2022-11-05, "v2" for those that did later. Zero value:
	// "v1".
	Protocol string
	// Env is "sandbox" or "production". Required.
	Env string
	// BaseURL is where Midas is. Zero value: the official host, https://api.weixin.qq.com. Plain http is taken for the
	// sandbox and for this machine only.
	BaseURL string
	// BaseURLs are the domains by which Midas is reached, the preferred one first, in place of BaseURL: after three
	// failures of the line in a row calls go to the next one, and back to the first once it answers. WeChat lists
	// api2.weixin.qq.com, sh.api.weixin.qq.com, sz.api.weixin.qq.com and hk.api.weixin.qq.com beside the official host
	// (midas-protocol.md §3.9, P12: from general knowledge; try them before you rely on them). Zero value: BaseURL alone.
	BaseURLs []string
	// AppID and AppSecret are the mini game's, from the WeChat console. Required.
	AppID     string
	AppSecret midas.Secret
	// OfferID is the id given by Midas. Required.
	OfferID string
	// AppKey and SandboxAppKey are Midas's keys for the two environments. The one of Env is required.
	AppKey, SandboxAppKey midas.Secret
	// MPSig says whether V1's calls carry mp_sig, made with the player's session key (§1.7). Zero value: true.
	MPSig *bool
	// OptionalParams, of V1, is "omit" (user_ip, pay_item and app_remark are not sent) or "sign" (sent and signed). Zero
	// value: "omit".
	OptionalParams string
	// ZoneID is the zone of players that name none. Zero value: "1".
	ZoneID string
	// Platform is pf, the platform the offer was opened for: "android", "ios", "windows", "mac" or "ohos". The payment
	// window is told it on devices of that platform, and nothing on others (§3.9, P3). Zero value: "android".
	Platform string
	// CoinsPerYuan is how many coins one yuan buys. Required.
	CoinsPerYuan int64
	// RechargeTiers are the prices a recharge may have, in yuan. Zero value: the official 29 (midas-protocol.md §3.9, P4).
	RechargeTiers []int64
	// IOSTiers are those of them that an iPhone or iPad has: each must be one of Apple's prices, too. That all 29 are is
	// not documented (§3.9, P4). Zero value: all of RechargeTiers.
	IOSTiers []int64
	// Platforms are those on which coins and goods are sold for money, by name or with the lowest versions that do.
	// Elsewhere players log in, spend and are delivered to. Zero value: those that WeChat names (§3.9, P1 and P2):
	// android, windows, mac, ohos and, in production, ios with iOS 15, WeChat 8.0.68 and base library 3.10.3. Empty: none.
	// In the sandbox ios is left out: Apple has none.
	Platforms []Platform
	// SignedCoins says whether clients get a signature with which they can buy coins (protocol V2; §3.9, P3), so that
	// nobody changes the quantity on the way. A client or device without the signed call pays by the plain one. Zero
	// value: true with protocol V2 where CoinsPerYuan is 10, else false: see SignedCoinPrice.
	SignedCoins *bool
	// SignedCoinPrice is how the signed purchase names the price of a coin: "fen", what one costs in fen, or "rate", how
	// many a yuan buys. The page can be read both ways; at 10 coins a yuan they are one. Zero value: "fen".
	SignedCoinPrice string
	// Items is what players can buy.
	Items []Item
	// TrustedProxies are the addresses, or ranges of them ("10.0.0.0/8"), of proxies that are believed when they say on
	// whose behalf they connect (ClientIP). Zero value: none.
	TrustedProxies []string
	// Login says whether players may log in by MidasLogin. Zero value: false, the host calls Plugin.Login.
	Login bool
	// Timeout bounds one call to Midas. Zero value: 3s.
	Timeout time.Duration
	// MaxInFlight bounds what is under way at once; ten times as much may wait. Zero value: 200.
	MaxInFlight int
	// MaxQueuePerPlayer bounds what one player may have waiting. Zero value: 8.
	MaxQueuePerPlayer int
	// RechargeCenter (protocol V2): MidasBalance.center_balance tells a player's coins in WeChat's recharge centre (充值中心),
	// which the game does not spend. It costs a call at each login, and for each MidasGetBalance. Zero value: they are not
	// asked for.
	RechargeCenter bool
	// Retry is the patience with an order whose outcome is unknown.
	Retry RetryConfig
	// RechargePoll is the waits between looks for coins that were paid for and have not come. Zero value:
	// 10s 10s 15s 15s 30s 30s 1m 1m 1m, and three times 10m.
	RechargePoll []time.Duration
	// RateLimit bounds the messages of one player.
	RateLimit RateLimitConfig
	// LoginLimit bounds the logins by MidasLogin, which anybody may send.
	LoginLimit LoginLimitConfig
	// Breaker says when calls to Midas are held back.
	Breaker BreakerConfig
	// Ledger says where orders are kept.
	Ledger LedgerConfig
	// Redis is where several servers of one game meet. They need a ledger that they can share, "postgres" or "mysql", and
	// an import of package cluster. Zero value: this server is the only one on its ledger.
	Redis RedisConfig
	// Push says where Midas's notifications of protocol V2 come in. Zero value: they are not taken, and what they would
	// tell is found by asking, later.
	Push PushConfig
	// PushKeys are the tokens and keys of further configurations that push to the same address: the console has one for
	// events and one for deliveries (§3.9, P5), and while a token or key is being changed the old one is still in use for
	// a while. Zero value: none.
	PushKeys []PushKeys

	decoded bool            // from a text
	faults  []Fault         // of that text
	zeros   map[string]bool // keys to which that text gives 0, "0s" or the like
}

// Item is something on sale.
type Item struct {
	// ID is what the client sends: 1 to 64 bytes.
	ID string
	// Name goes into Midas's books with OptionalParams "sign". Zero value: ID.
	Name string
	// Price is in coins. Zero value: not sold for coins.
	Price int64
	// Fen is the price in hundredths of a yuan (分) for those who buy it directly with money (protocol V2); ID is then the
	// item's id in Midas's back office, and the price there the same. Zero value: not sold for money.
	Fen int64
	// SoldOut shows the item and sells none. Zero value: it is for sale.
	SoldOut bool
	// Limit is how many one player may buy in all, for coins and money together, in all zones and on all servers. What was
	// given back does not count. Zero value: as many as may be wished.
	Limit int64
}

// PushConfig says where WeChat's notifications come in.
type PushConfig struct {
	// Addr is where to listen, as "127.0.0.1:9400"; a proxy in front of it speaks HTTPS on port 443. Zero value: nowhere,
	// the host serves Plugin.PushHandler itself.
	Addr string
	// Path is the callback address's. Zero value: "/midas/push".
	Path string
	// Token is the one from the WeChat console. Required where pushes are to be taken.
	Token midas.Secret
	// EncodingAESKey is the console's, for secure mode. Zero value: clear mode, in which WeChat signs the time of a push
	// and not what it says. Recommended.
	EncodingAESKey midas.Secret
	// StoreZones are the zones, with commas between them, whose goods of the store page this ledger grants, where several
	// ledgers share the callback address. Zero value: all zones.
	StoreZones string
}

// PushKeys are a further push configuration's token and key.
type PushKeys struct {
	// Token is the one from the WeChat console. Required.
	Token midas.Secret
	// EncodingAESKey is the console's key for secure mode. Zero value: clear mode.
	EncodingAESKey midas.Secret
}

// RetryConfig is the patience with open orders.
type RetryConfig struct {
	// First is the wait before the first repeat; each further one is twice as long, Max at most. Zero values: 1s, 30s.
	First, Max time.Duration
	// GiveUpAfter is how long an outcome may stay unknown before the coins are called back. Zero value: 5m.
	GiveUpAfter time.Duration
	// DeliverTries is how often a delivery that fails is tried before the order is left to an operator. Zero value: 100,
	// which with the waits above takes about 50 minutes.
	DeliverTries int
}

// RateLimitConfig bounds the messages of one player over all connections.
type RateLimitConfig struct {
	// PerSecond is the steady rate. Zero value: 5.
	PerSecond float64
	// Burst is how many may come at once. Zero value: 10.
	Burst int
}

// LoginLimitConfig bounds the logins by MidasLogin. Codes that WeChat takes are bounded by InFlight alone.
type LoginLimitConfig struct {
	// InFlight is how many codes are traded at once; these places are besides MaxInFlight. Zero value: a tenth of
	// MaxInFlight, at least 1.
	InFlight int
	// RefusedPerSecond is how many codes a second WeChat may refuse; while it is more, logins wait. Zero value: 20.
	RefusedPerSecond float64
	// RefusedPerAddress is the same for one client's address, thirty times as many at once. The address is what WithUserIP
	// tells; without it the connection's, unless that is private and so a proxy's. Zero value: 1.
	RefusedPerAddress float64
}

// BreakerConfig says when calls to an endpoint are held back.
type BreakerConfig struct {
	// Window is how far back outcomes count, in Buckets steps. Zero values: 10s, 10.
	Window  time.Duration
	Buckets int
	// MinRequests must have been made in the window before anything is held back. Zero value: 10.
	MinRequests uint32
	// FailureRatio of them must have failed. Zero value: 0.5.
	FailureRatio float64
	// OpenFor is how long calls are then held back. Zero value: 5s.
	OpenFor time.Duration
	// HalfOpenRequests is how many calls try afterwards; all must succeed. Zero value: 3.
	HalfOpenRequests uint32
}

// LedgerConfig says where orders are kept.
type LedgerConfig struct {
	// Driver is "sqlite", "postgres" or "mysql" (also for MariaDB). The driver itself is the host's import. Zero value:
	// "sqlite".
	Driver string
	// DSN is the file's path for sqlite, and what the driver takes for a server. It may be "env:NAME" or "file:PATH",
	// and is never printed. Required.
	DSN midas.Secret
	// MaxConns bounds this server's connections to a database server, 3 to 1000; what finds none free waits. All servers'
	// together should stay below what the database allows. Zero value: 32.
	MaxConns int
	// ConnMaxIdleTime is how long one may lie idle, ConnMaxLifetime how long it is used at all. Zero values: 2m, 30m.
	ConnMaxIdleTime, ConnMaxLifetime time.Duration
}

// Fault is one thing that is wrong with a config.
type Fault struct {
	// Key is where, as "Breaker.Window" or "Items[2].Price".
	Key string
	// What is wrong, and what would be right.
	What string
}

// ConfigError lists everything that is wrong with a config.
type ConfigError struct{ Faults []Fault }

func (e *ConfigError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "leafmidas: %d fault(s) in the config section Midas:", len(e.Faults))
	for _, f := range e.Faults {
		fmt.Fprintf(&b, "\n  %s: %s", f.Key, f.What)
	}
	return b.String()
}

// UnmarshalJSON decodes the section. It keeps what is wrong for Configure instead of failing.
func (c *Config) UnmarshalJSON(text []byte) error {
	*c = Config{decoded: true, zeros: map[string]bool{}}
	numbers := json.NewDecoder(bytes.NewReader(text))
	numbers.UseNumber() // prices must not pass through a float
	var section map[string]any
	if err := numbers.Decode(&section); err != nil {
		c.faults = []Fault{{"Midas", "is not a JSON object"}}
		return nil
	}
	c.look(section, reflect.TypeFor[Config](), "")
	for _, key := range repeated(text) {
		c.faults = append(c.faults, Fault{key, "is there twice; keep one"})
	}
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result:     c,
		MatchName:  func(key, field string) bool { return key == field },
		DecodeHook: mapstructure.DecodeHookFuncType(strict),
	})
	if err != nil {
		return err
	}
	if err := decoder.Decode(section); err != nil {
		c.faults = append(c.faults, decodeFaults(err)...)
	}
	slices.SortFunc(c.faults, func(a, b Fault) int { return strings.Compare(a.Key, b.Key) })
	return nil
}

// strict lets "3s" stand for a duration and nothing else do, and no number stand for a text.
func strict(from, to reflect.Type, value any) (any, error) {
	number := from == reflect.TypeFor[json.Number]()
	switch {
	case to == reflect.TypeFor[time.Duration]():
		text, ok := value.(string)
		if !ok {
			return nil, errors.New(`wants a duration as text, such as "3s"`)
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, errors.New(`is no duration; write one such as "3s" or "500ms"`)
		}
		return d, nil
	case to == reflect.TypeFor[Platform]() && from.Kind() == reflect.String && !number:
		return Platform{Name: value.(string)}, nil
	case number && to.Kind() == reflect.String:
		return nil, errors.New("wants a text, not a number")
	default:
		return value, nil
	}
}

// decodeFaults takes the decoder's tree of errors apart. Values are left out: one might be a secret in the wrong place.
func decodeFaults(err error) []Fault {
	switch e := err.(type) {
	case *mapstructure.DecodeError:
		return []Fault{{e.Name(), decodeFault(e.Unwrap())}}
	case interface{ Unwrap() []error }:
		var all []Fault
		for _, one := range e.Unwrap() {
			all = append(all, decodeFaults(one)...)
		}
		return all
	case interface{ Unwrap() error }:
		return decodeFaults(e.Unwrap())
	default:
		return []Fault{{"Midas", err.Error()}}
	}
}

func decodeFault(err error) string {
	switch e := err.(type) {
	case *mapstructure.UnconvertibleTypeError:
		return "wants " + kindName(e.Expected.Type())
	case *mapstructure.ParseError:
		return "wants " + kindName(e.Expected.Type())
	default:
		switch text := err.Error(); {
		case strings.HasPrefix(text, "expected a map or struct"):
			return "wants an object"
		case strings.HasPrefix(text, "source data must be an array or slice"):
			return "wants a list"
		default:
			return text
		}
	}
}

// kindName says what a field wants in the words of JSON.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool, reflect.Pointer:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		return "an object"
	case reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}
