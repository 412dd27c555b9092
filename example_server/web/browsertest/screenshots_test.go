package browsertest

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// largest is what a picture may weigh: every clone carries all that there ever were.
const largest = 90 << 10

// TestScreenshots takes the pictures of docs/images. Without -screenshots nobody keeps them, but every scene is played.
func TestScreenshots(t *testing.T) {
	folder, kept := *screenshots, *screenshots != ""
	if !kept {
		folder = t.TempDir()
	}
	save := func(name string, picture []byte) {
		t.Helper()
		if len(picture) > largest {
			t.Errorf("%s has %d bytes", name, len(picture))
		}
		if err := os.WriteFile(filepath.Join(folder, name), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shoot := func(p *tab, name string) { t.Helper(); save(name, p.picture(page.CaptureScreenshotFormatWebp)) }
	calm := func(scheme string) chromedp.Action {
		return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}})
	}
	light, dark := calm("light"), calm("dark")

	p := open(t, shop.addr, 1180, 760, light)
	p.enter("alice")
	p.present(600)
	p.balance("600")
	p.buy("sword")
	p.bag("sword", 1)
	p.buy("potion")
	p.bag("potion", 1)
	p.silence()
	shoot(p, "shop-desktop.webp")
	p.click("[data-coins='60']")
	p.click("#pay-late")
	p.says("The coins will come by themselves")
	shoot(p, "shop-late.webp")
	p.balance("598")
	p.silence()
	p.run(dark)
	p.weather("5xx")
	p.buy("shield")
	p.is("the shop is closed", `!!document.querySelector('#closed')`)
	shoot(p, "shop-outage.webp")
	p.click("#language")
	p.is("it is Chinese", `document.title === '灯市'`)
	shoot(p, "shop-outage-zh.webp")
	p.click("#language")
	p.weather("fine")
	p.bag("shield", 1)
	p.reopened()
	shoot(p, "shop-reopened.webp")
	p.run(light)

	poor := open(t, shop.addr, 1180, 760, light)
	poor.enter("carol")
	poor.buy("sword")
	poor.says("Not enough coins")
	shoot(poor, "shop-short.webp")

	phone := open(t, shop.addr, 360, 740, light)
	phone.enter("bob")
	phone.present(600)
	phone.balance("600")
	phone.silence()
	shoot(phone, "shop-phone.webp")
	pay := func(name string) {
		t.Helper()
		phone.click(".tabs button:nth-child(2)")
		phone.click("[data-coins='60']")
		phone.opened("sheet")
		shoot(phone, name)
		phone.click("#pay-cancel")
		phone.is("it is said that nothing was paid", `!!document.querySelector('.toast')`)
		phone.silence()
		phone.click(".tabs button:nth-child(1)")
	}
	pay("shop-pay.webp")
	phone.run(dark)
	phone.click("#language")
	phone.is("it is Chinese", `document.title === '灯市'`)
	shoot(phone, "shop-phone-zh.webp")
	pay("shop-pay-zh.webp")
	phone.click("#language")

	one := open(t, shop.addr, 600, 700, light)
	one.enter("dave")
	two := one.another(shop.addr, 600, 700, dark)
	two.enter("dave")
	two.present(600)
	two.balance("600")
	two.buy("shield")
	two.is("the shield is shown as owned", `!!document.querySelector('.owned')`)
	one.run(page.BringToFront())
	one.is("the shield is shown as owned", `!!document.querySelector('.owned')`)
	save("shop-tabs.webp", one.beside(two))

	dispute(t)
	desk := operate(t, "#token="+opsToken, 1280, 1000, light)
	desk.is("charts are drawn", `document.querySelectorAll('.u-wrap canvas').length === 4`)
	if kept { // a while of sales, for the charts
		for range 6 {
			p.buy("potion")
			p.is("it was sold", `document.querySelector('[data-order]').dataset.state === 'DELIVERED'`)
			desk.is("time goes by", `(window.began ??= Date.now()) < Date.now() - 6000 && (window.began = null, true)`)
		}
	}
	desk.is("the page is at its top", `(window.scrollTo(0, 0), true)`)
	shoot(desk, "ops-desk.webp")
	desk.click(`section[aria-label="Waiting for a decision"] .link`)
	desk.is("its history is a timeline", `!!document.querySelector('.timeline li')`)
	desk.is("the page is at its top", `(window.scrollTo(0, 0), true)`)
	desk.run(dark)
	shoot(desk, "ops-order.webp")
}

// picture shows what the tab shows, once it is at rest.
func (p *tab) picture(format page.CaptureScreenshotFormat) (picture []byte) {
	p.t.Helper()
	p.is("nothing moves", `document.getAnimations().every((a) => a.effect.getTiming().iterations === Infinity || a.playState === 'finished')`)
	p.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		shot := page.CaptureScreenshot().WithFormat(format)
		if format == page.CaptureScreenshotFormatWebp {
			shot = shot.WithQuality(85)
		}
		picture, err = shot.Do(ctx)
		return err
	}))
	return picture
}

// beside is one picture of two tabs.
func (p *tab) beside(other *tab) []byte {
	p.t.Helper()
	var images string
	for _, tab := range []*tab{p, other} {
		tab.run(page.BringToFront())
		images += fmt.Sprintf(`<img src="data:image/png;base64,%s">`, base64.StdEncoding.EncodeToString(tab.picture(page.CaptureScreenshotFormatPng)))
	}
	both := newTab(p.t, "about:blank", 1212, 700)
	both.run(chromedp.ActionFunc(func(ctx context.Context) error {
		tree, err := page.GetFrameTree().Do(ctx)
		if err != nil {
			return err
		}
		return page.SetDocumentContent(tree.Frame.ID, `<body style="margin: 0; display: flex; gap: 12px; background: #8d7fd0">`+images).Do(ctx)
	}))
	both.is("both are drawn", `[...document.images].length === 2 && [...document.images].every((i) => i.complete && i.naturalWidth > 0)`)
	return both.picture(page.CaptureScreenshotFormatWebp)
}
