package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	midasmsg "github.com/leafmidas/leafmidas/msg"
	"github.com/leafmidas/leafmidas/plugin"
)

// Domain is a way to Midas that can be cut.
type Domain struct {
	URL  string
	dead atomic.Bool
	http *http.Server
	done sync.WaitGroup
}

// NewDomain serves a way to a handler. Close it.
func NewDomain(midas http.Handler) (*Domain, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Domain{URL: "http://" + l.Addr().String()}
	d.http = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.dead.Load() {
			panic(http.ErrAbortHandler) // the connection is cut
		}
		midas.ServeHTTP(w, r)
	})}
	d.done.Go(func() { _ = d.http.Serve(l) }) // until Close
	return d, nil
}

// Close ends it.
func (d *Domain) Close() error {
	err := d.http.Close()
	d.done.Wait()
	return err
}

// deadDomain shows that purchases go on by the second domain while the first is dead.
func (d *demo) deadDomain(ctx context.Context, p *player) error {
	if err := d.world.Emulator.Recharge(d.world.Env, p.openid, "1", 60); err != nil {
		return err
	}
	d.world.Domain.dead.Store(true)
	defer d.world.Domain.dead.Store(false)
	began := time.Now()
	const purchases = 5
	for n := range purchases {
		if _, err := p.mustBuy(ctx, fmt.Sprint("domain-", n), "potion", 1); err != nil {
			return err
		}
	}
	d.note("%d potions in %d ms; the breaker did not open", purchases, time.Since(began).Milliseconds())
	return p.checkBag(ctx)
}

// newPrice shows that nobody pays another price than the one on the screen.
func (d *demo) newPrice(ctx context.Context, p *player) error {
	dearer := slices.Clone(d.world.Items)
	i := slices.IndexFunc(dearer, func(it plugin.Item) bool { return it.ID == "sword" })
	if i < 0 {
		return errors.New("no swords are sold")
	}
	dearer[i].Price += 10
	if err := d.world.SetItems(dearer); err != nil {
		return err
	}
	e, err := p.refused(ctx, "price", &midasmsg.MidasPurchase{RequestId: "price", ItemId: "sword", Quantity: 1, ExpectedAmount: dearer[i].Price - 10},
		midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_PRICE_CHANGED)
	if err != nil {
		return err
	}
	d.note("a sword that was seen at %d coins: %v, it costs %d", dearer[i].Price-10, e.GetCode(), e.GetPrice())
	if err := equal("the price", e.GetPrice(), dearer[i].Price); err != nil {
		return err
	}
	return d.world.SetItems(d.world.Items)
}
