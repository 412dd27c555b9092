package emulator

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a push looks like on the wire: its signatures, its encryption, its envelope and the answer to it (§3.7).

// PushConfig says where pushes go, and in what form.
type PushConfig struct {
	// URL is the game's callback address; it may have a query of its own. Empty: nothing is pushed.
	URL string `json:"url"`
	// Token signs the query. Empty: DefaultPushToken.
	Token string `json:"token"`
	// EncodingAESKey is the key of secure mode, 43 characters. Empty: clear mode.
	EncodingAESKey string `json:"encoding_aes_key"`
	// XML writes envelopes in XML. False: JSON.
	XML bool `json:"xml"`
}

// receiver is a checked PushConfig with a URL.
type receiver struct {
	url    *url.URL
	token  string
	aesKey []byte // nil in clear mode
	xml    bool
}

// receiver is nil where nothing is to be pushed.
func (c PushConfig) receiver() (*receiver, error) {
	to := &receiver{token: c.Token, xml: c.XML}
	if to.token == "" {
		to.token = DefaultPushToken
	}
	if c.EncodingAESKey != "" {
		key, err := base64.StdEncoding.DecodeString(c.EncodingAESKey + "=")
		if err != nil || len(key) != 32 {
			return nil, errors.New("emulator: EncodingAESKey is not 43 characters of base64")
		}
		to.aesKey = key
	}
	if c.URL == "" {
		return nil, nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("emulator: push URL %q is not one of http or https", c.URL)
	}
	to.url = u
	return to, nil
}

// message is what a push says.
type message struct {
	Event     string
	Env       Env
	OpenID    string
	Payload   string // JSON, signed as it is
	CreatedAt time.Time
	Mock      bool
}

// originalID is the name of the mini game's account.
const originalID = "gh_emulator"

// envelope is the body of a push in clear.
type envelope struct {
	XMLName      xml.Name `json:"-" xml:"xml"`
	ToUserName   verbatim
	FromUserName verbatim
	CreateTime   int64
	MsgType      verbatim
	Event        verbatim
	MiniGame     struct {
		Payload     verbatim
		PayEventSig verbatim
		IsMock      bool
	}
}

// sealed is the body of a push in secure mode.
type sealed struct {
	XMLName    xml.Name `json:"-" xml:"xml"`
	ToUserName verbatim
	Encrypt    verbatim
}

// verbatim is a text that stands in CDATA where XML is written.
type verbatim string

// MarshalXML writes the text as CDATA.
func (v verbatim) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	return e.EncodeElement(struct {
		Text string `xml:",cdata"`
	}{string(v)}, start)
}

// write is a body in the receiver's format.
func (to *receiver) write(body any) ([]byte, error) {
	if to.xml {
		return xml.Marshal(body)
	}
	return []byte(encode(body)), nil
}

// encode writes JSON as WeChat does, with < and & as they are.
func encode(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // texts, integers and booleans
	return strings.TrimSuffix(b.String(), "\n")
}

// request is the POST that carries a message.
func (to *receiver) request(ctx context.Context, m message, appID, appKey string, at time.Time) (*http.Request, error) {
	e := envelope{ToUserName: originalID, FromUserName: verbatim(m.OpenID), CreateTime: m.CreatedAt.Unix(), MsgType: "event", Event: verbatim(m.Event)}
	e.MiniGame.Payload = verbatim(m.Payload)
	e.MiniGame.PayEventSig = verbatim(payEventSig(m.Event, m.Payload, appKey))
	e.MiniGame.IsMock = m.Mock
	body, err := to.write(e)
	if err != nil {
		return nil, err
	}
	q := to.signedQuery(at)
	q.Set("openid", m.OpenID)
	if to.aesKey != nil {
		text := seal(body, to.aesKey, appID)
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", pushSignature(to.token, q.Get("timestamp"), q.Get("nonce"), text))
		if body, err = to.write(sealed{ToUserName: originalID, Encrypt: verbatim(text)}); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.address(q), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	if to.xml {
		req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	}
	return req, nil
}

// check is the GET by which WeChat makes sure of an address.
func (to *receiver) check(ctx context.Context, echo string, at time.Time) (*http.Request, error) {
	q := to.signedQuery(at)
	q.Set("echostr", echo)
	return http.NewRequestWithContext(ctx, http.MethodGet, to.address(q), nil)
}

// address is the URL with its own query and ours.
func (to *receiver) address(more url.Values) string {
	u := *to.url
	q := u.Query()
	for name, values := range more {
		q[name] = values
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func (to *receiver) signedQuery(at time.Time) url.Values {
	timestamp, nonce := strconv.FormatInt(at.Unix(), 10), randomDigits(10)
	return url.Values{"timestamp": {timestamp}, "nonce": {nonce}, "signature": {pushSignature(to.token, timestamp, nonce)}}
}

// pushSignature is the sha1 of the texts, sorted and joined.
func pushSignature(texts ...string) string {
	slices.Sort(texts)
	sum := sha1.Sum([]byte(strings.Join(texts, "")))
	return hex.EncodeToString(sum[:])
}

// payEventSig signs a payload with the AppKey of its environment.
func payEventSig(event, payload, appKey string) string { return hmacHex(appKey, event+"&"+payload) }

// seal encrypts a message for a game. The padding is to 32 bytes, though the cipher's blocks have 16.
func seal(message, key []byte, appID string) string {
	const random, multiple = 16, 32
	text := make([]byte, random, random+4+len(message)+len(appID)+multiple)
	rand.Read(text)
	text = binary.BigEndian.AppendUint32(text, uint32(len(message)))
	text = append(append(text, message...), appID...)
	padding := multiple - len(text)%multiple
	text = append(text, bytes.Repeat([]byte{byte(padding)}, padding)...)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key has 32 bytes
	}
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(text, text)
	return base64.StdEncoding.EncodeToString(text)
}

// acknowledges tells whether a reply says ErrCode 0, in JSON or in XML.
func acknowledges(reply []byte) bool {
	if !bytes.HasPrefix(bytes.TrimSpace(reply), []byte("<")) {
		return json.Valid(reply) && parseFields(reply)["ErrCode"] == json.Number("0")
	}
	var says struct {
		ErrCode *int
	}
	return xml.Unmarshal(reply, &says) == nil && says.ErrCode != nil && *says.ErrCode == 0
}
