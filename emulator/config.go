package emulator

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// The mini game the emulator plays when a Config names none. They are no secrets: every copy has them.
const (
	DefaultAppID         = "wx0123456789abcdef"
	DefaultAppSecret     = "emulatorAppSecret000000000000000"
	DefaultOfferID       = "1450000001"
	DefaultAppKey        = "emulatorProductionAppKey00000000"
	DefaultSandboxAppKey = "emulatorSandboxAppKey00000000000"
	DefaultPushToken     = "emulatorPushToken"
)

// MaxCoins bounds what one account may ever receive: 2^53-1, the largest integer a JavaScript client holds exactly.
const MaxCoins int64 = 1<<53 - 1

// Env is one of the two separate worlds of Midas. V1 tells them apart by path, and each has its own AppKey (§1.7).
type Env string

// The environments.
const (
	Production Env = "production"
	Sandbox    Env = "sandbox"
)

// Config says which mini game to play and, where the sources contradict each other or changed with time (§6, §7),
// which Midas to be. The zero value is the Midas of the 2018 documentation.
type Config struct {
	// AppID, AppSecret, OfferID, AppKey (production) and SandboxAppKey are what a client has to present or sign
	// with. Empty: DefaultAppID and so on.
	AppID, AppSecret, OfferID, AppKey, SandboxAppKey string

	// MPSigIgnored is the era after 2020: mp_sig is neither required nor looked at. False: required (§1.2).
	MPSigIgnored bool
	// SessionOptional lets a player pay who is not logged in; it needs MPSigIgnored. False: 90010, which later
	// documents go on listing without saying how it still arises (§2.1).
	SessionOptional bool
	// StaleKeyAsBadSig answers 90009 to an mp_sig made with a session key that a later login or a reset has
	// replaced. False: 90010, so that the client learns that a new login helps (§6 item 9).
	StaleKeyAsBadSig bool
	// OptionalUnsigned leaves user_ip, pay_item and app_remark out of both signatures, as two field reports have
	// it. False: they are signed when sent (§1.7).
	OptionalUnsigned bool
	// URLEncodedValues signs values in query-escaped form. False: raw (§1.7).
	URLEncodedValues bool
	// Precedence is the order of the checks. It has to name each Check once. Nil: the order of §1.8.
	Precedence []Check
	// ClockSkew is how far ts may be from the emulator's clock, in either direction, before it is answered 90018.
	// 0: not checked; no tolerance was ever published (§1.2).
	ClockSkew time.Duration
	// LenientTypes accepts a number for a text and a quoted number for a number. False: 90018.
	LenientTypes bool
	// NarrowBillNo allows only letters, digits, '_' and '-' in bill_no, as pages from September 2018 on show.
	// False: also '|', '*' and '@' (§1.4).
	NarrowBillNo bool

	// ErrorSuffix is what follows the text of an error. Zero: SuffixHint.
	ErrorSuffix Suffix
	// InsufficientAsSystemError answers -1 with a text where the balance is too small, as in May 2018. False: 90013.
	InsufficientAsSystemError bool
	// UsedGenAmt names the present coins used in a deduction used_gen_amt, as from 2019. False: used_gen_balance.
	UsedGenAmt bool
	// FirstSaveAsNumber writes first_save as 1 (no recharge yet) or 2. False: true or false (§1.3).
	FirstSaveAsNumber bool
	// LoginErrcode puts errcode 0 into a successful login. False: left out (§4.1).
	LoginErrcode bool

	// PaidCoinsFirst spends paid coins before present ones. False: presents first.
	PaidCoinsFirst bool
	// CostSumKept leaves cost_sum as it is on a cancellation. False: it falls back.
	CostSumKept bool
	// CancelWindow is how long a deduction can be cancelled; 90014 afterwards. 0: 48 h.
	CancelWindow time.Duration
	// BillMemory is how long a bill number is valid. 0: 48 h (§1.4). It matters only with ForgetBills.
	BillMemory time.Duration
	// ForgetBills takes a bill number for a new one once BillMemory has passed: paying with it deducts again, and
	// cancelling it answers 90000. False: it stays 90012 for ever.
	ForgetBills bool

	// AutoCodes accepts login codes of the form auto-<name>-<anything>: each logs in OpenIDOf(name), once.
	// False: only codes from Code.
	AutoCodes bool
	// KeepSession lets a login return the session key that is still alive. False: each login makes a new key and
	// kills the old (§4.3).
	KeepSession bool
	// SessionLife is how long a session key lives after its login. 0: 72 h; the real one is unpublished.
	SessionLife time.Duration

	// CoinsPerYuan is how many coins one yuan buys. 0: 10. A purchase has to come to one of the price tiers (§1.1).
	CoinsPerYuan int64
	// CoinPriceIsRate takes goodsPrice of a signed purchase of coins for the coins that a yuan buys. False: for the fen
	// that one costs (§3.9, P3).
	CoinPriceIsRate bool
	// Goods is what can be bought with money, by product id, at the price of one in fen. Nil: every product, at any price.
	Goods map[string]int64
	// Push says where the pushes of protocol V2 go; PushTo changes it. Zero value: nothing is pushed.
	Push PushConfig

	// Seed drives faults and the suffixes of errors. The same seed and order of requests give the same run.
	Seed uint64
	// Latency is how long every answer takes. 0: none.
	Latency time.Duration
	// Now is the clock that Advance moves on from. Nil: time.Now.
	Now func() time.Time
	// StatePath is a file that keeps accounts, bills, trades, pushes, logins, tokens and the clock across restarts. It is
	// written (a new file, renamed over the old) before any answer that depends on it, so that killing the emulator loses
	// nothing it told; calls that come together share one write. Each write holds the whole state, which suits development
	// and tests, not benchmarks. It contains session keys and is readable by its owner only. One emulator at a time.
	// Empty: nothing is kept.
	StatePath string
	// Logger hears of every call: API, environment, openid, bill number, answer and fault, never a key or token.
	// On 90011 it gets the text that was to be signed, with the key masked. Nil: silent.
	Logger *slog.Logger
}

// Check is one step of looking at a request, for Config.Precedence.
type Check string

// The checks, in the order deduced in §1.8.
const (
	CheckToken    Check = "token"    // 41001, 40001, 40014, 42001
	CheckPresence Check = "presence" // 40101
	CheckSession  Check = "session"  // 90010
	CheckMPSig    Check = "mp_sig"   // 90009
	CheckSig      Check = "sig"      // 90011
	CheckValues   Check = "values"   // 90018
)

var documentedPrecedence = []Check{CheckToken, CheckPresence, CheckSession, CheckMPSig, CheckSig, CheckValues}

// Suffix is the kind of text that follows an error's own (§1.8). Clients must not parse it.
type Suffix int

// The suffixes.
const (
	SuffixHint   Suffix = iota // " hint: [token]", 2018 to mid-2020
	SuffixRID                  // " rid: xxxxxxxx-xxxxxxxx-xxxxxxxx", afterwards
	SuffixFuzzed               // anything at all, quotes and control characters included
	SuffixNone
)

// complete fills in the documented zero values and refuses what cannot be meant.
func (c *Config) complete() error {
	orText := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	orText(&c.AppID, DefaultAppID)
	orText(&c.AppSecret, DefaultAppSecret)
	orText(&c.OfferID, DefaultOfferID)
	orText(&c.AppKey, DefaultAppKey)
	orText(&c.SandboxAppKey, DefaultSandboxAppKey)

	for _, d := range []struct {
		name  string
		field *time.Duration
		zero  time.Duration
	}{
		{"CancelWindow", &c.CancelWindow, 48 * time.Hour},
		{"BillMemory", &c.BillMemory, 48 * time.Hour},
		{"SessionLife", &c.SessionLife, 72 * time.Hour},
		{"ClockSkew", &c.ClockSkew, 0},
		{"Latency", &c.Latency, 0},
	} {
		if *d.field < 0 {
			return fmt.Errorf("emulator: Config.%s is negative: %v", d.name, *d.field)
		}
		if *d.field == 0 {
			*d.field = d.zero
		}
	}

	if c.Precedence == nil {
		c.Precedence = documentedPrecedence
	}
	if !slices.Equal(slices.Sorted(slices.Values(c.Precedence)), slices.Sorted(slices.Values(documentedPrecedence))) {
		return fmt.Errorf("emulator: Config.Precedence must name each check once, got %q", c.Precedence)
	}
	if c.CoinsPerYuan < 0 {
		return fmt.Errorf("emulator: Config.CoinsPerYuan is negative: %d", c.CoinsPerYuan)
	}
	c.CoinsPerYuan = cmp.Or(c.CoinsPerYuan, 10)
	c.Goods = maps.Clone(c.Goods)
	for product, fen := range c.Goods {
		if product == "" || fen <= 0 {
			return fmt.Errorf("emulator: Config.Goods sells %q for %d fen", product, fen)
		}
	}
	if c.ErrorSuffix < SuffixHint || c.ErrorSuffix > SuffixNone {
		return fmt.Errorf("emulator: Config.ErrorSuffix %d is unknown", c.ErrorSuffix)
	}
	if c.SessionOptional && !c.MPSigIgnored {
		return fmt.Errorf("emulator: Config.SessionOptional needs MPSigIgnored: mp_sig is signed with the session key")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}
