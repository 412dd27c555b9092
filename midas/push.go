package midas

import (
	"bytes"
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PushEvent names what a push is about (§3.7).
type PushEvent string

// The events of payments.
const (
	// PushGoods: goods that were bought in the game are to be delivered.
	PushGoods PushEvent = "minigame_game_pay_goods_deliver_notify"
	// PushStoreGoods: goods that were bought in the game's store page are to be delivered.
	PushStoreGoods PushEvent = "minigame_h5_goods_deliver_notify"
	// PushCoins: coins were added to a balance.
	PushCoins PushEvent = "minigame_coin_deliver_completed"
	// PushCenterCoins: coins were added to the balance of the recharge centre.
	PushCenterCoins PushEvent = "minigame_recharge_center_coin_deliver_completed"
	// PushRefund: money was given back.
	PushRefund PushEvent = "minigame_pay_refund_succ_notify"

	// PushRoleQuery is no payment: the store asks which roles a player has played lately (§3.9, P6).
	PushRoleQuery PushEvent = "minigame_query_recent_role_list"

	// storeGoodsOldName is what older samples call PushStoreGoods.
	storeGoodsOldName PushEvent = "minigame_deliver_h5_pay_products"
)

// IsPayment tells whether the event is one of those above. A game's callback address is sent all its other pushes as
// well.
func (e PushEvent) IsPayment() bool {
	switch e {
	case PushGoods, PushStoreGoods, PushCoins, PushCenterCoins, PushRefund:
		return true
	default:
		return false
	}
}

// Push is something that Midas tells the game's server (§3.7). Fields that an event does not have are zero.
type Push struct {
	Event PushEvent
	// Mock: a trial from the console with invented values. It is to be answered, and nothing else.
	Mock bool
	// OpenID is whose payment it is. A refund may not say.
	OpenID string
	// Sandbox tells the environment.
	Sandbox bool
	// OutTradeNo is the number of the payment.
	OutTradeNo string
	// ZoneID is the zone of goods and coins.
	ZoneID string
	// ProductID and Attach are of goods.
	ProductID, Attach string
	// Quantity is how many pieces, or coins.
	Quantity int64
	// Price is the full price, Paid what the player paid.
	Price, Paid Fen
	// RefundID, RefundSource (1 platform, 2 console, 3 API) and Refunded are of a refund.
	RefundID     string
	RefundSource int
	Refunded     Fen
	// MchOrderNo and TransactionID are WeChat Pay's, WxOrderID the platform's; empty for other ways to pay.
	MchOrderNo, TransactionID, WxOrderID string
	// Trial: bought in the store as a test (OrderSource 3, §3.9 P7). It is delivered, and is no sale.
	Trial bool
	// XML: it came as XML, and wants its answer so.
	XML bool
	// Signed: it is Mock, or no payment that is known, and carries Midas's own signature (PayEventSig) all the same. Every
	// other payment does.
	Signed bool
	// Payload is the text inside of an event that is Signed and not a payment, 2048 bytes of it at most.
	Payload string
	// Body is the whole of an event that is not a payment, decrypted, as JSON or XML. Simulated: the console sent it as a
	// trial.
	Body      string
	Simulated bool
}

// Errors of reading a push, for errors.Is. Nothing of such a push may be acted on.
var (
	// ErrPushForged: a signature does not fit, or the push is another game's.
	ErrPushForged error = &sentinel{"push not signed by WeChat"}
	// ErrPushStale: it was signed too long ago, or in the future.
	ErrPushStale error = &sentinel{"push too old"}
	// ErrPushMalformed: it cannot be read, or lacks what its event must say.
	ErrPushMalformed error = &sentinel{"push not readable"}
)

// PushConfig says whose pushes are read.
type PushConfig struct {
	// AppID is the mini game's. Required.
	AppID string
	// Token is the one of the callback address in the WeChat console. Required.
	Token Secret
	// EncodingAESKey is the console's key for secure mode, 43 characters. Then nothing is taken in clear. Zero value:
	// clear mode.
	EncodingAESKey Secret
	// Others are further configurations that push to the same address: the console has one for events and one for
	// deliveries (§3.9, P5), and while a token or key is being changed both the old and the new one are in use.
	Others []PushKeys
	// AppKey and SandboxAppKey are Midas's keys. Pushes of an environment without a key are ErrPushForged.
	AppKey, SandboxAppKey Secret
	// MaxAge is how old a payment push's timestamp may be. Zero value: 25 h, which is longer than Midas goes on repeating
	// one. Other pushes may be 5 min old.
	MaxAge time.Duration
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// PushKeys are a further configuration's token and key.
type PushKeys struct {
	// Token is required. EncodingAESKey is empty in clear mode; with one, nothing that this token signs is taken in clear.
	Token, EncodingAESKey Secret
}

// maxPushAge: the last repeat comes about 24 h 4 min after the event (§3.7). Whether it is signed anew is not
// documented.
const maxPushAge = 25 * time.Hour

// maxPushAhead is how far WeChat's clock may be ahead of ours.
const maxPushAhead = 5 * time.Minute

// PushReader reads what WeChat posts to the game's callback address. It is safe for concurrent use.
type PushReader struct {
	cfg    PushConfig
	keys   []pushKeys
	nonces nonces
}

// pushKeys are a configuration of the console's.
type pushKeys struct {
	token Secret
	aes   []byte // nil in clear mode
}

// NewPushReader checks the config.
func NewPushReader(cfg PushConfig) (*PushReader, error) {
	if cfg.AppID == "" || cfg.Token == "" {
		return nil, errors.New("midas: PushConfig.AppID and Token are required")
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = maxPushAge
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &PushReader{cfg: cfg}
	for _, one := range append([]PushKeys{{cfg.Token, cfg.EncodingAESKey}}, cfg.Others...) {
		keys := pushKeys{token: one.Token}
		if one.Token == "" {
			return nil, errors.New("midas: each of PushConfig.Others needs a Token")
		}
		if one.EncodingAESKey != "" {
			key, err := base64.StdEncoding.DecodeString(one.EncodingAESKey.Reveal() + "=")
			if err != nil || len(key) != 32 {
				return nil, errors.New("midas: PushConfig.EncodingAESKey is not the 43 characters that the console gives")
			}
			keys.aes = key
		}
		r.keys = append(r.keys, keys)
	}
	return r, nil
}

// clear lists the configurations of clear mode, secure the others.
func (r *PushReader) clear() []pushKeys {
	return slices.DeleteFunc(slices.Clone(r.keys), func(k pushKeys) bool { return k.aes != nil })
}

func (r *PushReader) secure() []pushKeys {
	return slices.DeleteFunc(slices.Clone(r.keys), func(k pushKeys) bool { return k.aes == nil })
}

// Echo answers WeChat's check of the address (a GET request): what it returns is the whole answer.
func (r *PushReader) Echo(query url.Values) (string, error) {
	if _, err := r.signed(r.keys, query, "signature"); err != nil {
		return "", err
	}
	return query.Get("echostr"), nil
}

// MayBeSigned tells before anything of the body is read whether the query carries a right signature. In secure mode one
// that does not may still be signed as a whole.
func (r *PushReader) MayBeSigned(query url.Values) (signed, possible bool) {
	_, err := r.signed(r.keys, query, "signature")
	return err == nil, err == nil || len(r.secure()) > 0
}

// Read checks and reads a push (a POST request). One that [PushEvent.IsPayment] does not know has nothing but its
// event, and Signed and Payload where Midas signed it. Such a one is ErrPushStale if it is older than 5 min; see also
// Once.
func (r *PushReader) Read(query url.Values, body []byte) (Push, error) {
	body, opened, err := r.unseal(query, body)
	if err != nil {
		return Push{}, err
	}
	p, err := r.read(body)
	if err == nil && !opened && p.Event == "" && query.Get("encrypt_type") == "aes" && bytes.Contains(body, []byte("Encrypt")) {
		return Push{}, fmt.Errorf("%w: it is encrypted, and no EncodingAESKey is configured", ErrPushMalformed)
	}
	if err != nil {
		return p, err
	}
	if !p.Event.IsPayment() {
		return p, r.young(query)
	}
	return p, nil
}

// unseal checks who signed a push, and decrypts it in secure mode. A configuration with a key takes nothing in clear.
func (r *PushReader) unseal(query url.Values, body []byte) (plain []byte, opened bool, err error) {
	secure, clear := r.secure(), r.clear()
	var sealed struct {
		Encrypt string `json:"Encrypt" xml:"Encrypt"`
	}
	if len(secure) > 0 {
		err = unmarshal(body, &sealed)
	}
	if sealed.Encrypt == "" {
		switch {
		case len(clear) > 0:
			_, err = r.signed(clear, query, "signature")
		case err == nil:
			err = fmt.Errorf("%w: it is in clear, and an EncodingAESKey is configured", ErrPushForged)
		}
		return body, false, err
	}
	fitting, err := r.signed(secure, query, "msg_signature", sealed.Encrypt)
	if err != nil {
		return nil, false, err
	}
	for _, keys := range fitting { // several where a key is being changed and the token stays
		if plain, err = r.open(keys.aes, sealed.Encrypt); err == nil {
			return plain, true, nil
		}
	}
	return nil, false, err
}

// maxOtherAge is how old the timestamp of a push that is not about payments may be.
const maxOtherAge = 5 * time.Minute

// young refuses a push that is not about a payment once it is old: whoever sees the query of an old one, in a proxy's
// log, could send anything in clear mode.
func (r *PushReader) young(query url.Values) error {
	if age := r.cfg.Now().Sub(time.Unix(seconds(query), 0)); age > maxOtherAge {
		return fmt.Errorf("%w: it is not about a payment, and was signed %s ago", ErrPushStale, age.Round(time.Second))
	}
	return nil
}

// Once remembers the timestamp and nonce of a push that was read. One that is not about a payment is ErrPushForged if
// they have been used before: in clear mode they, and not the body, are what WeChat signed. Repeats of payments are
// taken.
func (r *PushReader) Once(query url.Values, p Push) error {
	now, at := r.cfg.Now(), time.Unix(seconds(query), 0)
	if now.Sub(at) > maxOtherAge { // young refuses what would use it again
		return nil
	}
	if fresh := r.nonces.add(nonceOf(query), at.Add(maxOtherAge), now); !fresh && !p.Event.IsPayment() {
		return fmt.Errorf("%w: its timestamp and nonce have been used before", ErrPushForged)
	}
	return nil
}

// Forget lets a push come again that is not about a payment and could not be answered well.
func (r *PushReader) Forget(query url.Values) { r.nonces.remove(nonceOf(query)) }

// signed checks one of the sha1 signatures, and the time it was made. It returns the configurations whose token made
// it.
func (r *PushReader) signed(among []pushKeys, query url.Values, name string, more ...string) (by []pushKeys, err error) {
	for _, keys := range among {
		if want := pushSignature(keys.token, query.Get("timestamp"), query.Get("nonce"), more...); same(query.Get(name), want) {
			by = append(by, keys)
		}
	}
	if by == nil {
		return nil, fmt.Errorf("%w: %s does not fit; see that Push.Token is the console's", ErrPushForged, name)
	}
	at := seconds(query)
	if at == 0 {
		return nil, fmt.Errorf("%w: the timestamp is not one of ten digits", ErrPushMalformed)
	}
	if age := r.cfg.Now().Sub(time.Unix(at, 0)); age > r.cfg.MaxAge || age < -maxPushAhead {
		return nil, fmt.Errorf("%w: signed %s ago", ErrPushStale, age.Round(time.Second))
	}
	return by, nil
}

// seconds is a query's timestamp; 0 if it has none of ten digits. The signature is made over the joined texts, so that
// of a shorter timestamp and a longer nonce would be the same.
func seconds(query url.Values) int64 {
	text := query.Get("timestamp")
	if len(text) != 10 || strings.Trim(text, "0123456789") != "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// pushSignature is sha1 over the texts, sorted and joined (§3.7).
func pushSignature(token Secret, timestamp, nonce string, more ...string) string {
	parts := append([]string{token.Reveal(), timestamp, nonce}, more...)
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// open decrypts a message of secure mode: 16 random bytes, its length, itself, the AppID, and padding to 32 (§3.7). Its
// signature has been checked.
func (r *PushReader) open(key []byte, sealed string) ([]byte, error) {
	const block, random, size = 32, 16, 4
	text, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: Encrypt is not whole blocks of base64", ErrPushMalformed)
	}
	c, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCDecrypter(c, key[:aes.BlockSize]).CryptBlocks(text, text)
	padding := int(text[len(text)-1])
	if padding < 1 || padding > block || padding > len(text) {
		return nil, fmt.Errorf("%w: it does not decrypt; see that Push.EncodingAESKey is the console's", ErrPushMalformed)
	}
	text = text[:len(text)-padding]
	if len(text) < random+size {
		return nil, fmt.Errorf("%w: the decrypted message is too short", ErrPushMalformed)
	}
	n, text := binary.BigEndian.Uint32(text[random:]), text[random+size:]
	if uint64(n) > uint64(len(text)) {
		return nil, fmt.Errorf("%w: the decrypted message is shorter than it says", ErrPushMalformed)
	}
	if appID := string(text[n:]); appID != r.cfg.AppID {
		return nil, fmt.Errorf("%w: it is for app %q", ErrPushForged, clean(appID))
	}
	return text[:n], nil
}

// envelope is what every push has in common, in JSON and in XML.
type envelope struct {
	XMLName  xml.Name `json:"-"`
	From     note     `json:"FromUserName" xml:"FromUserName"`
	Event    note     `json:"Event" xml:"Event"`
	MiniGame miniGame `json:"MiniGame" xml:"MiniGame"`
}

// miniGame is the part of an envelope that payments have. Other events may have anything in its place.
type miniGame struct {
	Payload     note    `json:"Payload" xml:"Payload"`
	PayEventSig note    `json:"PayEventSig" xml:"PayEventSig"`
	IsMock      boolean `json:"IsMock" xml:"IsMock"`
}

// UnmarshalJSON takes what is no object for an empty one.
func (m *miniGame) UnmarshalJSON(b []byte) error {
	type plain miniGame
	return object(b, (*plain)(m))
}

// payload is what the JSON text inside has of every payment, whatever the envelope is written in. What only some events
// need is read for those.
type payload struct {
	OpenID        string          `json:"OpenId"`
	OutTradeNo    string          `json:"OutTradeNo"`
	Env           number          `json:"Env"`
	GoodsInfo     json.RawMessage `json:"GoodsInfo"`
	CoinInfo      json.RawMessage `json:"CoinInfo"`
	WeChatPayInfo weChatPay       `json:"WeChatPayInfo"`
	WxOrderID     note            `json:"WxOrderId"`
}

type goodsInfo struct {
	ProductID   string `json:"ProductId"`
	Quantity    number `json:"Quantity"`
	ZoneID      name   `json:"ZoneId"`
	OrigPrice   number `json:"OrigPrice"`
	ActualPrice number `json:"ActualPrice"`
	Attach      note   `json:"Attach"`
	OrderSource shown  `json:"OrderSource"`
}

type coinInfo struct {
	ZoneID      name   `json:"ZoneId"`
	BuyQuantity number `json:"BuyQuantity"`
	OrigPrice   number `json:"OrigPrice"`
	ActualPrice number `json:"ActualPrice"`
	TotalPrice  number `json:"TotalPrice"` // what samples print in place of ActualPrice
}

type refundInfo struct {
	RefundID     string `json:"RefundId"`
	RefundAmount number `json:"RefundAmount"`
	RefundSource shown  `json:"RefundSource"`
}

// weChatPay is for people to read: nothing depends on it.
type weChatPay struct {
	MchOrderNo    note `json:"MchOrderNo"`
	TransactionID note `json:"TransactionId"`
	WxOrderID     note `json:"WxOrderId"`
}

// UnmarshalJSON takes what is no object for an empty one.
func (w *weChatPay) UnmarshalJSON(b []byte) error {
	type plain weChatPay
	return object(b, (*plain)(w))
}

// object reads an object, and takes anything else for an empty one: null, "", [].
func object(b []byte, into any) error {
	if !bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
		return nil
	}
	return json.Unmarshal(b, into)
}

func (r *PushReader) read(body []byte) (Push, error) {
	var e envelope
	if err := unmarshal(body, &e); err != nil {
		return Push{}, err
	}
	signedAs, sent := PushEvent(e.Event), string(e.MiniGame.Payload)
	p := Push{Event: signedAs, Mock: bool(e.MiniGame.IsMock), XML: isXML(body)}
	if signedAs == storeGoodsOldName {
		p.Event = PushStoreGoods
	}
	if !p.Event.IsPayment() {
		p.Body, p.OpenID, p.Simulated = string(body), string(e.From), p.Mock
		return r.unknown(p, e.MiniGame), nil
	}
	var in payload
	var goods goodsInfo
	var coins coinInfo
	var refund refundInfo
	err := json.Unmarshal([]byte(sent), &in)
	if err == nil {
		switch p.Event {
		case PushGoods, PushStoreGoods:
			err = object(in.GoodsInfo, &goods)
		case PushCoins, PushCenterCoins:
			err = object(in.CoinInfo, &coins)
		case PushRefund:
			err = json.Unmarshal([]byte(sent), &refund)
		}
	}
	if err != nil {
		return p, fmt.Errorf("%w: its Payload is not the JSON text of a payment", ErrPushMalformed)
	}
	if in.Env != 0 && in.Env != 1 {
		return p, fmt.Errorf("%w: its Env is %d, and only 0 and 1 are known", ErrPushMalformed, in.Env)
	}
	p.OpenID, p.Sandbox, p.OutTradeNo = in.OpenID, in.Env == 1, in.OutTradeNo
	if p.OpenID == "" && p.Event != PushRefund { // a refund need not say whose it is, and is believed only if it does
		p.OpenID = string(e.From)
	}
	p.MchOrderNo, p.TransactionID = string(in.WeChatPayInfo.MchOrderNo), string(in.WeChatPayInfo.TransactionID)
	p.WxOrderID = cmp.Or(string(in.WxOrderID), string(in.WeChatPayInfo.WxOrderID))
	switch p.Event {
	case PushGoods, PushStoreGoods:
		p.ZoneID, p.ProductID, p.Attach = string(goods.ZoneID), goods.ProductID, string(goods.Attach)
		p.Quantity, p.Price, p.Paid = int64(goods.Quantity), Fen(goods.OrigPrice), Fen(goods.ActualPrice)
		p.Trial = goods.OrderSource == storeTrial
	case PushCoins, PushCenterCoins:
		p.ZoneID, p.Quantity = string(coins.ZoneID), int64(coins.BuyQuantity)
		p.Price, p.Paid = Fen(coins.OrigPrice), Fen(max(coins.ActualPrice, coins.TotalPrice))
	case PushRefund:
		p.RefundID, p.RefundSource, p.Refunded = refund.RefundID, int(refund.RefundSource), Fen(refund.RefundAmount)
	}
	signed := r.carries(e.MiniGame, signedAs, in.Env)
	if p.Mock { // its values are invented, and so may be its signature
		p.Signed = signed
		return p, nil
	}
	if !signed {
		return Push{}, fmt.Errorf("%w: PayEventSig does not fit; see that the AppKey is that of environment %d", ErrPushForged, in.Env)
	}
	return p, p.check()
}

// storeTrial is OrderSource of a test order in the store (§3.9, P7).
const storeTrial = 3

// carries tells whether an event carries Midas's signature of an environment.
func (r *PushReader) carries(m miniGame, signedAs PushEvent, env number) bool {
	key := r.cfg.AppKey
	if env == 1 {
		key = r.cfg.SandboxAppKey
	}
	return key != "" && same(string(m.PayEventSig), PayEventSig(signedAs, string(m.Payload), key))
}

// unknown is an event that is not one of the payments. Midas may have added one.
func (r *PushReader) unknown(p Push, m miniGame) Push {
	p.Mock = false
	if m.PayEventSig == "" {
		return p
	}
	for _, env := range []number{0, 1} {
		if r.carries(m, p.Event, env) {
			p.Signed, p.Sandbox, p.Payload = true, env == 1, string(m.Payload[:min(len(m.Payload), maxPayload)])
			var in payload
			if json.Unmarshal([]byte(m.Payload), &in) == nil && in.OpenID != "" {
				p.OpenID = in.OpenID
			}
		}
	}
	return p
}

// maxPayload bounds Push.Payload.
const maxPayload = 2048

// check looks for what the event must say.
func (p Push) check() error {
	what := ""
	switch {
	case p.OutTradeNo == "" || len(p.OutTradeNo) > 64:
		what = "OutTradeNo"
	case p.Quantity < 0 || p.Quantity > int64(MaxCoins) || p.Price < 0 || p.Paid < 0:
		what = "Quantity or price"
	case p.Event == PushRefund && (p.RefundID == "" || len(p.RefundID) > 64 || p.Refunded <= 0):
		what = "RefundId or RefundAmount"
	case p.Event != PushRefund && p.OpenID == "" || len(p.OpenID) > 64:
		what = "OpenId"
	case len(p.ZoneID) > 64:
		what = "ZoneId"
	case (p.Event == PushGoods || p.Event == PushStoreGoods) && (p.ProductID == "" || len(p.ProductID) > 64 || p.Quantity == 0):
		what = "ProductId or Quantity"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s of %s is missing or out of bounds", ErrPushMalformed, what, p.Event)
}

// PayEventSig signs a payment push (§3.7), over the text of its Payload as it came.
func PayEventSig(e PushEvent, payload string, appKey Secret) string {
	return PaySigV2(string(e), []byte(payload), appKey)
}

func isXML(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

func unmarshal(body []byte, into any) error {
	format, err := "JSON", error(nil)
	if isXML(body) {
		format, err = "XML", xml.Unmarshal(body, into)
	} else {
		err = json.Unmarshal(body, into)
	}
	if err != nil {
		return fmt.Errorf("%w: not the %s of a push", ErrPushMalformed, format)
	}
	return nil
}

// number is a whole number, written as one, as a text, or with zeros behind its point; null and an empty text are 0.
// What needs one refuses 0.
type number int64

// UnmarshalJSON accepts 1, 1.0, "1", "" and null.
func (n *number) UnmarshalJSON(text []byte) error {
	if string(text) == `""` {
		return nil
	}
	var a amount
	err := a.UnmarshalJSON(text)
	*n = number(a.coins)
	return err
}

// boolean is true or false, written as one, as 1 or 0, or as a text.
type boolean bool

// UnmarshalJSON accepts true, 1, "true" and the like.
func (b *boolean) UnmarshalJSON(text []byte) error { return b.UnmarshalText(bytes.Trim(text, `"`)) }

// UnmarshalText is the same for XML.
func (b *boolean) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if s == "" || s == "null" {
		return nil
	}
	v, err := strconv.ParseBool(s)
	*b = boolean(v || err != nil) // whatever else stands there, it is no plain payment
	return nil
}
