package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	_ "modernc.org/sqlite" // the ledger's

	"github.com/leafmidas/leafmidas/ledger"
)

// opsToken lets the operator in.
const opsToken = "token-of-the-operator-in-tests"

// disputedBill was paid for before this server began, and nobody knows whether it was granted.
const disputedBill = "01DISPUTEDBEFORETHESTART00"

// dispute puts an order into the ledger that waits for an operator.
func dispute(file string) error {
	ctx := context.Background()
	l, err := ledger.Open(ctx, ledger.Config{DSN: file})
	if err != nil {
		return err
	}
	defer l.Close()
	at := time.Now().Add(-3 * time.Hour).Truncate(time.Second)
	before, _, err := l.Create(ctx, ledger.Order{
		BillNo: disputedBill, Kind: ledger.Purchase, OpenID: "openid-of-a-patient-player", ZoneID: "1", RequestID: "p7", ItemID: "shield",
		Quantity: 1, Amount: 120, State: ledger.Created, CreatedAt: at, UpdatedAt: at, DueAt: at,
	})
	for i, to := range []struct {
		state ledger.State
		note  string
	}{{ledger.Paying, ""}, {ledger.Paid, "deducted"}, {ledger.Disputed, "not delivered in 20 tries: the game answered: bag service unreachable"}} {
		if err != nil {
			return err
		}
		after := before
		after.State, after.Note, after.UpdatedAt = to.state, to.note, at.Add(time.Duration(i+1)*time.Second)
		if after.DueAt = after.UpdatedAt; to.state.Ended() {
			after.DueAt = time.Time{}
		}
		before, err = l.Advance(ctx, before, after)
	}
	return err
}

// operate opens the operator's page by the address that the server prints.
func operate(t *testing.T, path string, width, height int64, actions ...chromedp.Action) *tab {
	t.Helper()
	if shop.missing != "" {
		t.Skip(shop.missing)
	}
	shop.count++
	ctx, end := chromedp.NewContext(shop.browser)
	p := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, p.hear)
	t.Cleanup(func() {
		end()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, e := range p.errors {
			t.Errorf("the console says: %s", e)
		}
	})
	p.run(log.Enable(), runtime.Enable(), chromedp.EmulateViewport(width, height, func(d *emulation.SetDeviceMetricsOverrideParams, _ *emulation.SetTouchEmulationEnabledParams) {
		d.Mobile = width < 600
	}))
	p.run(actions...)
	p.run(chromedp.Navigate("http://" + shop.addr + "/ops/" + path))
	return p
}

// desk is an operator who is in, and sees charts.
func desk(t *testing.T) *tab {
	t.Helper()
	p := operate(t, "#token="+opsToken, 1280, 900)
	p.is("charts are drawn", `document.querySelectorAll('.u-wrap canvas').length === 4`)
	return p
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
	player.buy("potion")
	player.bag("potion", 1)
	p.is("calls are counted", `/[1-9]/.test(document.querySelector('.u-wrap').parentElement.getAttribute('aria-label')) || +document.querySelector('.funnel li:nth-child(3) b').textContent > 0`)
	player.weather("5xx")
	player.buy("potion")
	p.says("Shop held back")
	p.is("the breaker's ribbon is red", `!!document.querySelector('.ribbon .open')`)
	p.is("the open order is listed", `!!document.querySelector('section[aria-label="Oldest open orders"] .link')`)
	player.weather("fine")
	p.says("Shop open")
	p.is("nothing is open any more", `!document.querySelector('section[aria-label="Oldest open orders"] .link')`)
	player.bag("potion", 2)
}

func TestAPlayersOrdersAreSearchedAndTraced(t *testing.T) {
	player, p := desktop(t, "searched"), desk(t)
	player.present(60)
	player.balance("60")
	player.buy("sword")
	player.bag("sword", 1)
	bill := newestOrder(t)
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

// newestOrder asks the API.
func newestOrder(t *testing.T) string {
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
	var found struct {
		Orders []struct {
			BillNo string `json:"bill_no"`
		}
	}
	if err := json.NewDecoder(reply.Body).Decode(&found); err != nil || len(found.Orders) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	return found.Orders[0].BillNo
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
	p.press("Resume")
	p.says("Shop open")
	player.is("the shop is open", `!document.querySelector('#closed')`)
}

func TestADisputedOrderIsSettledWithAReason(t *testing.T) {
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

// ledgerOf is where the tests' server keeps its orders.
func ledgerOf(folder string) string { return filepath.Join(folder, "orders.db") }
