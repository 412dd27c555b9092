package midas

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Param is one signed parameter of a V1 call. Values are signed as they are sent, not URL-encoded (§1.7).
type Param struct{ Key, Value string }

// SigV1 makes `sig` (§1.7) over every parameter of the body but sig, mp_sig and access_token. path is the URL path really
// called, /cgi-bin/midas/… or /cgi-bin/midas/sandbox/…, and appKey that environment's. params need not be sorted.
func SigV1(params []Param, path string, appKey Secret) string {
	return hexHMAC(TextV1(params, path, "secret", appKey), appKey)
}

// MPSigV1 makes `mp_sig` (§1.7) over the same parameters and access_token and sig.
func MPSigV1(params []Param, path string, sessionKey Secret) string {
	return hexHMAC(TextV1(params, path, "session_key", sessionKey), sessionKey)
}

// TextV1 is the text that a V1 signature signs: the parameters by ascending key, where the call goes, and the secret
// itself under the name secretName. It holds the secret: show it to nobody but the operator who asked.
func TextV1(params []Param, path, secretName string, secret Secret) []byte {
	if !slices.IsSortedFunc(params, byKey) {
		params = slices.Clone(params)
		slices.SortFunc(params, byKey)
	}
	size := len("org_loc=&method=POST&=") + len(path) + len(secretName) + len(secret)
	for _, p := range params {
		size += len(p.Key) + len(p.Value) + 2
	}
	text := make([]byte, 0, size)
	for _, p := range params {
		text = append(text, p.Key...)
		text = append(text, '=')
		text = append(text, p.Value...)
		text = append(text, '&')
	}
	text = append(text, "org_loc="...)
	text = append(text, path...)
	text = append(text, "&method=POST&"...)
	text = append(text, secretName...)
	text = append(text, '=')
	return append(text, secret...)
}

func byKey(a, b Param) int { return strings.Compare(a.Key, b.Key) }

func hexHMAC(text []byte, key Secret) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(text)
	var sum [sha256.Size]byte
	return hex.EncodeToString(mac.Sum(sum[:0]))
}

// PaySigV2 makes `pay_sig` (§3.3) over the exact bytes of a body. path is the URL path, /wxa/game/…, and appKey that of the
// environment named in the body.
func PaySigV2(path string, body []byte, appKey Secret) string {
	text := make([]byte, 0, len(path)+1+len(body))
	text = append(text, path...)
	text = append(text, '&')
	return hexHMAC(append(text, body...), appKey)
}

// SignatureV2 makes `signature` (§3.3), the player's, over the exact bytes of a body.
func SignatureV2(body []byte, sessionKey Secret) string { return hexHMAC(body, sessionKey) }
