package emulator

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The codes of WeChat that the emulator answers of itself (§1.2-1.6, §1.8, §4). Scripted faults may answer any.
const (
	codeOK            = 0
	codeSystem        = -1
	codeTokenReplaced = 40001 // also a wrong app secret
	codeBadGrant      = 40002
	codeBadAppID      = 40013
	codeTokenUnknown  = 40014
	codeBadLogin      = 40029
	codeBadArgs       = 40097
	codeMissing       = 40101
	codeTokenMissing  = 41001
	codeAppIDMissing  = 41002
	codeTokenExpired  = 42001
	codePostRequired  = 43002
	codeEmptyBody     = 44002
	codeDailyQuota    = 45009
	codeMinuteQuota   = 45011
	codeNoSessionKey  = 87007
	codeBadSigMethod  = 87008
	codeBadSessionSig = 87009
	codeNoOrder       = 90000
	codeBadMPSig      = 90009
	codeNoSession     = 90010
	codeBadSig        = 90011
	codeExists        = 90012
	codeInsufficient  = 90013
	codeConfirmed     = 90014
	codeCancelled     = 90015
	codeProcessing    = 90016
	codeNoPrivilege   = 90017
	codeInvalid       = 90018

	// In protocol V2 (§3.2).
	codeBadSignatureV2   = 90010
	codeSessionExpiredV2 = 90016
	codeNoTrade          = 90019
)

var texts = map[int]string{
	codeSystem:        "system error",
	codeTokenReplaced: "invalid credential, access_token is invalid or not latest",
	codeBadGrant:      "invalid grant_type",
	codeBadAppID:      "invalid appid",
	codeTokenUnknown:  "invalid access_token",
	codeBadLogin:      "invalid code",
	codeBadArgs:       "invalid args",
	codeTokenMissing:  "access_token missing",
	codeAppIDMissing:  "appid missing",
	codeTokenExpired:  "access_token expired",
	codePostRequired:  "require POST method",
	codeEmptyBody:     "empty post data",
	codeDailyQuota:    "reach max api daily quota limit",
	codeMinuteQuota:   "api minute-quota reach limit",
	codeNoSessionKey:  "session_key is not existed or expired",
	codeBadSigMethod:  "invalid sig_method",
	codeBadSessionSig: "invalid signature",
	codeNoOrder:       "order not exist",
	codeBadMPSig:      "mp_sig error",
	codeNoSession:     "no session",
	codeBadSig:        "sig error",
	codeExists:        "order exist",
	codeInsufficient:  "balance not enough",
	codeConfirmed:     "order has been confirmed",
	codeCancelled:     "order has been canceled",
	codeProcessing:    "order is being processed",
	codeNoPrivilege:   "no privilege",
	codeInvalid:       "invalid parameter",
	codeNoTrade:       "out_trade_no not found",
}

// answer is the JSON object of a reply.
type answer map[string]any

// succeed adds what every success of a business call carries.
func succeed(a answer) answer {
	if a == nil {
		a = answer{}
	}
	a["errcode"], a["errmsg"] = codeOK, "ok"
	return a
}

// code is the errcode of the answer; leaving it out means success.
func (a answer) code() int {
	code, _ := a["errcode"].(int)
	return code
}

// fail is the answer for a code with its usual text.
func (s *Server) fail(code int) answer {
	msg, ok := texts[code]
	if !ok {
		msg = "error"
	}
	return s.failText(code, msg)
}

// failText is the answer for a code with a text of its own. Its suffix depends on the era.
func (s *Server) failText(code int, msg string) answer {
	return answer{"errcode": code, "errmsg": msg + suffix(s.cfg.ErrorSuffix, s.noise)}
}

func suffix(kind Suffix, r *rand.Rand) string {
	switch kind {
	case SuffixHint:
		return fmt.Sprintf(" hint: [%08x]", r.Uint32())
	case SuffixRID:
		return fmt.Sprintf(" rid: %08x-%08x-%08x", r.Uint32(), r.Uint32(), r.Uint32())
	case SuffixFuzzed:
		var b strings.Builder
		for range r.IntN(200) {
			b.WriteRune(rune(r.IntN(0x3000)))
		}
		return b.String()
	}
	return ""
}
