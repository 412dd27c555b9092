package crowd

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
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

// PushToken and PushKey are those of the game's callback address; PushFen is the price of what is bought in its store
// page.
const (
	PushToken = "bench-token"
	PushKey   = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"
	PushFen   = 600
)

// pusher posts pushes in secure mode: goods that somebody has bought in the store page.
type pusher struct{ token, url string }

// post sends one, and tells its answer.
func (p pusher) post(ctx context.Context, client *http.Client, openid string) (status int, answer string, err error) {
	const event = midas.PushStoreGoods
	payload := fmt.Sprintf(`{"OpenId":"%s","Env":1,"OutTradeNo":"S%d","GoodsInfo":{"ProductId":"%s","Quantity":1,"ZoneId":"1","OrigPrice":%d,"ActualPrice":%d}}`,
		openid, time.Now().UnixNano(), ItemID, PushFen, PushFen)
	body, err := json.Marshal(map[string]any{"MsgType": "event", "Event": event, "FromUserName": openid, "MiniGame": map[string]any{
		"Payload": payload, "PayEventSig": midas.PayEventSig(event, payload, emulator.DefaultSandboxAppKey),
	}})
	if err != nil {
		return 0, "", err
	}
	sealed, err := seal(body)
	if err != nil {
		return 0, "", err
	}
	timestamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), strconv.FormatInt(time.Now().UnixNano()%1e9, 10)
	query := url.Values{
		"timestamp": {timestamp}, "nonce": {nonce}, "encrypt_type": {"aes"},
		"signature": {p.sign(timestamp, nonce)}, "msg_signature": {p.sign(timestamp, nonce, sealed)},
	}
	body, err = json.Marshal(map[string]string{"ToUserName": "gh_bench", "Encrypt": sealed})
	if err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

func (p pusher) sign(texts ...string) string {
	texts = append(texts, p.token)
	slices.Sort(texts)
	sum := sha1.Sum([]byte(strings.Join(texts, "")))
	return hex.EncodeToString(sum[:])
}

// seal encrypts a message as WeChat does in secure mode.
func seal(message []byte) (string, error) {
	const random, multiple = 16, 32
	key, err := base64.StdEncoding.DecodeString(PushKey + "=")
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	text := make([]byte, random)
	_, _ = rand.Read(text) // never fails
	text = binary.BigEndian.AppendUint32(text, uint32(len(message)))
	text = append(append(text, message...), emulator.DefaultAppID...)
	padding := multiple - len(text)%multiple
	text = append(text, bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(text, text)
	return base64.StdEncoding.EncodeToString(text), nil
}

// Push posts pushes at s.Rate to s.Push, each for one of s.Count players, and tells how long each answer took. One that
// is not taken is an error.
func (l *Service) Push(s Some, took *[]time.Duration) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: s.Rate}}
	defer client.CloseIdleConnections()
	honest := pusher{token: PushToken, url: s.Push}
	group, ctx := errgroup.WithContext(context.Background())
	all := make(chan time.Duration, s.Rate*(int(s.During/time.Second)+2))
	tick := time.NewTicker(time.Second / time.Duration(s.Rate))
	defer tick.Stop()
	n := 0
	for end := time.Now().Add(s.During); time.Now().Before(end) && ctx.Err() == nil; n++ {
		<-tick.C
		openid := emulator.OpenIDOf(PlayerName(s.First + n%s.Count))
		group.Go(func() error {
			began := time.Now()
			status, answer, err := honest.post(ctx, client, openid)
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("a push was answered %d %s", status, answer)
			}
			all <- time.Since(began)
			return err
		})
	}
	err := group.Wait()
	close(all)
	for one := range all {
		*took = append(*took, one)
	}
	return err
}
