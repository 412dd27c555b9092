package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what others sign with by mistake
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strings"

	"github.com/leafmidas/leafmidas/midas"
)

// A signature that does not fit was made in another way than the right one. The ways are few, and independent of each
// other: another key, another path, other parameters, another text, another digest. All of them together are tried,
// those with the fewest mistakes first.

// way is one choice in making a signature. The first of its kind is the right one and says nothing.
type way[T any] struct {
	mistake string
	value   T
}

type keyed struct {
	hmac   []byte
	inText string
}

func rightKey(key midas.Secret) way[keyed] {
	return way[keyed]{"", keyed{[]byte(key.Reveal()), key.Reveal()}}
}

func wrongKey(mistake string, key midas.Secret) way[keyed] {
	return way[keyed]{mistake, keyed{[]byte(key.Reveal()), key.Reveal()}}
}

// known leaves out keys that nobody has.
func known(keys ...way[keyed]) []way[keyed] {
	return slices.DeleteFunc(keys, func(k way[keyed]) bool { return k.mistake != "" && len(k.value.hmac) == 0 })
}

// digests turn key and text into a signature.
var digests = []way[func(key, text []byte) string]{
	{"", func(key, text []byte) string {
		return hex.EncodeToString(mac(key, text))
	}},
	{"it is in upper-case hex, and has to be in lower case", func(key, text []byte) string {
		return strings.ToUpper(hex.EncodeToString(mac(key, text)))
	}},
	{"it is in base64, and has to be in hex", func(key, text []byte) string {
		return base64.StdEncoding.EncodeToString(mac(key, text))
	}},
	{"it is a plain SHA-256, and has to be an HMAC-SHA256", func(_, text []byte) string {
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:])
	}},
	{"it is an HMAC-SHA1, and has to be an HMAC-SHA256", func(key, text []byte) string {
		h := hmac.New(sha1.New, key)
		h.Write(text)
		return hex.EncodeToString(h.Sum(nil))
	}},
	{"it is an MD5, and has to be an HMAC-SHA256", func(_, text []byte) string {
		sum := md5.Sum(text) //nolint:gosec // as above
		return hex.EncodeToString(sum[:])
	}},
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// paths are what may have been signed as the path.
func paths(u *url.URL) []way[string] {
	right := u.Path
	ways := []way[string]{{"", right}}
	add := func(mistake, path string) {
		if path != right {
			ways = append(ways, way[string]{mistake, path})
		}
	}
	if strings.Contains(right, "/midas/sandbox/") {
		add("the path of production was signed", strings.Replace(right, "/sandbox/", "/", 1))
	} else if strings.Contains(right, "/midas/") {
		add("the path of the sandbox was signed", strings.Replace(right, "/midas/", "/midas/sandbox/", 1))
	}
	add("the path was signed without its first /", strings.TrimPrefix(right, "/"))
	add("the path was signed with a / behind it", right+"/")
	add("the query was signed with the path", right+"?"+u.RawQuery)
	add("the whole URL was signed in place of the path", u.String())
	add("the host was signed with the path", u.Host+right)
	add("the scheme and the host were signed with the path", u.Scheme+"://"+u.Host+right)
	return ways
}

// optional are V1's parameters that need not be sent.
var optional = []string{"app_remark", "pay_item", "user_ip"}

// paramSets are what may have been signed as the parameters. alter puts in what a signature signs besides.
func paramSets(params []midas.Param, alter func([]midas.Param) []way[[]midas.Param]) []way[[]midas.Param] {
	plain := without(params, "sig", "mp_sig", "access_token")
	bases := []way[[]midas.Param]{{"", plain}}
	var sent []string
	for _, name := range optional {
		if slices.ContainsFunc(plain, func(p midas.Param) bool { return p.Key == name }) {
			sent = append(sent, name)
		}
	}
	for set := 1; set < 1<<len(sent); set++ {
		var left []string
		for i, name := range sent {
			if set&(1<<i) != 0 {
				left = append(left, name)
			}
		}
		bases = append(bases, way[[]midas.Param]{
			fmt.Sprintf("%s %s sent and not signed", strings.Join(left, " and "), plural(len(left), "was", "were")), without(plain, left...),
		})
	}
	for _, name := range optional {
		if !slices.Contains(sent, name) {
			bases = append(bases, way[[]midas.Param]{name + " was signed, empty, and not sent", append(without(plain), midas.Param{Key: name})})
		}
	}
	for _, p := range plain {
		if p.Value == "" {
			bases = append(bases, way[[]midas.Param]{p.Key + " is empty and was not signed", without(plain, p.Key)})
		}
		if !slices.Contains(optional, p.Key) {
			bases = append(bases, way[[]midas.Param]{p.Key + " was not signed", without(plain, p.Key)})
		}
	}
	if e := encoded(plain); !slices.Equal(e, plain) {
		bases = append(bases, way[[]midas.Param]{"values were signed URL-encoded, and have to be signed as they are", e})
	}
	var all []way[[]midas.Param]
	for _, b := range bases {
		for _, a := range alter(b.value) {
			all = append(all, way[[]midas.Param]{both(b.mistake, a.mistake), a.value})
		}
	}
	return all
}

func both(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// textsV1 are what may have been made of parameters, path and secret.
func textsV1(secretName string) []way[func(params []midas.Param, path, secret string) []byte] {
	type text = func(params []midas.Param, path, secret string) []byte
	right := func(params []midas.Param, path, secret string) []byte {
		return midas.TextV1(params, path, secretName, midas.Secret(secret))
	}
	replaced := func(old, with string) text {
		return func(params []midas.Param, path, secret string) []byte {
			return bytes.Replace(right(params, path, secret), []byte(old), []byte(with), 1)
		}
	}
	return []way[text]{
		{"", right},
		{"the secret is missing at the end of the text", func(params []midas.Param, path, secret string) []byte {
			return bytes.TrimSuffix(right(params, path, secret), []byte("&"+secretName+"="+secret))
		}},
		{"method=GET was signed", replaced("&method=POST&", "&method=GET&")},
		{"method=post was signed, in lower case", replaced("&method=POST&", "&method=post&")},
		{"org_loc and method are missing in the text", func(params []midas.Param, path, secret string) []byte {
			return bytes.Replace(right(params, path, secret), []byte("org_loc="+path+"&method=POST&"), nil, 1)
		}},
		{"parameters were signed in the order of the body, and have to be in that of their names", func(params []midas.Param, path, secret string) []byte {
			var b bytes.Buffer
			for _, p := range params {
				b.WriteString(p.Key + "=" + p.Value + "&")
			}
			b.WriteString("org_loc=" + path + "&method=POST&" + secretName + "=" + secret)
			return b.Bytes()
		}},
	}
}

// searchV1 finds the mistakes that a V1 signature was made with: none, or nil and false if no way fits.
func searchV1(sig string, keys []way[keyed], paths []way[string], sets []way[[]midas.Param], secretName string) (mistakes []string, found bool) {
	texts := textsV1(secretName)
	return fewest(func(try func(mistakes ...string)) {
		for _, set := range sets {
			for _, p := range paths {
				for _, t := range texts {
					for _, k := range keys {
						text := t.value(set.value, p.value, k.value.inText)
						for _, d := range digests {
							if d.value(k.value.hmac, text) == sig {
								try(k.mistake, p.mistake, set.mistake, t.mistake, d.mistake)
							}
						}
					}
				}
			}
		}
	})
}

// fewest keeps the shortest list of mistakes.
func fewest(search func(try func(mistakes ...string))) (best []string, found bool) {
	cost := func(list []string) int { return strings.Count(strings.Join(list, ";"), ";") + min(1, len(list)) }
	search(func(mistakes ...string) {
		mistakes = slices.DeleteFunc(mistakes, func(m string) bool { return m == "" })
		if !found || cost(mistakes) < cost(best) {
			best, found = mistakes, true
		}
	})
	return best, found
}

// bodies are what may have been signed as a V2 body.
func bodies(sent []byte) []way[[]byte] {
	ways := []way[[]byte]{{"", sent}}
	add := func(mistake string, body []byte) {
		if !slices.ContainsFunc(ways, func(w way[[]byte]) bool { return bytes.Equal(w.value, body) }) {
			ways = append(ways, way[[]byte]{mistake, body})
		}
	}
	const changed = "the body was written anew after it was signed: "
	add(changed+"a line end was put behind it or taken away", append(bytes.Clone(sent), '\n'))
	add(changed+"a line end was put behind it or taken away", bytes.TrimRight(sent, "\r\n"))
	var compact bytes.Buffer
	if json.Compact(&compact, sent) == nil {
		add(changed+"it was signed without spaces", compact.Bytes())
	}
	if params, err := paramsOf(sent); err == nil {
		written := func(params []midas.Param, comma, colon string) []byte {
			var b bytes.Buffer
			for i, p := range params {
				if b.WriteString(comma); i == 0 {
					b.Reset()
				}
				fmt.Fprintf(&b, "%q%s%s", p.Key, colon, literal(sent, p))
			}
			return []byte("{" + b.String() + "}")
		}
		sorted := without(params)
		sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Key < sorted[j].Key })
		add(changed+"it was signed with spaces behind , and :", written(params, ", ", ": "))
		add(changed+"it was signed with its fields in the order of their names", written(sorted, ",", ":"))
		add(changed+"it was signed with its fields in the order of their names, and spaces", written(sorted, ", ", ": "))
		for _, p := range params {
			add(p.Key+" was put into the body after it was signed", written(without(params, p.Key), ",", ":"))
		}
	}
	escaped := bytes.NewBuffer(nil)
	json.HTMLEscape(escaped, sent)
	add(changed+`it was signed with &, < and > escaped`, escaped.Bytes())
	unescaped := strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">", `\/`, "/").Replace(string(sent))
	add(changed+`it was signed with &, <, > and / as they are`, []byte(unescaped))
	add("the body was not signed", nil)
	return ways
}

// literal is a value as it stands in JSON: a text, unless the body has it as a number.
func literal(body []byte, p midas.Param) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) == nil {
		if raw := fields[p.Key]; len(raw) > 0 && raw[0] != '"' {
			return string(raw)
		}
	}
	text, err := json.Marshal(p.Value)
	if err != nil { // a string always has a JSON form
		panic(err)
	}
	return string(text)
}

// searchPaySig finds the mistakes of a pay_sig.
func searchPaySig(sig string, keys []way[keyed], paths []way[string], bodies []way[[]byte]) (mistakes []string, found bool) {
	joins := []way[string]{{"", "&"}, {"the & between path and body is missing", ""}, {"path and body were joined by ? in place of &", "?"}}
	return fewest(func(try func(...string)) {
		for _, k := range keys {
			for _, b := range bodies {
				for _, d := range digests {
					if d.value(k.value.hmac, b.value) == sig {
						try(k.mistake, "the path was not signed", b.mistake, d.mistake)
					}
					for _, p := range paths {
						for _, j := range joins {
							if d.value(k.value.hmac, []byte(p.value+j.value+string(b.value))) == sig {
								try(k.mistake, p.mistake, j.mistake, b.mistake, d.mistake)
							}
						}
					}
				}
			}
		}
	})
}

// searchSignature finds the mistakes of a V2 signature, the player's.
func searchSignature(sig string, keys []way[keyed], paths []way[string], bodies []way[[]byte]) (mistakes []string, found bool) {
	return fewest(func(try func(...string)) {
		for _, k := range keys {
			for _, b := range bodies {
				for _, d := range digests {
					if d.value(k.value.hmac, b.value) == sig {
						try(k.mistake, b.mistake, d.mistake)
					}
					for _, p := range paths {
						if d.value(k.value.hmac, []byte(p.value+"&"+string(b.value))) == sig {
							try(k.mistake, "the path was signed with it, which is pay_sig's way", b.mistake, d.mistake)
						}
					}
				}
			}
		}
	})
}

// sessionKeys are what a player's signature may have been made with.
func sessionKeys(session midas.Secret, app, other way[keyed]) []way[keyed] {
	keys := []way[keyed]{rightKey(session)}
	if raw, err := base64.StdEncoding.DecodeString(session.Reveal()); err == nil && len(raw) > 0 {
		keys = append(keys,
			way[keyed]{"session_key was decoded from base64, and is to be used as the text it is", keyed{raw, session.Reveal()}},
			way[keyed]{"session_key was decoded from base64, and is to be used as the text it is", keyed{raw, string(raw)}})
	}
	app.mistake, other.mistake = "an AppKey was used in place of session_key", "an AppKey was used in place of session_key"
	return known(append(keys, app, other)...)
}
