package browsertest

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func desktop(t *testing.T, name string) *tab {
	t.Helper()
	p := open(t, shop.addr, 1200, 860)
	p.enter(name)
	return p
}

func TestAPlayerBuysWithCoins(t *testing.T) {
	p := desktop(t, "buyer")
	p.present(60)
	p.balance("60")
	p.buy("sword")
	p.says("Sword of Dawn ×1 is in your bag")
	p.balance("0")
	p.bag("sword", 1)
	p.is("the order is delivered", `document.querySelector('[data-order]').dataset.state === 'DELIVERED'`)
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
	p.says("The coins will come by themselves")
	p.balance("0")
	p.balance("60")
	p.says("60 coins arrived")
}

func TestARechargeThatIsCancelledCostsNothing(t *testing.T) {
	p := desktop(t, "fickle")
	p.click("[data-coins='60']")
	p.click("#pay-cancel")
	p.says("Payment cancelled. Nothing was charged.")
	p.balance("0")
}

func TestARechargeWhoseCallbackIsLostIsFoundAfterTheRestart(t *testing.T) {
	p := desktop(t, "killed")
	p.click("[data-coins='60']")
	p.click("#pay-lost")
	p.says("has started again")
	p.balance("60")
}

func TestAnItemIsBoughtWithMoney(t *testing.T) {
	p := desktop(t, "rich")
	p.buy("pass")
	p.click("#pay")
	p.says("Season Pass ×1 is in your bag")
	p.bag("pass", 1)
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
	p.is("the shop is open again", `!!document.querySelector('#reopened') && !document.querySelector('#closed')`)
	p.bag("sword", 1)
	p.balance("0")
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
	p.weather("slow")
	defer p.weather("fine")
	p.buy("sword")
	line.cut(true)
	p.is("it says that the connection is lost", `!!document.querySelector('#offline')`)
	line.cut(false)
	p.is("it is connected again", `!document.querySelector('#offline')`)
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

// A browser that is busy, or whose tab is in the background, paints late.
func TestTheGoodsAreShownThoughNoFrameIsPainted(t *testing.T) {
	open(t, shop.addr, 1200, 860, chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`const later = setTimeout;
			requestAnimationFrame = () => 0;
			setTimeout = (f, ms, ...args) => later(f, ms + 2000, ...args);`).Do(ctx)
		return err
	}))
}

func TestAPhoneNeverScrollsSideways(t *testing.T) {
	p := open(t, shop.addr, 360, 740)
	fits := func(where string) {
		t.Helper()
		var widest int
		p.evaluate(`document.documentElement.scrollWidth`, &widest)
		if widest > 360 {
			t.Errorf("%s is %d pixels wide", where, widest)
		}
	}
	fits("the entrance")
	p.enter("commuter")
	for n, name := range []string{"the shop", "coins", "the bag", "orders"} {
		p.click(".tabs button:nth-child(" + string(rune('1'+n)) + ")")
		p.is(name+" is shown", `document.querySelector('.tabs [aria-current]').textContent !== ''`)
		fits(name)
	}
	p.click("#language")
	fits("the page in Chinese")
}

func TestTheKeyboardIsEnough(t *testing.T) {
	p := open(t, shop.addr, 1200, 860)
	// tabTo presses Tab until an element has the focus.
	tabTo := func(selector string) {
		t.Helper()
		for range 40 {
			var there bool
			p.evaluate(`document.activeElement.matches('`+selector+`')`, &there)
			if there {
				return
			}
			p.run(chromedp.KeyEvent(kb.Tab))
		}
		t.Fatalf("Tab never reaches %s", selector)
	}
	tabTo("#name")
	p.run(chromedp.KeyEvent("typist" + kb.Enter))
	p.balance("0")
	tabTo("[data-coins=\"60\"]")
	p.run(chromedp.KeyEvent(kb.Enter))
	p.is("the payment window has the focus", `document.activeElement.id === 'pay'`)
	p.run(chromedp.KeyEvent(kb.Enter))
	p.balance("60")
	tabTo("[data-item=potion]")
	p.run(chromedp.KeyEvent(kb.Enter))
	p.is("the question has the focus", `document.activeElement.id === 'buy'`)
	p.run(chromedp.KeyEvent(kb.Enter))
	p.bag("potion", 1)
	p.balance("58")
}

func TestEveryControlHasANameInBothLanguages(t *testing.T) {
	p := desktop(t, "listener")
	named := func(where string) { t.Helper(); p.named(where) }
	closed := func() {
		t.Helper()
		p.is("no window is open", `!document.querySelector('dialog')`)
	}
	windows := func(language string) {
		t.Helper()
		named(language + ", the shop")
		p.click("[data-item=sword]")
		named(language + ", the question")
		p.click(".confirm .plain.wide")
		closed()
		p.click(".curtain")
		named(language + ", the drawer")
		p.click(".drawer .x")
		closed()
		p.click("[data-coins='60']")
		p.is("the payment window is open", `!!document.querySelector('#pay')`)
		named(language + ", the payment window")
		p.click("#pay-cancel")
		closed()
	}
	windows("English")
	p.click("#language")
	p.is("the page is Chinese", `document.documentElement.lang === 'zh-CN' && document.title === '灯市'`)
	p.says("晨曦之剑")
	p.says("我的背包")
	windows("Chinese")
}
