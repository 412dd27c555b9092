package payment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// keep stores a push that cannot be acted on for an operator. Once that is done, Midas need not send it again.
func (t *Till) keep(ctx context.Context, p midas.Push, why string) error {
	p.XML = false // says nothing
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return t.keepAs(ctx, p, body, body, why)
}

// keepAs keeps a push once for each identity.
func (t *Till) keepAs(ctx context.Context, p midas.Push, identity, body []byte, why string) error {
	sum := sha256.Sum256(identity)
	now := t.cfg.Now()
	k := ledger.Kept{
		ID: hex.EncodeToString(sum[:]), FirstAt: now, LastAt: now, Event: cut(printable(string(p.Event)), 128), OpenID: cut(printable(p.OpenID), 128),
		OutTradeNo: cut(printable(p.OutTradeNo), 64), Why: printable(why), Body: cut(string(body), maxBody),
	}
	fresh, err := t.cfg.Ledger.KeepPush(ctx, k)
	switch {
	case errors.Is(err, ledger.ErrKeptFull):
		t.log.Error("midas: a push was refused, because too many wait for an operator already", "event", k.Event, "why", k.Why)
		return fmt.Errorf("%w: %w", ErrBusy, err)
	case err != nil:
		return err
	}
	if fresh {
		t.log.Error("midas: a push is kept for an operator, and nothing else comes of it", "push", k.ID[:16],
			"event", k.Event, "out_trade_no", k.OutTradeNo, "push_to", shorten(p.OpenID), "why", k.Why)
	}
	return nil
}

// strange keeps a push that names nothing of this ledger, and says that it is not ours: another server may know it.
func (t *Till) strange(ctx context.Context, p midas.Push, why string) error {
	if err := t.keep(ctx, p, why); err != nil {
		return err
	}
	return fmt.Errorf("%w: %s: %s", ErrNotOurs, cut(printable(p.OutTradeNo), 64), why)
}

// trial takes a push from the console's button, with invented values (§3.7): nothing comes of it. One that is rightly
// signed and names an order or a recharge of ours is none, whatever it says of itself.
func (t *Till) trial(ctx context.Context, p midas.Push) error {
	if !p.Signed || p.OutTradeNo == "" {
		t.log.Info("midas: a trial push was acknowledged", "event", cut(printable(string(p.Event)), 128))
		return nil
	}
	_, err := t.cfg.Ledger.Order(ctx, p.OutTradeNo)
	if errors.Is(err, ledger.ErrNotFound) {
		_, err = t.cfg.Ledger.RechargeOfTrade(ctx, p.OutTradeNo)
	}
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		t.log.Info("midas: a trial push was acknowledged", "event", cut(printable(string(p.Event)), 128))
		return nil
	case err != nil:
		return unavailable(err)
	}
	return t.keep(ctx, p, "it says that it is a trial, and names a payment of ours")
}

// unknownEvent takes a push that is not one of the payments that are known. One that carries the signature of payments
// may be a new kind of them, so it is kept; one for each event is enough to tell.
func (t *Till) unknownEvent(ctx context.Context, p midas.Push) error {
	if !p.Signed {
		return nil
	}
	return unavailable(t.keepAs(ctx, p, []byte("event "+string(p.Event)), []byte(p.Payload), "an event of payments that this version does not know"))
}

// markPrefix begins the attach of goods that a server of ours has signed; the ledger's own name follows.
const markPrefix = "leafmidas:"

// marked reads the attach of a push: whether a ledger has signed it, and whether it is ours. Versions before this one
// signed without.
func (t *Till) marked(attach string) (whose, ours bool) {
	return strings.HasPrefix(attach, markPrefix), t.mark != "" && attach == t.mark
}

func cut(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "") }

// maxBody bounds what is kept of a push, in bytes.
const maxBody = 2048
