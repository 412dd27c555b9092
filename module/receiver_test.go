package module

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

const pushToken = "the-token"

// receiver serves pushes to take, and posts them.
type receiver struct {
	t   *testing.T
	url string
}

func newReceiver(t *testing.T, take func(context.Context, midas.Push) error, other http.Handler) *receiver {
	t.Helper()
	reader, err := midas.NewPushReader(midas.PushConfig{AppID: "wx1", Token: pushToken, AppKey: "key"})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(&Receiver{Reader: reader, Take: take, Other: other, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(s.Close)
	return &receiver{t, s.URL}
}

func signedURL(base string) string { return signedAs(base, "n") }

func signedAs(base, nonce string) string {
	parts := []string{pushToken, fmt.Sprint(time.Now().Unix()), nonce}
	q := url.Values{"timestamp": {parts[1]}, "nonce": {parts[2]}, "echostr": {"<b>1"}}
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	q.Set("signature", hex.EncodeToString(sum[:]))
	return base + "?" + q.Encode()
}

func (r *receiver) do(method, url, body string) (status int, answer, contentType string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(text), res.Header.Get("Content-Type")
}

const goodsPayload = `{"OpenId":"o1","Env":0,"OutTradeNo":"T1","GoodsInfo":{"ProductId":"pass","Quantity":1,"ZoneId":"1","ActualPrice":600}}`

func goodsPush(asXML bool) string {
	sig := midas.PayEventSig(midas.PushGoods, goodsPayload, "key")
	if asXML {
		return fmt.Sprintf(`<xml><MsgType>event</MsgType><Event>%s</Event><MiniGame><Payload><![CDATA[%s]]></Payload><PayEventSig>%s</PayEventSig></MiniGame></xml>`,
			midas.PushGoods, goodsPayload, sig)
	}
	body, _ := json.Marshal(map[string]any{"MsgType": "event", "Event": midas.PushGoods, "MiniGame": map[string]any{"Payload": goodsPayload, "PayEventSig": sig}})
	return string(body)
}

func TestAPushIsAnsweredOnceItIsTaken(t *testing.T) {
	var taken []midas.Push
	r := newReceiver(t, func(_ context.Context, p midas.Push) error {
		taken = append(taken, p)
		return nil
	}, nil)
	status, answer, kind := r.do("POST", signedURL(r.url), goodsPush(false))
	var inJSON struct {
		ErrCode *int
		ErrMsg  string
	}
	if err := json.Unmarshal([]byte(answer), &inJSON); err != nil || status != 200 || inJSON.ErrCode == nil || *inJSON.ErrCode != 0 || !strings.HasPrefix(kind, "application/json") {
		t.Errorf("%d %s %s", status, kind, answer)
	}
	status, answer, kind = r.do("POST", signedURL(r.url), goodsPush(true))
	var inXML struct {
		XMLName xml.Name `xml:"xml"`
		ErrCode string   `xml:"ErrCode"`
	}
	if err := xml.Unmarshal([]byte(answer), &inXML); err != nil || status != 200 || inXML.ErrCode != "0" || !strings.HasPrefix(kind, "text/xml") {
		t.Errorf("%d %s %s", status, kind, answer)
	}
	if len(taken) != 2 || taken[0].OutTradeNo != "T1" || taken[0].ProductID != "pass" || !taken[1].XML {
		t.Errorf("%+v", taken)
	}
}

func TestTheAddressIsChecked(t *testing.T) {
	r := newReceiver(t, nil, nil)
	if status, answer, kind := r.do("GET", signedURL(r.url), ""); status != 200 || answer != "<b>1" || !strings.HasPrefix(kind, "text/plain") {
		t.Errorf("%d %s %s", status, kind, answer)
	}
	if status, answer, _ := r.do("GET", r.url+"?echostr=hello&timestamp=1&nonce=2&signature=3", ""); status != 403 || strings.Contains(answer, "hello") {
		t.Errorf("%d %s", status, answer)
	}
	if status, _, _ := r.do("PUT", signedURL(r.url), ""); status != 405 {
		t.Errorf("PUT: %d", status)
	}
}

func TestWhatIsNotTakenComesAgain(t *testing.T) {
	r := newReceiver(t, func(ctx context.Context, p midas.Push) error {
		if p.Mock {
			<-ctx.Done() // a database that hangs
			return ctx.Err()
		}
		return errors.New("the disk of secret-host is full")
	}, nil)
	for what, test := range map[string]struct {
		url, body string
		status    int
	}{
		"not stored": {signedURL(r.url), goodsPush(false), 503},
		"unsigned":   {r.url, goodsPush(false), 403},
		"garbage":    {signedURL(r.url), "x", 400},
		"forged":     {signedURL(r.url), strings.Replace(goodsPush(false), "T1", "T2", 1), 403},
		"too large":  {signedURL(r.url), strings.Repeat("x", maxPush+1), 413},
		"hangs":      {signedURL(r.url), strings.Replace(goodsPush(false), `"MiniGame":{`, `"MiniGame":{"IsMock":true,`, 1), 503},
	} {
		start := time.Now()
		status, answer, _ := r.do("POST", test.url, test.body)
		var said struct{ ErrCode int }
		if err := json.Unmarshal([]byte(answer), &said); err != nil || status != test.status || said.ErrCode == 0 || strings.Contains(answer, "secret") {
			t.Errorf("%s: %d %s", what, status, answer)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("%s: answered after %s", what, took)
		}
	}
}

// A game has one address for all pushes; those that are not ours reach their own handler as they came.
func TestOtherPushesGoOnAsTheyCame(t *testing.T) {
	const text = `{"MsgType":"text","Content":"hello"}`
	took := 0
	take := func(context.Context, midas.Push) error { took++; return nil }
	r := newReceiver(t, take, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, body, r.URL.Query().Get("nonce"))
	}))
	if status, answer, _ := r.do("POST", signedURL(r.url), text); status != 200 || answer != "POST "+text+" n" || took != 0 {
		t.Errorf("%d %s, taken %d", status, answer, took)
	}
	if status, _, _ := r.do("POST", r.url, text); status != 403 {
		t.Errorf("an unsigned one: %d", status)
	}
	if status, answer, _ := r.do("POST", signedURL(r.url), goodsPush(false)); status != 200 || took != 1 {
		t.Errorf("ours: %d %s, taken %d", status, answer, took)
	}
	alone := newReceiver(t, take, nil)
	if status, answer, _ := alone.do("POST", signedURL(alone.url), text); status != 200 || !strings.Contains(answer, `"ErrCode":0`) {
		t.Errorf("nobody else: %d %s", status, answer)
	}
}

func TestAFloodOfPushesIsTurnedAway(t *testing.T) {
	hold, here := make(chan struct{}), make(chan struct{}, maxPushes)
	r := newReceiver(t, func(context.Context, midas.Push) error {
		here <- struct{}{}
		<-hold
		return nil
	}, nil)
	var wg sync.WaitGroup
	for range maxPushes {
		wg.Go(func() {
			if status, answer, _ := r.do("POST", signedURL(r.url), goodsPush(false)); status != 200 {
				t.Errorf("%d %s", status, answer)
			}
		})
	}
	for range maxPushes {
		<-here
	}
	if status, _, _ := r.do("POST", signedURL(r.url), goodsPush(false)); status != 503 {
		t.Errorf("one too many: %d", status)
	}
	close(hold)
	wg.Wait()
}
