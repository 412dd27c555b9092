package browsertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	_ "modernc.org/sqlite" // the ledger's

	"github.com/leafmidas/leafmidas/ledger"
)

// opsToken lets the operator in.
const opsToken = "token-of-the-operator-in-tests"

// dispute sees that one order waits for an operator: it was paid for, and nobody knows whether it was granted. The
// server never had it: what is due is due after the tests.
func dispute(t *testing.T) {
	t.Helper()
	if shop.missing != "" {
		t.Skip(shop.missing)
	}
	ctx := t.Context()
	l, err := ledger.Open(ctx, ledger.Config{DSN: shop.ledger})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const bill = "01DISPUTEDBEFORETHESTART"
	had, _, err := l.Search(ctx, ledger.Filter{BillPrefix: bill})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range had {
		if o.State == ledger.Disputed {
			return
		}
	}
	at := time.Now().Add(-3 * time.Hour).Truncate(time.Second)
	due := time.Now().Add(time.Hour)
	before, _, err := l.Create(ctx, ledger.Order{
		BillNo: fmt.Sprintf("%s%02d", bill, len(had)), Kind: ledger.Purchase, OpenID: "openid-of-a-patient-player", ZoneID: "1",
		RequestID: fmt.Sprintf("p%d", 7+len(had)), ItemID: "shield", Quantity: 1, Amount: 120, State: ledger.Created, CreatedAt: at, UpdatedAt: at, DueAt: due,
	})
	for i, to := range []struct {
		state ledger.State
		note  string
	}{{ledger.Paying, ""}, {ledger.Paid, "deducted"}, {ledger.Disputed, "not delivered in 20 tries: the game answered: bag service unreachable"}} {
		if err != nil {
			t.Fatal(err)
		}
		after := before
		after.State, after.Note, after.UpdatedAt = to.state, to.note, at.Add(time.Duration(i+1)*time.Second)
		if to.state.Ended() {
			after.DueAt = time.Time{}
		}
		before, err = l.Advance(ctx, before, after)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// operate opens the operator's page by the address that the server prints.
func operate(t *testing.T, path string, width, height int64, actions ...chromedp.Action) *tab {
	t.Helper()
	return newTab(t, "http://"+shop.addr+"/ops/"+path, width, height, actions...)
}

// desk is an operator who is in, and sees charts.
func desk(t *testing.T) *tab {
	t.Helper()
	p := operate(t, "#token="+opsToken, 1280, 900)
	p.is("there are charts", `document.querySelectorAll('.u-wrap canvas').length === 4`)
	p.is("charts are drawn", `[...document.querySelectorAll('.u-wrap canvas')].every((c) => `+pixels+`(c).some((v) => v))`)
	return p
}

// pixels reads a copy: the browser complains where a canvas of a page is read again and again.
const pixels = `((c) => {
	const copy = new OffscreenCanvas(c.width, c.height).getContext('2d', { willReadFrequently: true });
	copy.drawImage(c, 0, 0);
	return copy.getImageData(0, 0, c.width, c.height).data;
})`

// What the desk shows. Calls that were done are green in their chart, and nothing else there is.
const (
	callsDone = `+/done ([\d.]+)/.exec(document.querySelector('section[aria-label^="Calls to Midas"] [role=img]').getAttribute('aria-label'))[1]`
	greenLine = `((at) => at.some((v, i) => i % 4 === 0 && Math.abs(v - 11) + Math.abs(at[i + 1] - 122) + Math.abs(at[i + 2] - 69) < 40 && at[i + 3] > 200))(` +
		pixels + `(document.querySelector('section[aria-label^="Calls to Midas"] canvas')))`
	ofPay = `[...document.querySelectorAll('.ribbons li')].find((l) => l.querySelector('.name').textContent === 'pay').querySelector('.word').textContent`
)

// reached is how many orders the funnel shows in a state.
func reached(state string) string {
	return fmt.Sprintf(`+[...document.querySelectorAll('.funnel li')].find((l) => l.querySelector('.name').textContent === %q).querySelector('b').textContent`, state)
}

func (p *tab) press(label string) {
	p.t.Helper()
	p.is("there is a button "+label, fmt.Sprintf(`[...document.querySelectorAll('button')].some((b) => b.textContent === %q && !b.disabled)`, label))
	p.run(chromedp.Evaluate(fmt.Sprintf(`[...document.querySelectorAll('button')].find((b) => b.textContent === %q).click()`, label), nil))
}

func TestAnOperatorGetsInWithTheTokenOnly(t *testing.T) {
	p := operate(t, "", 1280, 900)
	p.cutAside = true // the console notes the refusal
	p.is("it asks for the token", `!!document.querySelector('[name=token]')`)
	p.run(chromedp.SendKeys("[name=token]", "not-the-token-at-all"+kb.Enter, chromedp.ByQuery))
	p.says("This token is not the server’s.")
	p.run(chromedp.SendKeys("[name=token]", opsToken+kb.Enter, chromedp.ByQuery))
	p.says("Shop open")
	p.is("the token is not kept beyond this tab", `!JSON.stringify(localStorage).includes('token-of')`)
	p.press("Leave")
	p.is("it asks again", `!!document.querySelector('[name=token]')`)
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []string
	for _, e := range p.errors {
		if !strings.Contains(e, "401") {
			left = append(left, e)
		}
	}
	p.errors = left
}

func TestThePrintedAddressLetsInAndLosesItsToken(t *testing.T) {
	p := desk(t)
	p.is("the address bar has no token", `!location.href.includes('token')`)
	p.run(chromedp.Reload())
	p.says("Shop open")
}

func TestAnOperatorSeesAnOutageAndItsEnd(t *testing.T) {
	p, player := desk(t), desktop(t, "unlucky")
	player.present(60)
	player.balance("60")
	p.run(chromedp.Evaluate(`(() => { const s = document.querySelector('.choose select'); s.value = 'pay'; s.dispatchEvent(new Event('change', { bubbles: true })); })()`, nil))
	p.is("nobody has paid lately", callsDone+` === 0`)
	var paid, delivered int
	p.evaluate(reached("paid"), &paid)
	p.evaluate(reached("delivered"), &delivered)
	player.buy("potion")
	p.is("the call is in its chart", callsDone+` > 0`)
	p.is("it is drawn", greenLine)
	p.is("the order is in the funnel", fmt.Sprintf(`%s === %d && %s > %d`, reached("paid"), paid+1, reached("delivered"), delivered))
	player.bag("potion", 1)
	p.is("the breaker's ribbon is green", ofPay+` === 'closed'`)
	player.weather("5xx")
	player.buy("potion")
	p.says("Shop held back")
	p.is("the breaker's ribbon is red", ofPay+` === 'open' && !!document.querySelector('.ribbon .open')`)
	listed := fmt.Sprintf(`[...document.querySelectorAll('section[aria-label="Oldest open orders"] .link')].some((l) => l.textContent === %q)`, newestPurchase(t).BillNo)
	p.is("the open order is listed", listed)
	player.weather("fine")
	p.says("Shop open")
	p.is("it is no longer open", "!"+listed)
	p.is("the breaker's ribbon goes on in green", ofPay+` === 'closed'`)
	player.bag("potion", 2)
}

func TestAPlayersOrdersAreSearchedAndTraced(t *testing.T) {
	player, p := desktop(t, "searched"), desk(t)
	player.present(60)
	player.balance("60")
	player.buy("sword")
	player.bag("sword", 1)
	bill := newestPurchase(t).BillNo
	p.run(chromedp.SendKeys(".search input", bill+kb.Enter, chromedp.ByQuery))
	p.is("one order is found", `document.querySelectorAll('section[aria-label=Found] .link').length === 1`)
	p.click("section[aria-label=Found] .link")
	p.is("its history is a timeline", `document.querySelector('.timeline li:last-child b').textContent.endsWith('delivered')`)
	var openid string
	p.evaluate(`document.querySelector('.detail dd code').textContent`, &openid)
	p.run(chromedp.Evaluate(`document.querySelector('.search input').select()`, nil), chromedp.SendKeys(".search input", openid+kb.Enter, chromedp.ByQuery))
	p.is("the player's present is found too", `document.querySelectorAll('section[aria-label=Found] .link').length === 2`)
	p.press("Close")
	p.is("it is closed", `!document.querySelector('.detail')`)
}

// purchase is one as the server has it.
type purchase struct {
	BillNo string `json:"bill_no"`
	State  string `json:"state"`
}

// newestPurchase asks the API; it is the zero purchase while there is none.
func newestPurchase(t *testing.T) purchase {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+shop.addr+"/ops/api/orders?kind=purchase&limit=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+opsToken)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var found struct{ Orders []purchase }
	if err := json.NewDecoder(reply.Body).Decode(&found); err != nil || reply.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", reply.Status, err)
	}
	if len(found.Orders) == 0 {
		return purchase{}
	}
	return found.Orders[0]
}

func TestTheShopIsPausedForEverybody(t *testing.T) {
	player, p := desktop(t, "patient"), desk(t)
	p.press("Pause the shop")
	p.says("Players of this server can buy nothing until it is resumed")
	p.press("No")
	p.press("Pause the shop")
	p.press("Yes, pause it")
	p.says("Shop paused")
	player.is("the shop is closed", `!!document.querySelector('#closed')`)
	latecomer := desktop(t, "latecomer")
	latecomer.is("the shop is closed for who comes later, too", `!!document.querySelector('#closed')`)
	latecomer.is("it is said why", `document.querySelector('#closed').textContent.includes('The game has closed it for now')`)
	latecomer.is("nothing can be bought", `document.querySelector("[data-item='potion']").getAttribute('aria-disabled') === 'true'`)
	p.run(page.BringToFront())
	p.press("Resume")
	p.says("Shop open")
	for _, one := range []*tab{player, latecomer} {
		one.is("the shop is open", `!document.querySelector('#closed')`)
	}
}

func TestADisputedOrderIsSettledWithAReason(t *testing.T) {
	dispute(t)
	p := desk(t)
	p.is("it waits for a decision", `!!document.querySelector('section[aria-label="Waiting for a decision"] .link')`)
	p.click(`section[aria-label="Waiting for a decision"] .link`)
	p.says("bag service unreachable")
	p.press("Settle")
	p.is("nothing is settled without an end and a reason", `!!document.querySelector('.decide')`)
	p.run(chromedp.Click(`.choice:first-of-type input`, chromedp.ByQuery))
	p.run(chromedp.SendKeys(`.decide label:nth-of-type(3) input`, "granted by hand, ticket 7", chromedp.ByQuery))
	p.run(chromedp.SendKeys(`.decide label:nth-of-type(4) input`, "anna", chromedp.ByQuery))
	p.press("Settle")
	p.says("Settled.")
	p.is("the history says who and why", `document.querySelector('.timeline').textContent.includes('granted by hand, ticket 7') && document.querySelector('.timeline').textContent.includes('operator anna')`)
	p.is("nothing waits any more", `!document.querySelector('section[aria-label="Waiting for a decision"]')`)
}

// A push that did not fit is shown with why and what to do; what a stranger has put into it does nothing to the page;
// and it is put away with a reason.
func TestAPushThatDidNotFitIsShownAndPutAway(t *testing.T) {
	if shop.missing != "" {
		t.Skip(shop.missing)
	}
	l, err := ledger.Open(t.Context(), ledger.Config{DSN: shop.ledger, AsIs: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at := time.Now().Add(-time.Hour)
	id := fmt.Sprintf("%064x", at.UnixNano())
	for range 2 {
		if _, err := l.KeepPush(t.Context(), ledger.Kept{
			ID: id, FirstAt: at, LastAt: at, Event: "xpay_goods_deliver_notify", OpenID: "o\u202egpj<b>x</b>\u2066", OutTradeNo: "T1\u200b2",
			Why: "Midas was paid 1 fen, and the order is for 600 fen", Body: "{\"a\":\"\u202e\"}",
		}); err != nil {
			t.Fatal(err)
		}
	}
	p := desk(t)
	of := func(selector string) string {
		return `document.querySelector('[data-push="` + id + `"] ` + selector + `')`
	}
	p.is("it is there", `!!`+of("dl"))
	p.is("why, how often, and what to do", `document.querySelector('[data-push="`+id+`"]').textContent.includes('the order is for 600 fen') && `+
		of("dl")+`.textContent.includes('2 times') && `+of("dl")+`.textContent.includes('Grant by hand what was paid for')`)
	p.is("what cannot be seen is written out", of("dl")+`.textContent.includes('o\\u202egpj<b>x</b>\\u2066') && `+of("dl")+`.textContent.includes('T1\\u200b2')`)
	p.is("nothing on the page turns the reading direction or hides", `!/[\p{Cf}\p{Zl}\p{Zp}]/u.test(document.body.textContent)`)
	p.is("it is counted", `[...document.querySelectorAll('.figures div')].some((d) => d.textContent === 'kept pushes1')`)
	p.press("Put away")
	p.run(chromedp.SendKeys(`[data-push] label:nth-of-type(1) input`, "given back in the console", chromedp.ByQuery))
	p.run(chromedp.SendKeys(`[data-push] label:nth-of-type(2) input`, "anna", chromedp.ByQuery))
	p.click(`[data-push] .main`)
	p.is("it is gone", `!document.querySelector('[data-push]')`)
	if list, err := l.KeptPushes(t.Context(), 10); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestTheOperatorsPageSpeaksChineseAndFitsAPhone(t *testing.T) {
	p := operate(t, "#token="+opsToken, 360, 740)
	p.says("Shop open")
	p.press("中文")
	p.says("商店营业中")
	p.is("it is said to be Chinese", `document.documentElement.lang === 'zh-CN'`)
	p.is("nothing hangs over the edge", `document.documentElement.scrollWidth <= 360`)
	p.press("English")
	p.says("Shop open")
}

func TestEveryControlOfTheOperatorsPageHasAName(t *testing.T) {
	p := desk(t)
	p.named("the desk")
}
