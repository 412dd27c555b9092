package payment_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

const (
	modelTimeout = 300 * time.Millisecond
	modelGiveUp  = time.Minute
	modelLife    = 48 * time.Hour // of a bill number
)

// trouble is what befalls one call to the model.
type misfortune int

const (
	fine       misfortune = iota
	refuse                // −1, and nothing done
	fail                  // −1, and done
	cutBefore             // no answer, and nothing done
	cutAfter              // no answer, and done
	hang                  // silence until the caller gives up, and nothing done
	hangDone              // the same, and done
	slow                  // answers late
	late                  // no answer, and done a moment later, as if it had been on its way
	deadToken             // 40001
	tooMany               // 45011
	unheardOf             // a code nobody knows, and nothing done
	confirmed             // cancelpay only: 90014, the coins stay
	processing            // 90016
	forbidden             // 90017, and nothing done
	misfortunes
)

// bill is what the model knows of a bill number.
type bill struct {
	openid         string
	amount         int64
	present        bool
	moved          int  // how often coins moved: must never be more than 1
	back           int  // how often they moved back
	final          bool // can no longer be given back
	firstSent      time.Time
	afterForgotten bool // sent again when Midas had forgotten it
}

// model is Midas: accounts without bounds on what can be checked, and bad luck.
type model struct {
	mu       sync.Mutex
	balance  map[string]int64
	saved    map[string]int64
	given    map[string]int64
	session  map[string]string // openid → the newest key
	bills    map[string]*bill
	kept     map[string]bool   // bills that Midas refused to give back, which no repeat mends
	luck     []misfortune      // of the calls to come; then all is fine
	trades   map[string]*trade // paid with money, by out_trade_no
	pending  sync.WaitGroup
	complain []string
}

// trade is a payment with money.
type trade struct {
	openid, product string
	goods           bool
	quantity, fen   int64
	refunds         map[string]int64
}

func (t *trade) refunded() (fen int64) {
	for _, part := range t.refunds {
		fen += part
	}
	return fen
}

func newModel() *model {
	return &model{
		balance: map[string]int64{}, saved: map[string]int64{}, given: map[string]int64{},
		session: map[string]string{}, bills: map[string]*bill{}, kept: map[string]bool{}, trades: map[string]*trade{},
	}
}

// line is one process's connection to the model; a dead process's calls never arrive.
type line struct {
	*model
	dead chan struct{}
}

var errDead = &midas.CallError{Endpoint: midas.EndpointPay, Kind: midas.ErrCancelled, Err: context.Canceled}

// call runs do, a movement of coins, under the luck of the moment.
func (l *line) call(ctx context.Context, p midas.Player, e midas.Endpoint, billNo string, do func() error) error {
	select {
	case <-l.dead:
		return errDead
	default:
	}
	l.mu.Lock()
	luck := fine
	if len(l.luck) > 0 {
		luck, l.luck = l.luck[0], l.luck[1:]
	}
	key := l.session[p.OpenID]
	l.mu.Unlock()
	silent := &midas.CallError{Endpoint: e, BillNo: billNo, Kind: midas.ErrTimeout}
	code := func(n int) error { return &midas.Error{Endpoint: e, BillNo: billNo, Code: n} }
	locked := func() error {
		l.mu.Lock()
		defer l.mu.Unlock()
		return do()
	}
	time.Sleep(5 * time.Millisecond)
	switch luck {
	case deadToken:
		return code(40001)
	case tooMany:
		return code(45011)
	}
	if p.SessionKey.Reveal() != key || key == "" {
		return code(90010)
	}
	switch luck {
	case refuse:
		return code(-1)
	case unheardOf:
		return code(98765)
	case processing:
		return code(90016)
	case forbidden:
		l.mu.Lock()
		if e == midas.EndpointCancel {
			l.kept[billNo] = true
		}
		l.mu.Unlock()
		return code(90017)
	case confirmed:
		l.mu.Lock()
		b := l.bills[billNo]
		kept := e == midas.EndpointCancel && b != nil && b.moved > b.back
		if kept {
			b.final = true
		}
		l.mu.Unlock()
		if kept {
			return code(90014)
		}
		return locked()
	case cutBefore:
		return silent
	case hang:
		<-ctx.Done()
		return silent
	case fail:
		if err := locked(); err != nil {
			return err
		}
		return code(-1)
	case cutAfter:
		_ = locked()
		return silent
	case hangDone:
		_ = locked()
		<-ctx.Done()
		return silent
	case late:
		l.pending.Go(func() {
			time.Sleep(modelTimeout)
			_ = locked()
		})
		return silent
	case slow:
		time.Sleep(modelTimeout / 2)
	}
	return locked()
}

// bounded is the client's own timeout.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, modelTimeout)
}

// of finds a bill, or begins it. Midas remembers a number for 48 h; one that is used again afterwards moves coins
// again, which the till must never let happen.
func (m *model) of(billNo, openid string, amount int64, present bool) *bill {
	b := m.bills[billNo]
	if b == nil {
		b = &bill{openid: openid, amount: amount, present: present, firstSent: time.Now()}
		m.bills[billNo] = b
	}
	if time.Since(b.firstSent) >= modelLife {
		b.afterForgotten = true
	}
	return b
}

func (l *line) Balance(ctx context.Context, p midas.Player) (b midas.Balance, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err = l.call(ctx, p, midas.EndpointBalance, "", func() error {
		b = midas.Balance{
			Balance: midas.Coins(l.balance[p.OpenID]), SaveAmt: midas.Coins(l.saved[p.OpenID]), PresentSum: midas.Coins(l.given[p.OpenID]),
			SaveSum: midas.Coins(l.saved[p.OpenID] + l.given[p.OpenID]),
		}
		b.CostSum = b.SaveSum - b.Balance
		return nil
	})
	return b, err
}

func (l *line) Pay(ctx context.Context, r midas.PayRequest) (res midas.PayResult, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err = l.call(ctx, r.Player, midas.EndpointPay, r.BillNo, func() error {
		if b := l.bills[r.BillNo]; b != nil && b.moved > 0 {
			l.of(r.BillNo, r.Player.OpenID, int64(r.Amount), false)
			return &midas.Error{Endpoint: midas.EndpointPay, BillNo: r.BillNo, Code: 90012}
		}
		if l.balance[r.Player.OpenID] < int64(r.Amount) {
			return &midas.Error{Endpoint: midas.EndpointPay, BillNo: r.BillNo, Code: 90013}
		}
		b := l.of(r.BillNo, r.Player.OpenID, int64(r.Amount), false)
		b.moved++
		l.balance[r.Player.OpenID] -= int64(r.Amount)
		res = midas.PayResult{BillNo: r.BillNo, Balance: midas.Coins(l.balance[r.Player.OpenID])}
		return nil
	})
	return res, err
}

func (l *line) CancelPay(ctx context.Context, r midas.CancelPayRequest) (res midas.CancelPayResult, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err = l.call(ctx, r.Player, midas.EndpointCancel, r.BillNo, func() error {
		code := func(n int) error {
			return &midas.Error{Endpoint: midas.EndpointCancel, BillNo: r.BillNo, Code: n}
		}
		switch b := l.bills[r.BillNo]; {
		case b == nil || b.moved == 0:
			return code(90000)
		case b.final:
			return code(90014)
		case b.back > 0:
			return code(90015)
		default:
			l.of(r.BillNo, b.openid, b.amount, false)
			b.back++
			l.balance[b.openid] += b.amount
			return nil
		}
	})
	return midas.CancelPayResult{BillNo: r.BillNo}, err
}

func (l *line) Present(ctx context.Context, r midas.PresentRequest) (res midas.PresentResult, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err = l.call(ctx, r.Player, midas.EndpointPresent, r.BillNo, func() error {
		b := l.of(r.BillNo, r.Player.OpenID, int64(r.Amount), true)
		if b.moved > 0 {
			return &midas.Error{Endpoint: midas.EndpointPresent, BillNo: r.BillNo, Code: 90012}
		}
		b.moved++
		l.balance[r.Player.OpenID] += int64(r.Amount)
		l.given[r.Player.OpenID] += int64(r.Amount)
		res = midas.PresentResult{BillNo: r.BillNo, Balance: midas.Coins(l.balance[r.Player.OpenID])}
		return nil
	})
	return res, err
}

func (l *line) QueryOrder(ctx context.Context, p midas.Player, outTradeNo string, what midas.BizKind) (info midas.OrderInfo, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err = l.call(ctx, p, midas.EndpointQuery, outTradeNo, func() error {
		t := l.trades[outTradeNo]
		if t == nil || t.openid != p.OpenID || t.goods != (what == midas.BizGoods) {
			return &midas.Error{Endpoint: midas.EndpointQuery, BillNo: outTradeNo, Code: 90019, V2: true}
		}
		info = midas.OrderInfo{OutTradeNo: outTradeNo, ProductID: t.product, Paid: true, Delivered: !t.goods}
		return nil
	})
	return info, err
}

// signGoods hands out what needs no signature here: who pays gives the number back.
func signGoods(r midas.GoodsRequest) (midas.GoodsOptions, error) {
	return midas.GoodsOptions{SignData: r.OutTradeNo}, nil
}

func (l *line) Code2Session(context.Context, string) (midas.Session, error) {
	return midas.Session{}, errors.New("players of the model log in by themselves")
}
