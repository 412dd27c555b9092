package browsertest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const largest = 150 << 10

// TestScreenshots writes the pictures of docs/images with -screenshots; without it there is nothing to do.
func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		return
	}
	shoot := func(p *tab, name string) {
		t.Helper()
		var picture []byte
		p.is("nothing moves", `document.getAnimations().every((a) => a.effect.getTiming().iterations === Infinity || a.playState === 'finished')`)
		p.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
			picture, err = page.CaptureScreenshot().WithFormat(page.CaptureScreenshotFormatWebp).WithQuality(90).Do(ctx)
			return err
		}))
		if len(picture) > largest {
			t.Errorf("%s has %d bytes", name, len(picture))
		}
		if err := os.WriteFile(filepath.Join(*screenshots, name), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dark := emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}, {Name: "prefers-reduced-motion", Value: "reduce"}})
	light := emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}, {Name: "prefers-reduced-motion", Value: "reduce"}})

	p := open(t, shop.addr, 1180, 760, light)
	p.enter("alice")
	p.present(600)
	p.balance("600")
	p.buy("sword")
	p.bag("sword", 1)
	p.buy("potion")
	p.bag("potion", 1)
	p.is("nothing is said any more", `document.querySelectorAll('.toast').forEach((t) => t.querySelector('.x').click()) ?? document.querySelectorAll('.toast').length === 0`)
	shoot(p, "shop-desktop.webp")
	p.run(dark)
	p.weather("5xx")
	p.buy("shield")
	p.is("the shop is closed", `!!document.querySelector('#closed')`)
	shoot(p, "shop-outage.webp")
	p.weather("fine")
	p.bag("shield", 1)

	phone := open(t, shop.addr, 360, 740, light)
	phone.enter("bob")
	phone.present(600)
	phone.balance("600")
	phone.is("nothing is said any more", `document.querySelectorAll('.toast').forEach((t) => t.querySelector('.x').click()) ?? document.querySelectorAll('.toast').length === 0`)
	shoot(phone, "shop-phone.webp")
	phone.run(dark)
	phone.click("#language")
	phone.is("it is Chinese", `document.title === '灯市'`)
	shoot(phone, "shop-phone-zh.webp")
	phone.click(".tabs button:nth-child(2)")
	phone.click("[data-coins='60']")
	phone.is("the payment window is open", `!!document.querySelector('#pay')`)
	shoot(phone, "shop-pay.webp")
	phone.click("#pay-cancel")

	desk := operate(t, "#token="+opsToken, 1280, 1000, light)
	desk.is("charts are drawn", `document.querySelectorAll('.u-wrap canvas').length === 4`)
	for range 6 { // a while of sales, for the charts
		p.buy("potion")
		p.is("it was sold", `document.querySelector('[data-order]').dataset.state === 'DELIVERED'`)
		desk.is("time goes by", `(window.began ??= Date.now()) < Date.now() - 6000 && (window.began = null, true)`)
	}
	desk.is("the page is at its top", `(window.scrollTo(0, 0), true)`)
	shoot(desk, "ops-desk.webp")
	desk.click(`section[aria-label="Waiting for a decision"] .link`)
	desk.is("its history is a timeline", `!!document.querySelector('.timeline li')`)
	desk.is("the page is at its top", `(window.scrollTo(0, 0), true)`)
	desk.run(dark)
	shoot(desk, "ops-order.webp")
}
