package browsertest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

func desktop(t *testing.T, name string) *tab {
	t.Helper()
	p := open(t, shop.addr, 1200, 860)
	p.enter(name)
	return p
}

// A name that turns the reading direction, hides or breaks the line does not do so on the page; emoji stay what they
// are.
func TestANameFromOutsideDoesNothingToThePage(t *testing.T) {
	p := open(t, shop.addr, 1200, 860, ahead(`(() => {
		const real = window.fetch;
		window.fetch = async (what, how) => {
			const answer = await real(what, how);
			if (what !== '/shop.json') return answer;
			const catalogue = await answer.json();
			catalogue.items.find((i) => i.id === 'potion').name = 'Po\u202enoit\u2066\u200b\u{e0041}\u{1f468}\u200d\u{1f469}\x1b[31m';
			return new Response(JSON.stringify(catalogue));
		};
	})()`))
	p.is("the name is written out", `document.body.textContent.includes('Po\\u202enoit\\u2066\\u200b\\udb40\\udc41\u{1f468}\u200d\u{1f469}\\u001b[31m')`)
	p.is("nothing turns the reading direction or hides", `!/(?!\u200d)[\p{Cf}\p{Zl}\p{Zp}]/u.test(document.body.textContent)`)
	p.is("nor in what is read out", `[...document.querySelectorAll('[aria-label]')].every((e) => !/(?!\u200d)[\p{Cf}\p{Zl}\p{Zp}]/u.test(e.getAttribute('aria-label')))`)
}

func TestAPlayerBuysWithCoins(t *testing.T) {
	p := desktop(t, "buyer")
	p.present(60)
	p.balance("60")
	p.buy("sword")
	p.announced("Sword of Dawn ×1 is in your bag")
	p.balance("0")
	p.bag("sword", 1)
	p.is("the order is delivered", `document.querySelector('[data-order]').dataset.state === 'DELIVERED'`)
}

// However often a button is pressed before its answer, it is one purchase and one window.
func TestAButtonThatIsPressedTwiceSpendsOnce(t *testing.T) {
	p := desktop(t, "hasty")
	p.present(600)
	p.balance("600")
	p.click("[data-item='sword']")
	p.opened("confirm")
	p.run(chromedp.Evaluate(`(() => { const buy = document.querySelector('#buy'); buy.click(); buy.click(); })()`, nil))
	p.bag("sword", 1)
	p.balance("540")
	p.is("there is one order", `document.querySelectorAll('[data-order]').length === 1`)
	p.run(chromedp.Evaluate(`(() => { const tier = document.querySelector("[data-coins='60']"); tier.click(); tier.click(); })()`, nil))
	p.click("#pay")
	p.balance("600")
	p.is("there was one window", `document.querySelectorAll('[data-recharge]').length === 1 && !document.querySelector('#pay')`)
}

func TestWithoutCoinsThePlayerIsToldAndNothingIsTaken(t *testing.T) {
	p := desktop(t, "poor")
	p.buy("sword")
	p.says("Not enough coins")
	p.balance("0")
	p.is("the order failed", `document.querySelector('[data-order]').dataset.state === 'FAILED'`)
}

func TestARechargeThatIsCreditedLateArrivesByItself(t *testing.T) {
	p := desktop(t, "late")
	p.click("[data-coins='60']")
	p.click("#pay-late")
	p.balance("60")
	p.announced("60 coins arrived")
	p.is("it was announced before that they would come", `(([will, have]) => will >= 0 && will < have)(
		['The coins will come by themselves', '60 coins arrived'].map((text) => [...announced].findIndex((said) => said.includes(text))))`)
}

func TestARechargeThatIsCancelledCostsNothing(t *testing.T) {
	p := desktop(t, "fickle")
	p.click("[data-coins='60']")
	p.click("#pay-cancel")
	p.announced("Payment cancelled. Nothing was charged.")
	p.balance("0")
}

// What became of every window stays on the page, also after a reload.
func TestAPlayerSeesTheRechargesOfBefore(t *testing.T) {
	p := desktop(t, "collector")
	p.click("[data-coins='60']")
	p.click("#pay-cancel")
	p.announced("Payment cancelled. Nothing was charged.")
	p.is("the closed window is listed", `document.querySelector('[data-recharge]')?.dataset.state === 'CANCELLED'`)
	p.click("[data-coins='60']")
	p.click("#pay")
	p.balance("60")
	listed := `(() => {
		const rows = [...document.querySelectorAll('[data-recharge]')];
		return rows.length === 2 && rows[0].dataset.state === 'CREDITED' && rows[0].textContent.includes('60') && rows[1].dataset.state === 'CANCELLED';
	})()`
	p.is("both are listed, the newest first", listed)
	p.run(chromedp.Reload())
	p.loaded()
	p.is("both are listed after a reload", listed)
}

func TestARechargeWhoseCallbackIsLostIsFoundAfterTheRestart(t *testing.T) {
	p := desktop(t, "killed")
	p.click("[data-coins='60']")
	p.click("#pay-lost")
	p.announced("has started again")
	p.balance("60")
}

func TestAnItemIsBoughtWithMoney(t *testing.T) {
	p := desktop(t, "rich")
	p.buy("pass")
	p.click("#pay")
	p.announced("Season Pass ×1 is in your bag")
	p.bag("pass", 1)
}

// The device in the player's hand decides what is sold for money; coins that are there are spent on each.
func TestTheDeviceDecidesWhatIsSoldForMoney(t *testing.T) {
	p := desktop(t, "traveller")
	p.present(60)
	p.balance("60")
	take := func(device string) {
		p.click(".curtain")
		p.opened("drawer")
		p.run(chromedp.Evaluate(`(() => {
			const device = document.querySelector('#device');
			device.value = '`+device+`';
			device.dispatchEvent(new Event('change', { bubbles: true }));
		})()`, nil))
		p.closed()
		p.balance("60")
	}
	take("ios") // Apple's payment has no sandbox
	p.is("nothing is sold for money", `!!document.querySelector('#cannot-pay') && !document.querySelector('[data-coins]') && !document.querySelector("[data-item='pass']")`)
	take("windows")
	p.is("coins and goods are sold", `!document.querySelector('#cannot-pay') && !!document.querySelector('[data-coins]') && !!document.querySelector("[data-item='pass']")`)
	p.click("[data-coins='60']") // by the signed call
	p.click("#pay")
	p.announced("60 coins arrived")
	p.balance("120")
	p.buy("sword")
	p.bag("sword", 1)
}

func TestAnOutageClosesTheShopAndItOpensAgainByItself(t *testing.T) {
	p := desktop(t, "patient")
	p.present(60)
	p.balance("60")
	p.weather("5xx")
	p.buy("sword")
	p.is("the shop is closed", `!!document.querySelector('#closed')`)
	p.is("the order waits", `document.querySelector('[data-order]').dataset.state === 'PENDING'`)
	p.weather("fine")
	p.reopened()
	p.bag("sword", 1)
	p.balance("0")
}

func TestALookAtThePurseInAnOutageDoesNotCloseTheShop(t *testing.T) {
	p := desktop(t, "anxious")
	p.present(60)
	p.balance("60")
	p.silence()
	p.weather("5xx")
	defer p.weather("fine")
	p.click("#purse")
	p.announced("Midas cannot be asked just now. This is your balance as of")
	p.is("the balance is shown as old", `document.querySelector('#purse b').className === 'old' && document.querySelector('#purse b').textContent === '60'`)
	p.is("the shop is open", `!appeared.has('closed')`)
	p.buy("potion")
	p.is("the shop is closed", `!!document.querySelector('#closed')`)
	p.silence()
	p.click("#purse")
	p.is("it is said that the balance is old", `!!document.querySelector('.toast.plain')`)
	p.weather("fine")
	p.reopened()
	p.is("the true balance is shown without a look", `document.querySelector('#purse b').className !== 'old'`)
	p.bag("potion", 1)
	p.buy("potion")
	p.bag("potion", 2)
	p.is("the shop is open", `!document.querySelector('#closed')`)
}

func TestAnOrderThatIsServedShowsThatTheShopIsOpenAgain(t *testing.T) {
	deaf := ahead(`const heard = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');
		const opens = (e) => new TextDecoder().decode(e.data).includes('"available":true');
		Object.defineProperty(WebSocket.prototype, 'onmessage', { set(f) { heard.set.call(this, f && ((e) => opens(e) ? window.missed = true : f(e))); } });`)
	p := open(t, shop.addr, 1200, 860, deaf)
	p.enter("deaf")
	p.present(60)
	p.balance("60")
	p.weather("5xx")
	defer p.weather("fine")
	p.buy("potion")
	p.is("the shop is closed", `!!document.querySelector('#closed')`)
	p.weather("fine")
	p.bag("potion", 1)
	p.is("the page has missed that it is open, and what was ordered before does not tell", `window.missed && !!document.querySelector('#closed')`)
	p.buy("potion")
	p.bag("potion", 2)
	p.reopened()
}

func TestAPurchaseSurvivesACutConnection(t *testing.T) {
	if shop.missing != "" {
		t.Skip(shop.missing)
	}
	line := newCutter(t)
	p := open(t, line.Addr().String(), 1200, 860)
	p.cutAside = true
	p.enter("cut")
	p.present(60)
	p.balance("60")
	p.weather("hang") // until the line is cut
	defer recovered(t)
	before := newestPurchase(t)
	p.buy("sword")
	bought(t, "paying", before)
	line.cut(true)
	p.is("it says that the connection is lost", `!!document.querySelector('#offline')`)
	recovered(t)
	bought(t, "delivered", before)
	p.is("the page does not know how the purchase ends", `['SENDING', 'PENDING'].includes(document.querySelector('[data-order]').dataset.state)`)
	line.cut(false)
	p.is("it is connected again", `!document.querySelector('#offline')`)
	p.bag("sword", 1)
	p.balance("0")
	p.is("there is one order, delivered", `[...document.querySelectorAll('[data-order]')].map((o) => o.dataset.state).join() === 'DELIVERED'`)
}

// bought waits until the server has a purchase after another, in a state.
func bought(t *testing.T, state string, after purchase) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	over := time.After(soon)
	for {
		newest := newestPurchase(t)
		if newest.BillNo != after.BillNo && newest.State == state {
			return
		}
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("no purchase after %s is %s: the newest is %+v", after.BillNo, state, newest)
		}
	}
}

// recovered ends Midas's trouble without a page.
func recovered(t *testing.T) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+shop.addr+"/midas/weather", strings.NewReader(`{"weather":"fine"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "http://"+shop.addr)
	reply, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		t.Fatalf("Midas does not recover: %s", reply.Status)
	}
}

func TestAPurchaseMadeWithoutAConnectionGoesOutWhenThereIsOne(t *testing.T) {
	if shop.missing != "" {
		t.Skip(shop.missing)
	}
	line := newCutter(t)
	p := open(t, line.Addr().String(), 1200, 860)
	p.cutAside = true
	p.enter("tunnel")
	p.present(60)
	p.balance("60")
	before := newestPurchase(t)
	line.cut(true)
	p.is("it says that the connection is lost", `!!document.querySelector('#offline')`)
	p.buy("sword")
	p.is("the order waits to be sent", `document.querySelector('[data-order]').dataset.state === 'SENDING'`)
	if newest := newestPurchase(t); newest != before {
		t.Errorf("the server has %+v", newest)
	}
	line.cut(false)
	p.bag("sword", 1)
	p.balance("0")
	p.is("there is one order, delivered", `[...document.querySelectorAll('[data-order]')].map((o) => o.dataset.state).join() === 'DELIVERED'`)
}

func TestTwoTabsOfOnePlayerSeeTheSame(t *testing.T) {
	one := desktop(t, "double")
	two := one.another(shop.addr, 1200, 860)
	two.enter("double")
	one.run(page.BringToFront())
	one.present(600)
	one.balance("600")
	two.balance("600")
	two.run(page.BringToFront())
	two.buy("shield")
	one.balance("555")
	one.bag("shield", 1)
	two.bag("shield", 1)
}

// At http://192.168.… a browser has no crypto.randomUUID.
func TestAPlayerBuysAtAnAddressOfTheLocalNetwork(t *testing.T) {
	p := open(t, shop.addr, 1200, 860, ahead(`delete Crypto.prototype.randomUUID;`))
	p.is("it is missing", `crypto.randomUUID === undefined`)
	p.enter("neighbour")
	p.present(60)
	p.balance("60")
	p.buy("sword")
	p.bag("sword", 1)
}

// A browser that is busy, or whose tab is in the background, paints late.
func TestTheGoodsAreShownThoughNoFrameIsPainted(t *testing.T) {
	open(t, shop.addr, 1200, 860, ahead(`const later = setTimeout;
		requestAnimationFrame = () => 0;
		setTimeout = (f, ms, ...args) => later(f, ms + 2000, ...args);`))
}

// What is said goes away after a while; here it does when a test says go().
const unhurried = `const later = setTimeout, while6s = [];
	setTimeout = (f, ms, ...args) => ms === 6000 ? while6s.push(f) : later(f, ms, ...args);
	window.go = () => while6s.splice(0).forEach((f) => f());`

func TestWhatCanBeAnsweredIsSaidUntilItIsOrThePlayerLeaves(t *testing.T) {
	p := open(t, shop.addr, 1200, 860, ahead(unhurried))
	p.enter("slow")
	p.buy("sword")
	p.is("it is said that coins are short", `!!document.querySelector('.toast button:not(.x)')`)
	p.present(60)
	p.says("A present: 60 coins")
	p.present(600)
	p.says("A present: 600 coins")
	p.buy("potion")
	p.says("Healing Potion ×1 is in your bag")
	p.is("it is one of the three things that are said", `document.querySelectorAll('.toast').length === 3 && !!document.querySelector('.toast button:not(.x)')`)
	p.click("[data-coins='60']")
	p.click("#pay-cancel")
	p.says("Payment cancelled. Nothing was charged.")
	p.is("it is answered", `!document.querySelector('.toast button:not(.x)')`)
	p.click(".who")
	p.is("the player has left, and nothing is said", `!!document.querySelector('.entrance') && !document.querySelector('.toast')`)
}

// An order is cancelled for many reasons, which the page is not told, and may have been paid for with money.
func TestWhatIsSaidOfAnOrderThatWasCancelledIsTrueOfAll(t *testing.T) {
	p := desktop(t, "hoarder")
	p.present(600)
	p.balance("600")
	p.click("[data-item=potion]")
	p.run(chromedp.Evaluate(`for (let i = 0; i < 98; i++) document.querySelector('.stepper button:last-child').click()`, nil))
	p.is("there are 99", `document.querySelector('.stepper output').textContent === '99'`)
	p.click("#buy")
	p.bag("potion", 99)
	p.buy("potion")
	p.is("the order is cancelled, for the bag is full", `document.querySelector('[data-order]').dataset.state === 'CANCELLED'`)
	p.announced("The order was cancelled. What was paid for it was given back.")
	p.is("so says the list", `document.querySelector('[data-order] .why').textContent === 'The order was cancelled. What was paid for it was given back.'`)
	p.is("and calls it so", `document.querySelector('[data-order] .state').textContent === 'Cancelled'`)
	p.balance("402")
}

// Whoever presses quickly means the last one. Here a later request overtakes those that are not waited for, and all of
// them the first answer.
func TestTheWeatherIsTheOneThatWasPressedLast(t *testing.T) {
	p := open(t, shop.addr, 1200, 860, ahead(`const real = fetch, later = (ms) => new Promise((go) => setTimeout(go, ms));
		let changes = 0;
		window.answered = 0;
		fetch = async (path, how) => {
			if (path !== '/midas/weather') return real(path, how);
			const change = how.method === 'POST';
			if (change) await later(Math.max(0, 400 - 100 * changes++));
			const answer = await real(path, how);
			if (!change) await later(1500);
			answered++;
			return answer;
		};`))
	p.click(".curtain")
	p.opened("drawer")
	p.run(chromedp.Evaluate(`for (const w of ['hang', '5xx', 'fine', 'slow']) document.querySelector('[name=weather][value="' + w + '"]').click()`, nil))
	defer p.weather("fine")
	defer p.click(".drawer .x")
	p.is("all is done", `answered === 5`)
	shown := `document.querySelector('[data-weather]')?.dataset.weather + ' ' + document.querySelector('[name=weather]:checked')?.value`
	p.is("the page shows it", shown+` === 'slow slow'`)
	p.click(".drawer .x")
	p.closed()
	p.click(".curtain")
	p.is("the emulator has it", shown+` === 'slow slow'`)
}
