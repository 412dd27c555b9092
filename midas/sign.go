package midas

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Param is one signed parameter of a V1 call. Values are signed as they are sent, not URL-encoded (§1.7).
type Param struct{ Key, Value string }

// SigV1 makes `sig` (§1.7) over every parameter of the body but sig, mp_sig and access_token. path is the URL path
// really called, /cgi-bin/midas/… or /cgi-bin/midas/sandbox/…, and appKey that environment's. params need not be
// sorted.
func SigV1(params []Param, path string, appKey Secret) string {
	var room [roomSize]byte
	return hexHMAC(appendTextV1(room[:sha256.BlockSize], params, path, "secret", appKey), appKey)
}

// MPSigV1 makes `mp_sig` (§1.7) over the same parameters and access_token and sig.
func MPSigV1(params []Param, path string, sessionKey Secret) string {
	var room [roomSize]byte
	return hexHMAC(appendTextV1(room[:sha256.BlockSize], params, path, "session_key", sessionKey), sessionKey)
}

// TextV1 is the text that a V1 signature signs: the parameters by ascending key, where the call goes, and the secret
// itself under the name secretName. It holds the secret: show it to nobody but the operator who asked.
func TextV1(params []Param, path, secretName string, secret Secret) []byte {
	return appendTextV1(make([]byte, 0, sizeV1(params, path, secretName, secret)), params, path, secretName, secret)
}

func sizeV1(params []Param, path, secretName string, secret Secret) int {
	size := len("org_loc=&method=POST&=") + len(path) + len(secretName) + len(secret)
	for _, p := range params {
		size += len(p.Key) + len(p.Value) + 2
	}
	return size
}

func appendTextV1(text []byte, params []Param, path, secretName string, secret Secret) []byte {
	if !slices.IsSortedFunc(params, byKey) {
		params = slices.Clone(params)
		slices.SortFunc(params, byKey)
	}
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

// PaySigV2 makes `pay_sig` (§3.3) over the exact bytes of a body. path is the URL path, /wxa/game/…, and appKey that of
// the environment named in the body.
func PaySigV2(path string, body []byte, appKey Secret) string {
	var room [roomSize]byte
	text := append(room[:sha256.BlockSize], path...)
	text = append(text, '&')
	return hexHMAC(append(text, body...), appKey)
}

// SignatureV2 makes `signature` (§3.3), the player's, over the exact bytes of a body.
func SignatureV2(body []byte, sessionKey Secret) string {
	var room [roomSize]byte
	return hexHMAC(append(room[:sha256.BlockSize], body...), sessionKey)
}

// roomSize is enough, on the stack, for what a signature signs; longer texts are moved to the heap.
const roomSize = 768

// hexHMAC is HMAC-SHA256 (RFC 2104) of what follows the room for a key that text begins with, in lower-case hex.
// crypto/hmac does the same with more allocations: most keys are a player's, so there is no hash whose state could be
// kept.
func hexHMAC(text []byte, key Secret) string {
	var padded [sha256.BlockSize]byte
	if len(key) <= len(padded) {
		copy(padded[:], key)
	} else {
		sum := sha256.Sum256([]byte(key))
		copy(padded[:], sum[:])
	}
	for i, b := range padded {
		text[i] = b ^ 0x36
	}
	inner := sha256.Sum256(text)
	var outer [sha256.BlockSize + sha256.Size]byte
	for i, b := range padded {
		outer[i] = b ^ 0x5c
	}
	copy(outer[sha256.BlockSize:], inner[:])
	sum := sha256.Sum256(outer[:])
	var out [2 * sha256.Size]byte
	hex.Encode(out[:], sum[:])
	return string(out[:])
}
