package browsertest

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// On a small phone what is said lies over the goods for a while. It must not be in the way of a finger.
func TestAFingerReachesWhatLiesUnderAToast(t *testing.T) {
	p := open(t, shop.addr, 360, 640)
	p.enter("finger")
	p.present(60)
	p.is("the toast is there, and a finger on its text hits something else", `(() => {
		const text = document.querySelector('.toast span');
		if (!text) return false;
		const r = text.getBoundingClientRect();
		return !document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2).closest('.toasts');
	})()`)
	p.click(".toast .x")
	p.is("the toast is gone", `!document.querySelector('.toast')`)
}

func TestAPhoneNeverScrollsSideways(t *testing.T) {
	p := open(t, shop.addr, 360, 740)
	defer p.weather("fine")
	// fits sees that nothing reaches over an edge: a window over the page does not make the page itself wider.
	fits := func(where string) {
		t.Helper()
		var widest, leftmost int
		p.evaluate(`document.documentElement.scrollWidth`, &widest)
		if widest > 360 {
			t.Errorf("%s is %d pixels wide", where, widest)
		}
		const seen = `[...document.querySelectorAll('header, main, .banner, .toast, dialog, button, input, p, h1, h2, h3, li')].map((e) => e.getBoundingClientRect())`
		p.evaluate(`Math.ceil(Math.max(...`+seen+`.map((r) => r.right)))`, &widest)
		p.evaluate(`Math.floor(Math.min(...`+seen+`.map((r) => r.left)))`, &leftmost)
		if widest > 360 || leftmost < 0 {
			t.Errorf("%s reaches from %d to %d", where, leftmost, widest)
		}
		var cut []string
		p.evaluate(`[...document.querySelectorAll('dialog, dialog .inside, .toast, .banner')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.className)`, &cut)
		if len(cut) > 0 {
			t.Errorf("%s scrolls sideways in %q", where, cut)
		}
	}
	section := func(n int) {
		t.Helper()
		p.click(".tabs button:nth-child(" + strconv.Itoa(n) + ")")
		p.is("the section is shown", `document.querySelector('.tabs button:nth-child(`+strconv.Itoa(n)+`)').ariaCurrent === 'page'`)
	}
	fits("the entrance")
	p.click("#language")
	fits("the entrance in Chinese")
	p.click("#language")
	p.enter("commuter")
	potions := 0
	for _, language := range []string{"English", "Chinese"} {
		in := func(where string) { t.Helper(); fits(where + " in " + language) }
		p.is("there is no banner", `!document.querySelector('.banner')`)
		for n, name := range []string{"the shop", "coins", "the bag", "orders"} {
			section(n + 1)
			in(name)
		}
		section(2)
		p.click(".tiers .plain.wide")
		p.is("all amounts are shown", `document.querySelectorAll('[data-coins]').length > 6`)
		in("all amounts")
		p.click(".tiers .plain.wide")
		p.click("[data-coins='60']")
		p.opened("sheet")
		in("the payment window")
		p.click("#pay")
		p.is("it is said that the coins are there", `!!document.querySelector('.toast.good')`)
		in("what is said of a recharge")
		p.silence() // it covers what is beneath it

		section(1)
		p.click("[data-item=potion]")
		p.opened("confirm")
		in("the question")
		p.click("#buy")
		potions++
		section(3)
		p.bag("potion", potions)
		in("a bag with a potion")
		section(4)
		p.is("the order is listed", `document.querySelector('[data-order]').dataset.state === 'DELIVERED'`)
		in("orders with a potion")

		p.silence()
		section(1)
		p.click("[data-item=pass]")
		p.opened("confirm")
		in("the question about money")
		p.click("#buy")
		p.opened("sheet")
		in("the payment window for goods")
		p.click("#pay-cancel")
		p.closed()
		p.is("it is said that nothing was paid", `!!document.querySelector('.toast.plain')`)
		in("what is said of a payment")
		p.silence()

		p.click(".curtain")
		p.is("the drawer has slid in", `document.querySelector('.drawer').getAnimations().every((a) => a.playState === 'finished')`)
		in("the drawer")
		p.click("[name=weather][value='5xx']")
		p.is("Midas answers 502", `document.querySelector('[data-weather="5xx"]')`) // the radio button is quicker
		p.click(".drawer .x")
		p.closed()
		p.buy("potion")
		potions++
		p.is("the shop is closed", `!!document.querySelector('#closed')`)
		in("the shop that is closed")
		p.weather("fine")
		p.reopened()
		in("the shop that is open again")
		section(3)
		p.bag("potion", potions)
		p.silence()
		p.click("#language")
	}
}

func TestTheKeyboardIsEnough(t *testing.T) {
	p := open(t, shop.addr, 1200, 860, ahead(unhurried))
	// tabTo presses Tab until an element has the focus.
	tabTo := func(selector string) {
		t.Helper()
		for range 60 {
			var there bool
			p.evaluate(`document.activeElement.matches(`+strconv.Quote(selector)+`)`, &there)
			if there {
				return
			}
			p.run(chromedp.KeyEvent(kb.Tab))
		}
		t.Fatalf("Tab never reaches %s", selector)
	}
	press := func(key string) { t.Helper(); p.run(chromedp.KeyEvent(key)) }
	focused := func(selector string) {
		t.Helper()
		p.is(selector+" has the focus", `document.activeElement.matches(`+strconv.Quote(selector)+`)`)
	}
	// stays sees that an element keeps the focus, though it may have become useless: the browser takes it away with the
	// next frame.
	stays := func(selector string) {
		t.Helper()
		p.run(chromedp.Evaluate(`window.painted = false, requestAnimationFrame(() => requestAnimationFrame(() => painted = true))`, nil))
		p.is("a frame is painted", `painted`)
		focused(selector)
	}
	closed := func(opener string) {
		t.Helper()
		p.closed()
		focused(opener)
	}
	tabTo("#name")
	press("typist" + kb.Enter)
	p.balance("0")
	focused("#purse")

	// Recharges: Esc is what a player does who does not want to pay.
	tabTo(".tiers .plain.wide")
	press(kb.Enter)
	p.is("all amounts are shown", `document.activeElement.ariaExpanded === 'true' && document.querySelectorAll('[data-coins]').length > 6`)
	press(kb.Enter)
	tabTo("[data-coins='60']")
	press(kb.Enter)
	focused("#pay")
	press(kb.Escape)
	p.says("Payment cancelled. Nothing was charged.")
	closed("[data-coins='60']")
	press(kb.Enter)
	focused("#pay")
	tabTo("#pay-late")
	tabTo("#pay-lost")
	tabTo("#pay-cancel")
	press(kb.Enter)
	closed("[data-coins='60']")
	press(kb.Enter)
	focused("#pay")
	press(kb.Enter)
	p.balance("60")

	// A purchase of several, and one that is thought better of.
	tabTo("[data-item=potion]")
	press(kb.Enter)
	focused("#buy")
	press(kb.Escape)
	closed("[data-item=potion]")
	press(kb.Enter)
	focused("#buy")
	tabTo(".stepper button:last-child")
	press(kb.Enter + kb.Enter)
	p.is("there are three", `document.querySelector('.stepper output').textContent === '3'`)
	tabTo(".stepper button:first-child")
	press(kb.Enter + kb.Enter + kb.Enter)
	p.is("there is one", `document.querySelector('.stepper output').textContent === '1'`)
	stays(".stepper button:first-child")
	tabTo(".stepper button:last-child")
	many := func(button string, times int) string {
		return fmt.Sprintf(`for (let i = 0; i < %d; i++) document.querySelector('.stepper button:%s').click()`, times, button)
	}
	p.run(chromedp.Evaluate(many("last-child", 120), nil))
	p.is("there are as many as there can be", `document.querySelector('.stepper output').textContent === '99'`)
	stays(".stepper button:last-child")
	p.run(chromedp.Evaluate(many("first-child", 97), nil))
	p.is("there are two", `document.querySelector('.stepper output').textContent === '2'`)
	tabTo("#buy")
	press(kb.Enter)
	p.bag("potion", 2)
	p.balance("56")

	// What is said goes, and gives the focus back to where it was.
	tabTo(".toast .x")
	p.is("it is no longer said", `(go(), !document.querySelector('.toast'))`)
	focused(".curtain")

	// What can be answered is said until it is.
	short := func() {
		t.Helper()
		tabTo("[data-item=sword]")
		press(kb.Enter)
		focused("#buy")
		press(kb.Enter)
		p.is("it is said that coins are short", `!!document.querySelector('.toast button:not(.x)')`)
		p.run(chromedp.Evaluate(`go()`, nil))
		p.is("it goes on to be said", `!!document.querySelector('.toast button:not(.x)')`)
	}
	short()
	tabTo(".toast button:not(.x)")
	press(kb.Enter)
	p.is("it is no longer said", `!document.querySelector('.toast')`)
	focused("#coins-title")
	short()
	tabTo(".toast .x")
	press(kb.Enter)
	p.is("it is no longer said", `!document.querySelector('.toast')`)
	focused(".curtain")

	// The drawer.
	weather := func(key string) {
		t.Helper()
		tabTo(".curtain")
		press(kb.Enter)
		p.is("the drawer knows how Midas is", `document.querySelector('[data-weather]')`)
		tabTo("[name=weather]:checked")
		press(key)
	}
	weather(kb.ArrowDown)
	p.is("Midas is slow", `document.querySelector('[data-weather=slow]')`)
	press(kb.ArrowUp)
	p.is("Midas is fine", `document.querySelector('[data-weather=fine]')`)
	tabTo("[data-present='60']")
	press(kb.Enter)
	p.balance("116")
	press(kb.Escape)
	closed(".curtain")

	// An outage.
	defer p.weather("fine")
	weather(kb.ArrowUp)
	p.is("Midas answers 502", `document.querySelector('[data-weather="5xx"]')`)
	press(kb.Escape)
	closed(".curtain")
	tabTo("[data-item=potion]")
	press(kb.Enter)
	focused("#buy")
	press(kb.Enter)
	p.is("the shop is closed, and the item cannot be bought", `document.querySelector('#closed') && document.querySelector('[data-item=potion]:is(:disabled, [aria-disabled=true])')`)
	stays("[data-item=potion]")
	p.is("it does not ask whether to buy one", `(() => {
		const potion = document.querySelector('[data-item=potion]');
		if (potion.ariaDisabled === 'true' && !window.pressed) {
			window.pressed = true;
			potion.click();
			setTimeout(() => window.asked = !!document.querySelector('dialog'));
		}
		return window.asked === false;
	})()`)
	p.run(chromedp.Evaluate(`appeared.clear()`, nil))
	weather(kb.ArrowDown)
	p.is("Midas is fine", `document.querySelector('[data-weather=fine]')`)
	press(kb.Escape)
	closed(".curtain")
	p.reopened()
	p.bag("potion", 3)

	// The head of the page.
	tabTo("#purse")
	press(kb.Enter)
	tabTo("#language")
	press(kb.Enter)
	p.is("the page is Chinese", `document.documentElement.lang === 'zh-CN'`)
	press(kb.Enter)
	p.is("the page is English", `document.documentElement.lang === 'en'`)
	tabTo(".who")
	press(kb.Enter)
	p.is("the player has left", `!!document.querySelector('.entrance')`)
	focused("#name")
}

// words are the names that a screen reader reads out.
type words struct {
	language, document                                     string
	name, enter, midas, otherLanguage                      string
	leave, balance, buySword, buyPass, coins60, all, fewer string
	coinsFew, older                                        string
	question, less, more, buy, back                        string
	sheet, pay, late, lost, cancel                         string
	drawer, close, fine, hang, present                     string
	short, getCoins, dismiss, closed, reopened, offline    string
	sections                                               []string
}

var english = words{
	language: "English", document: "en",
	name: "Player name", enter: "Enter the market", midas: "Midas: make it fail", otherLanguage: "切换到中文",
	leave: "listener: leave the market", balance: "Balance: 0 coins. Refresh", buySword: "Buy Sword of Dawn for 60 coins", buyPass: "Buy Season Pass for ¥6",
	coins60: "Top up 60 coins for ¥6", all: "All amounts", fewer: "Fewer amounts", coinsFew: "Top up 10 coins for ¥1", older: "Older orders",
	question: "Buy Sword of Dawn?", less: "One less", more: "One more", buy: "Buy now", back: "Back",
	sheet: "WeChat Pay", pay: "Pay", late: "Pay, and the credit comes late", lost: "Pay, and the game is killed before it hears", cancel: "Cancel the payment",
	drawer: "Behind the curtain: Midas", close: "Close", fine: "Fine", hang: "Hangs", present: "Give 600 coins",
	short: "Not enough coins", getCoins: "Get coins", dismiss: "Dismiss",
	closed: "The shop is closed for a moment", reopened: "The shop is open again", offline: "Connection lost. Reconnecting…",
	sections: []string{"Sections", "Shop", "Coins", "Bag", "Orders"},
}

var chinese = words{
	language: "Chinese", document: "zh-CN",
	name: "玩家名", enter: "进入灯市", midas: "米大师：制造故障", otherLanguage: "Switch to English",
	leave: "listener：离开灯市", balance: "余额：0 金币，点按刷新", buySword: "购买 晨曦之剑，60 金币", buyPass: "购买 赛季通行证，¥6",
	coins60: "充值 60 金币，¥6", all: "全部档位", fewer: "收起", coinsFew: "充值 10 金币，¥1", older: "更早的订单",
	question: "购买 晨曦之剑？", less: "减一", more: "加一", buy: "立即购买", back: "返回",
	sheet: "微信支付", pay: "确认支付", late: "支付，但到账延迟", lost: "支付，但游戏在回调前被杀", cancel: "取消支付",
	drawer: "幕后：米大师", close: "关闭", fine: "正常", hang: "无响应", present: "赠送 600 金币",
	short: "金币不足", getCoins: "去充值", dismiss: "知道了",
	closed: "商店暂停营业", reopened: "商店恢复营业", offline: "连接已断开，正在重连…",
	sections: []string{"栏目", "商店", "充值", "背包", "订单"},
}

func TestEveryControlHasANameInBothLanguages(t *testing.T) {
	if shop.missing != "" {
		t.Skip(shop.missing)
	}
	line := newCutter(t)
	p := open(t, line.Addr().String(), 1200, 860)
	p.cutAside = true
	for _, w := range []words{english, chinese} {
		named := func(where string, must ...string) { t.Helper(); p.named(w.language+", "+where, must...) }
		if w.document != "en" {
			p.click("#language")
			p.says("今日好物")
		}
		p.is("the page is "+w.language, `document.documentElement.lang === '`+w.document+`'`)
		named("the entrance", w.name, w.enter, w.midas, w.otherLanguage, w.buySword)
		p.enter("listener")
		named("the shop", w.leave, w.balance, w.buySword, w.buyPass, w.coins60, w.all, w.midas, w.otherLanguage)
		p.click(".tiers .plain.wide")
		named("all amounts", w.fewer, w.coinsFew, w.coins60)
		p.click(".tiers .plain.wide")

		p.click("[data-item=sword]")
		p.opened("confirm")
		named("the question", w.question, w.less, w.more, w.buy, w.back)
		p.click(".confirm .plain.wide")
		p.closed()
		p.buy("sword")
		p.announced(w.short)
		named("too few coins", w.getCoins, w.dismiss)
		p.silence()

		p.click("[data-coins='60']")
		p.opened("sheet")
		named("the payment window", w.sheet, w.pay, w.late, w.lost, w.cancel)
		p.click("#pay-cancel")
		p.closed()
		p.buy("pass")
		p.opened("sheet")
		named("the payment window for goods", w.sheet, w.pay, w.late, w.lost, w.cancel)
		p.click("#pay-cancel")
		p.closed()

		p.click(".curtain")
		p.is("the drawer knows how Midas is", `document.querySelector('[data-weather=fine]')`)
		named("the drawer", w.drawer, w.close, w.fine, w.hang, w.present)
		p.click("[data-present='60']")
		p.click(".drawer .x")
		p.closed()
		p.balance("60")

		p.weather("5xx")
		p.buy("sword")
		p.is("the shop is closed", `!!document.querySelector('#closed')`)
		p.announced(w.closed)
		named("the shop that is closed", w.buySword)
		p.weather("fine")
		p.reopened()
		p.announced(w.reopened)
		p.balance("0")
		named("the shop that is open again", w.balance)

		line.cut(true)
		p.announced(w.offline)
		named("the shop without a connection", w.leave)
		line.cut(false)
		p.is("it is connected again", `!document.querySelector('#offline')`)
		p.click(".who")
	}
}

func TestEveryControlOnAPhoneHasANameInBothLanguages(t *testing.T) {
	p := open(t, shop.addr, 360, 740)
	p.enter("listener2")
	p.present(60)
	p.balance("60")
	for range 13 { // one more than the page shows at first
		p.silence()
		p.buy("potion")
		p.is("it was sold", `document.querySelector('[data-order]').dataset.state === 'DELIVERED'`)
	}
	for _, w := range []words{english, chinese} {
		p.is("the page is "+w.language, `document.documentElement.lang === '`+w.document+`'`)
		for n, inside := range []string{w.buySword, w.coins60, "", w.older} {
			p.click(".tabs button:nth-child(" + strconv.Itoa(n+1) + ")")
			must := append([]string{w.midas, w.otherLanguage}, w.sections...)
			if inside != "" {
				must = append(must, inside)
			}
			p.named(w.language+", "+w.sections[n+1], must...)
		}
		p.click("#language")
	}
}
