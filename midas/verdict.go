package midas

import "errors"

// Verdict says what a finished call means for the coins, and so what may be done next. It is the one place
// where "is it safe to try again" is decided.
type Verdict int

// The verdicts. Only VerdictUnknown leaves open whether coins moved.
const (
	// VerdictUnknown: Midas may or may not have done it (timeout, cut, HTTP 5xx, no JSON, −1, a code nobody
	// documented). Send the same bill number again until the answer is another one, or cancel it.
	VerdictUnknown Verdict = iota
	// VerdictDone: Midas has done it now.
	VerdictDone
	// VerdictAlready: an earlier call with this bill number did it (90012).
	VerdictAlready
	// VerdictLater: this call did nothing and nothing is wrong with it (never sent, dead token, rate limit).
	// The same call may be sent later.
	VerdictLater
	// VerdictLogin: this call did nothing because the player's session is no longer good. The same bill number
	// may be sent after the player has logged in again.
	VerdictLogin
	// VerdictRefused: this call did nothing and repeating it as it is will not help.
	VerdictRefused
)

// String names the verdict.
func (v Verdict) String() string {
	switch v {
	case VerdictDone:
		return "done"
	case VerdictAlready:
		return "already done"
	case VerdictLater:
		return "not done, try later"
	case VerdictLogin:
		return "not done, log in again"
	case VerdictRefused:
		return "refused"
	default:
		return "unknown"
	}
}

// VerdictOf classifies the error of a call; nil is VerdictDone. An error that does not say (it has no method
// Verdict() Verdict anywhere in its chain) is VerdictUnknown: the cautious reading.
func VerdictOf(err error) Verdict {
	if err == nil {
		return VerdictDone
	}
	var v interface{ Verdict() Verdict }
	if errors.As(err, &v) {
		return v.Verdict()
	}
	return VerdictUnknown
}
