package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

// pushKinds are the payments that Midas tells by pushes, by both names of the store's.
var pushKinds = []struct{ what, event string }{
	{"goods bought in the game", emulator.EventGoods},
	{"goods bought in the store", emulator.EventStoreGoods},
	{"the same by its older name", emulator.EventStoreGoodsOld},
	{"coins", emulator.EventCoins},
	{"coins of the recharge centre", emulator.EventCenterCoins},
	{"a refund", emulator.EventRefund},
}

// pushes sends to the address what the platform's console sends when pushes are switched on: the check of the address,
// and a trial of each kind, signed with each of the config's keys. Trials change nothing; that is why a server does not
// look at their AppKey, which the calls of doctor try.
func (d *doctor) pushes(ctx context.Context, address string) {
	type keys struct {
		name, in   string
		token, aes midas.Secret
	}
	all := []keys{{"Push", "Midas.Push", d.cfg.Push.Token, d.cfg.Push.EncodingAESKey}}
	for i, k := range d.cfg.PushKeys {
		all = append(all, keys{fmt.Sprintf("PushKeys[%d]", i), fmt.Sprintf("Midas.PushKeys[%d]", i), k.Token, k.EncodingAESKey})
	}
	if all[0].token == "" {
		d.wrong("pushes", "set Midas.Push.Token to the console's", "the config has no Push, so nothing can be signed")
		return
	}
	for _, k := range all {
		from, err := d.platform(emulator.PushConfig{URL: address, Token: k.token.Reveal(), EncodingAESKey: k.aes.Reveal()})
		if err != nil {
			d.wrong("pushes", "name the public address of pushes, https://…", "%v", err)
			return
		}
		begin := time.Now()
		if err := from.CheckPushURL(ctx); err != nil {
			d.wrong(k.name, "see that the proxy leads to Push.Addr with the path and the whole query, and that "+k.in+" is what the server runs with", "the address: %v", err)
			_ = from.Close()
			continue // the rest would only say the same
		}
		d.ok(k.name, "the address is the server's, and answers in %s", since(begin))
		for _, kind := range pushKinds {
			begin := time.Now()
			if err := from.MockPushIn(emulator.Env(d.cfg.Env), kind.event); err != nil {
				d.wrong(k.name, "see the server's log: it says why; a proxy must pass POST, and answer within 3 s", "a push of %s: %v", kind.what, err)
				continue
			}
			d.ok(k.name, "a push of %s was taken in %s", kind.what, since(begin))
		}
		_ = from.Close()
	}
	d.forged(ctx, address)
}

// forged sends what nobody has signed. Whoever takes it takes anything.
func (d *doctor) forged(ctx context.Context, address string) {
	const check = "unsigned push"
	from, err := d.platform(emulator.PushConfig{URL: address, Token: "not the token of anybody"})
	if err != nil {
		return
	}
	defer from.Close()
	taken := from.MockPushIn(emulator.Env(d.cfg.Env), emulator.EventCoins) == nil
	if echoed := from.CheckPushURL(ctx) == nil; taken || echoed {
		d.wrong(check, "find out who answers there: it is not this server, which looks at signatures", "it was taken")
		return
	}
	d.ok(check, "was refused")
}

// platform sends as Midas does, with this config's keys.
func (d *doctor) platform(to emulator.PushConfig) (*emulator.Server, error) {
	return emulator.New(emulator.Config{
		AppID: d.cfg.AppID, AppSecret: d.cfg.AppSecret.Reveal(), OfferID: d.cfg.OfferID, AppKey: d.cfg.AppKey.Reveal(), SandboxAppKey: d.cfg.SandboxAppKey.Reveal(),
		Push: to, Logger: slog.New(slog.DiscardHandler),
	})
}

func since(begin time.Time) time.Duration { return time.Since(begin).Round(100 * time.Microsecond) }
