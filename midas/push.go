package midas

import (
	"bytes"
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

	// storeGoodsOldName is what older samples call PushStoreGoods.
	storeGoodsOldName PushEvent = "minigame_deliver_h5_pay_products"
)

// IsPayment tells whether the event is one of those above. A game's callback address is sent all its other pushes as well.
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
	// MchOrderNo and TransactionID are WeChat Pay's; empty for other ways to pay.
	MchOrderNo, TransactionID string
	// XML: it came as XML, and wants its answer so.
	XML bool
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
	// EncodingAESKey is the console's key for secure mode, 43 characters. Then nothing is taken in clear. Zero value: clear
	// mode.
	EncodingAESKey Secret
	// AppKey and SandboxAppKey are Midas's keys. Pushes of an environment without a key are ErrPushForged.
	AppKey, SandboxAppKey Secret
	// MaxAge is how old a push's timestamp may be. Zero value: 25 h, which is longer than Midas goes on repeating one.
	MaxAge time.Duration
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// maxPushAge: the last repeat comes about 24 h 4 min after the event (§3.7). Whether it is signed anew is not documented.
const maxPushAge = 25 * time.Hour

// maxPushAhead is how far WeChat's clock may be ahead of ours.
const maxPushAhead = 5 * time.Minute

// PushReader reads what WeChat posts to the game's callback address. It is safe for concurrent use.
type PushReader struct {
	cfg PushConfig
	key []byte // AES; nil in clear mode
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
	if cfg.EncodingAESKey != "" {
		key, err := base64.StdEncoding.DecodeString(cfg.EncodingAESKey.Reveal() + "=")
		if err != nil || len(key) != 32 {
			return nil, errors.New("midas: PushConfig.EncodingAESKey is not the 43 characters that the console gives")
		}
		r.key = key
	}
	return r, nil
}

// Echo answers WeChat's check of the address (a GET request): what it returns is the whole answer.
func (r *PushReader) Echo(query url.Values) (string, error) {
	if err := r.signed(query, "signature"); err != nil {
		return "", err
	}
	return query.Get("echostr"), nil
}

// Read checks and reads a push (a POST request). One that [PushEvent.IsPayment] does not know has nothing but its event.
func (r *PushReader) Read(query url.Values, body []byte) (Push, error) {
	var sealed struct {
		Encrypt string `json:"Encrypt" xml:"Encrypt"`
	}
	if r.key != nil || query.Get("encrypt_type") == "aes" {
		if err := unmarshal(body, &sealed); err != nil {
			return Push{}, err
		}
		switch {
		case r.key == nil:
			return Push{}, fmt.Errorf("%w: it is encrypted, and no EncodingAESKey is configured", ErrPushMalformed)
		case sealed.Encrypt == "":
			return Push{}, fmt.Errorf("%w: it is in clear, and an EncodingAESKey is configured", ErrPushForged)
		}
		if err := r.signed(query, "msg_signature", sealed.Encrypt); err != nil {
			return Push{}, err
		}
		var err error
		if body, err = r.open(sealed.Encrypt); err != nil {
			return Push{}, err
		}
	} else if err := r.signed(query, "signature"); err != nil {
		return Push{}, err
	}
	return r.read(body)
}

// signed checks one of the sha1 signatures, and the time it was made.
func (r *PushReader) signed(query url.Values, name string, more ...string) error {
	if want := pushSignature(r.cfg.Token, query.Get("timestamp"), query.Get("nonce"), more...); !same(query.Get(name), want) {
		return fmt.Errorf("%w: %s does not fit; see that Push.Token is the console's", ErrPushForged, name)
	}
	seconds, err := strconv.ParseInt(query.Get("timestamp"), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: no timestamp", ErrPushMalformed)
	}
	if age := r.cfg.Now().Sub(time.Unix(seconds, 0)); age > r.cfg.MaxAge || age < -maxPushAhead {
		return fmt.Errorf("%w: signed %s ago", ErrPushStale, age.Round(time.Second))
	}
	return nil
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
func (r *PushReader) open(sealed string) ([]byte, error) {
	const block, random, size = 32, 16, 4
	text, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(text) == 0 || len(text)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: Encrypt is not whole blocks of base64", ErrPushMalformed)
	}
	c, err := aes.NewCipher(r.key)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCDecrypter(c, r.key[:aes.BlockSize]).CryptBlocks(text, text)
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
	XMLName  xml.Name  `json:"-"`
	From     string    `json:"FromUserName" xml:"FromUserName"`
	MsgType  string    `json:"MsgType" xml:"MsgType"`
	Event    PushEvent `json:"Event" xml:"Event"`
	MiniGame struct {
		Payload     string  `json:"Payload" xml:"Payload"`
		PayEventSig string  `json:"PayEventSig" xml:"PayEventSig"`
		IsMock      boolean `json:"IsMock" xml:"IsMock"`
	} `json:"MiniGame" xml:"MiniGame"`
}

// payload is the JSON text inside, whatever the envelope is written in.
type payload struct {
	OpenID     string `json:"OpenId"`
	OutTradeNo string `json:"OutTradeNo"`
	Env        number `json:"Env"`
	GoodsInfo  struct {
		ProductID   string `json:"ProductId"`
		Quantity    number `json:"Quantity"`
		ZoneID      string `json:"ZoneId"`
		OrigPrice   number `json:"OrigPrice"`
		ActualPrice number `json:"ActualPrice"`
		Attach      string `json:"Attach"`
	} `json:"GoodsInfo"`
	CoinInfo struct {
		ZoneID      string `json:"ZoneId"`
		BuyQuantity number `json:"BuyQuantity"`
		OrigPrice   number `json:"OrigPrice"`
		ActualPrice number `json:"ActualPrice"`
		TotalPrice  number `json:"TotalPrice"` // what samples print in place of ActualPrice
	} `json:"CoinInfo"`
	WeChatPayInfo struct {
		MchOrderNo    string `json:"MchOrderNo"`
		TransactionID string `json:"TransactionId"`
	} `json:"WeChatPayInfo"`
	RefundID     string `json:"RefundId"`
	RefundAmount number `json:"RefundAmount"`
	RefundSource number `json:"RefundSource"`
}

func (r *PushReader) read(body []byte) (Push, error) {
	var e envelope
	if err := unmarshal(body, &e); err != nil {
		return Push{}, err
	}
	signedAs := e.Event
	if e.Event == storeGoodsOldName {
		e.Event = PushStoreGoods
	}
	p := Push{Event: e.Event, Mock: bool(e.MiniGame.IsMock), XML: isXML(body)}
	if !e.Event.IsPayment() {
		return p, nil
	}
	var in payload
	if err := json.Unmarshal([]byte(e.MiniGame.Payload), &in); err != nil {
		return p, fmt.Errorf("%w: its Payload is not the JSON text of a payment", ErrPushMalformed)
	}
	p.OpenID, p.Sandbox, p.OutTradeNo = in.OpenID, in.Env != 0, in.OutTradeNo
	if p.OpenID == "" {
		p.OpenID = e.From
	}
	p.MchOrderNo, p.TransactionID = in.WeChatPayInfo.MchOrderNo, in.WeChatPayInfo.TransactionID
	goods, coins := in.GoodsInfo, in.CoinInfo
	switch p.Event {
	case PushGoods, PushStoreGoods:
		p.ZoneID, p.ProductID, p.Attach = goods.ZoneID, goods.ProductID, goods.Attach
		p.Quantity, p.Price, p.Paid = int64(goods.Quantity), Fen(goods.OrigPrice), Fen(goods.ActualPrice)
	case PushCoins, PushCenterCoins:
		p.ZoneID, p.Quantity = coins.ZoneID, int64(coins.BuyQuantity)
		p.Price, p.Paid = Fen(coins.OrigPrice), Fen(max(coins.ActualPrice, coins.TotalPrice))
	case PushRefund:
		p.RefundID, p.RefundSource, p.Refunded = in.RefundID, int(in.RefundSource), Fen(in.RefundAmount)
	}
	if p.Mock { // its values are invented, and so may be its signature
		return p, nil
	}
	key := r.cfg.AppKey
	if p.Sandbox {
		key = r.cfg.SandboxAppKey
	}
	if key == "" || !same(e.MiniGame.PayEventSig, PayEventSig(signedAs, e.MiniGame.Payload, key)) {
		return Push{}, fmt.Errorf("%w: PayEventSig does not fit; see that the AppKey is that of environment %d", ErrPushForged, in.Env)
	}
	return p, p.check()
}

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
	case p.Event != PushRefund && (p.OpenID == "" || len(p.OpenID) > 64):
		what = "OpenId"
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

// number is a whole number, written as one or as a text.
type number int64

// UnmarshalJSON accepts 1, "1" and null.
func (n *number) UnmarshalJSON(text []byte) error {
	s := strings.Trim(string(text), `"`)
	if s == "null" || s == "" {
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	*n = number(v)
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
	*b = boolean(v)
	return err
}
