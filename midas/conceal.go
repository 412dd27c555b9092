package midas

import (
	"encoding/json"
	"net/url"
	"strings"
)

const (
	// leastSecret is the length, in bytes, from which a secret is looked for: a shorter one would be found in any text.
	leastSecret = 6
	// piece is how many bytes of a secret in a row are taken for a part of it, as a server shows that cuts what it
	// repeats.
	piece = 10
)

// without hides secrets in a text of a server's, in each form in which it may repeat them: as they are, as in a URL, as
// in JSON. Parts of them are hidden too.
func without(text string, secrets []Secret) string {
	for _, s := range secrets {
		if len(s) < leastSecret {
			continue
		}
		for _, form := range forms(string(s)) {
			text = conceal(text, form)
		}
	}
	return text
}

func forms(secret string) []string {
	inURL := url.QueryEscape(secret)
	all := []string{secret, inURL, lowerHex(inURL), url.PathEscape(secret), strings.ReplaceAll(secret, "/", `\/`), strings.ReplaceAll(secret, "+", " ")}
	if inJSON, err := json.Marshal(secret); err == nil {
		all = append(all, strings.Trim(string(inJSON), `"`))
	}
	return all
}

// lowerHex writes escapes such as %2F as %2f.
func lowerHex(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:i+3], strings.ToLower(string(b[i:i+3])))
		}
	}
	return string(b)
}

// conceal replaces a secret, and every run of piece bytes of it or more.
func conceal(text, secret string) string {
	text = strings.ReplaceAll(text, secret, hidden)
	if len(secret) < piece {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		n := 0
		for i+n+piece <= len(text) && strings.Contains(secret, text[i+n:i+n+piece]) {
			n++
		}
		if n == 0 {
			b.WriteByte(text[i])
			i++
			continue
		}
		b.WriteString(hidden)
		i += n + piece - 1
	}
	return b.String()
}
