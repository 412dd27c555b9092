package payment

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// billLife is how long a bill number may be sent to Midas: an hour less than the 48 h it is valid (§1.4).
const billLife = 47 * time.Hour

// Retry says how patient the till is.
type Retry struct {
	// First is the wait after the first call without a definite answer; each further wait is twice as long.
	// Zero: 1 s.
	First time.Duration
	// Max bounds the wait. Zero: 30 s.
	Max time.Duration
	// GiveUpAfter is how long a deduction may stay without a definite answer before the coins are called back.
	// Zero: 5 min.
	GiveUpAfter time.Duration
}

// rules are what the decisions depend on besides the order and the answer.
type rules struct {
	Retry
	// quiet is how long an order rests before its deduction is called back: one that is still on its way must not arrive
	// after its own cancellation.
	quiet time.Duration
	// tries bounds how often a delivery is tried.
	tries int
	// firstRecheck is how long after an order was cancelled, because Midas knew nothing of it, Midas is asked about it
	// again.
	firstRecheck time.Duration
	// poll is the first waits between questions about goods.
	poll []time.Duration
}

// A decision is the order as it is to be stored. If it has not ended and its DueAt is zero, its next step follows at
// once.

// beforeStep decides whether an order's next step may be taken at all. ok is false if the order moves instead.
func (r rules) beforeStep(o ledger.Order, now time.Time) (after ledger.Order, ok bool) {
	switch o.Kind {
	case ledger.Goods, ledger.Refund, ledger.Credit: // Midas is only asked about them, which is never too late
		return o, true
	}
	unsure := !o.UnsureSince.IsZero()
	tooOld := now.Sub(o.CreatedAt) >= billLife
	switch o.State {
	case ledger.Created:
		if tooOld {
			return moved(o, ledger.Failed, "older than 47 h and never sent: nothing was deducted"), false
		}
	case ledger.Paying:
		switch {
		case tooOld && unsure:
			return moved(o, ledger.Disputed, "older than 47 h: its bill number may no longer be sent, and coins may have been deducted"), false
		case tooOld:
			return moved(o, ledger.Failed, "older than 47 h: nothing was deducted"), false
		case unsure && o.Kind == ledger.Purchase && now.Sub(o.UnsureSince) >= r.GiveUpAfter:
			return r.reverse(o, now), false
		}
	case ledger.Reversing, ledger.Refunding:
		if tooOld {
			return moved(o, ledger.Disputed, "older than 47 h: its bill number may no longer be sent"), false
		}
	}
	return o, true
}

// afterPay decides what becomes of an order in Paying once pay, or present, has been answered. sure tells that nothing
// was open before this call. Midas's yes is a present's end: there is nothing to deliver. Nor can it be called back, so
// it is asked for until the answer is definite, or its bill number too old.
func (r rules) afterPay(o ledger.Order, sure bool, err error, now time.Time) ledger.Order {
	verdict := midas.VerdictOf(err)
	if sure && verdict != midas.VerdictUnknown {
		o.UnsureSince = time.Time{}
	}
	o = answered(o, err)
	yes, did, purchase := ledger.Paid, "deducted", true
	if o.Kind == ledger.Present {
		yes, did, purchase = ledger.Delivered, "given", false
	}
	switch {
	case verdict == midas.VerdictDone:
		return moved(o, yes, did)
	case verdict == midas.VerdictAlready:
		return moved(o, yes, did+" by an earlier call")
	case verdict == midas.VerdictRefused && sure:
		return moved(o, ledger.Failed, o.Note)
	case errors.Is(err, midas.ErrInsufficientBalance) && purchase:
		// Had an earlier call taken, the answer would have been 90012. But one may still be on its way, and arrive when the
		// player has bought coins.
		return r.reverse(o, now)
	case verdict == midas.VerdictLogin:
		return parked(o)
	case purchase && !o.UnsureSince.IsZero() && now.Sub(o.UnsureSince) >= r.GiveUpAfter:
		return r.reverse(o, now)
	case verdict == midas.VerdictLater:
		return r.postponed(o, err, now)
	default:
		return r.again(o, now)
	}
}

// afterCancel decides what becomes of an order in Reversing or Refunding once cancelpay has been answered.
func (r rules) afterCancel(o ledger.Order, err error, now time.Time) ledger.Order {
	after := r.afterCancelAnswer(o, err, now)
	if o.State == ledger.Reversing && o.Code == tooFewCoins && (after.State == ledger.Reversing || after.State == ledger.Cancelled) {
		after.Code, after.Note = tooFewCoins, "too few coins; "+after.Note // what the player wants to know
	}
	if o.State == ledger.Refunding {
		after.Note = keepRefusal(o.Note, after.Note)
	}
	return after
}

// Midas's codes for what is a player's business: too few coins (§1.4), goods that nobody has paid for (§3.1).
const (
	tooFewCoins = 90013
	notPaid     = 90019
)

func (r rules) afterCancelAnswer(o ledger.Order, err error, now time.Time) ledger.Order {
	verdict := midas.VerdictOf(err)
	reversing := o.State == ledger.Reversing
	o = answered(o, err)
	switch {
	case verdict == midas.VerdictDone:
		return moved(o, ledger.Cancelled, "given back")
	case errors.Is(err, midas.ErrBillRolledBack), verdict == midas.VerdictAlready: // V1's word for it, and V2's
		return moved(o, ledger.Cancelled, "had been given back")
	case errors.Is(err, midas.ErrBillUnknown) && reversing:
		// As far as Midas knows now. A deduction may still be under way, and is looked for.
		o = moved(o, ledger.Cancelled, "was never deducted")
		o.RecheckAt = now.Add(jitter(r.firstRecheck))
		return o
	case errors.Is(err, midas.ErrBillConfirmed) && reversing:
		return moved(o, ledger.Paid, "was deducted and cannot be given back, so it is delivered")
	case errors.Is(err, midas.ErrBillConfirmed) && !o.DeliveredAt.IsZero():
		return moved(o, ledger.Delivered, "cannot be given back any more: it stays delivered")
	case verdict == midas.VerdictLogin:
		return parked(o)
	case verdict == midas.VerdictLater:
		return r.postponed(o, err, now)
	case verdict == midas.VerdictUnknown:
		return r.again(o, now)
	default:
		return moved(o, ledger.Disputed, "Midas refuses to give it back: "+o.Note)
	}
}

// afterDeliver decides what becomes of an order in Paid once the host has answered.
func (r rules) afterDeliver(o ledger.Order, err error, now time.Time) ledger.Order {
	o.Code, o.RID = 0, ""
	_, isAway := errors.AsType[*HostAwayError](err)
	switch {
	case err == nil && (o.Kind == ledger.Refund || o.Kind == ledger.Credit):
		return moved(o, ledger.Delivered, "the host knows")
	case err == nil:
		return moved(o, ledger.Delivered, "the host has granted it")
	case errors.Is(err, ErrRefuse) && (o.Kind == ledger.Refund || o.Kind == ledger.Credit): // what has happened cannot be refused
		return moved(o, ledger.Disputed, "the host does not take note: "+short(err))
	case errors.Is(err, ErrRefuse) && o.Kind == ledger.Goods:
		return moved(o, ledger.Disputed, refusedNote(err, "; give the money back in the WeChat console"))
	case errors.Is(err, ErrRefuse):
		return moved(o, ledger.Refunding, refusedNote(err, ""))
	case errors.Is(err, ErrClosing): // the server is stopping, which says nothing of the host
		return r.postponed(o, err, now)
	case isAway: // it fails everybody, which says nothing of the order
		o.Note = "not delivered yet: " + short(err)
		return r.postponed(o, err, now)
	case o.Attempts+1 >= r.tries:
		return moved(o, ledger.Disputed, fmt.Sprintf("not delivered in %d tries: %s", r.tries, short(err)))
	default:
		o.Note = "not delivered yet: " + short(err)
		return r.again(o, now)
	}
}

// goodsLife is for how long the answer that goods are not paid for is no reason to give up: Midas's own word of a
// payment comes for 24 h 4 min (§3.7). goodsForgotten is when they are given up without an answer, because the player
// has not come back to sign the question. A push is taken whenever it comes, and they are asked about again when the
// player is back.
const (
	goodsLife      = 25 * time.Hour
	goodsForgotten = 30 * 24 * time.Hour
)

// unansweredNote begins the note of goods that were given up without an answer: they may have been paid for.
const unansweredNote = "no answer from Midas"

// The waits between questions about goods, once those of the config are used up (§5): goodsPoll for the first hour,
// then longestHold.
const (
	goodsPoll = 10 * time.Minute
	goodsLate = time.Hour
)

// afterQuery decides what becomes of goods in Paying once Midas has been asked about them.
func (r rules) afterQuery(o ledger.Order, info midas.OrderInfo, err error, now time.Time) ledger.Order {
	verdict, age := midas.VerdictOf(err), now.Sub(o.CreatedAt)
	o = answered(o, err)
	switch {
	case err == nil && info.Paid && info.ProductID != "" && info.ProductID != o.ItemID:
		return moved(o, ledger.Disputed, fmt.Sprintf("Midas was paid for %q under this number", printable(info.ProductID)))
	case err == nil && info.Paid:
		return moved(o, ledger.Paid, "paid, as Midas says when asked")
	case (err == nil || errors.Is(err, midas.ErrTradeUnknown)) && age >= goodsLife:
		return moved(o, ledger.Failed, "not paid in 25 h")
	case age >= goodsForgotten:
		return moved(o, ledger.Failed, unansweredNote+" in 30 days: "+o.Note)
	case verdict == midas.VerdictLogin:
		o.Parked, o.DueAt = true, now.Add(goodsLife)
		return o
	case err != nil && !errors.Is(err, midas.ErrTradeUnknown) && verdict == midas.VerdictLater:
		return r.postponed(o, err, now)
	}
	// Unpaid, unknown because the player has not opened the payment yet, or no answer: ask again.
	o.DueAt = now.Add(jitter(r.goodsWait(o, now)))
	o.Attempts++
	return o
}

// goodsWait is how long to wait before Midas is asked about goods again.
func (r rules) goodsWait(o ledger.Order, now time.Time) time.Duration {
	switch {
	case o.Attempts < len(r.poll):
		return min(r.poll[o.Attempts], longestHold)
	case now.Sub(o.CreatedAt) < goodsLate:
		return goodsPoll
	default:
		return longestHold
	}
}

// afterHostCancels decides what becomes of a purchase that the host cancels. ok is false if it cannot be: because it is
// over, or because it is being delivered and may have been granted by a call whose answer was lost.
func (r rules) afterHostCancels(o ledger.Order, why string, now time.Time) (after ledger.Order, ok bool) {
	note := "cancelled by the host: " + printable(why)
	switch o.State {
	case ledger.Created:
		return moved(o, ledger.Failed, note+" before it was sent"), true
	case ledger.Paying:
		if o.UnsureSince.IsZero() {
			return moved(o, ledger.Failed, note+": nothing was deducted"), true
		}
		o.Note = note
		return r.reverse(o, now), true
	case ledger.Delivered:
		if now.Sub(o.CreatedAt) >= billLife {
			return o, false
		}
		return moved(o, ledger.Refunding, note), true
	default:
		return o, false
	}
}

// reverse stops asking for the coins and starts calling them back, once a call that somebody has just sent has had time
// to land: when the last one was sent nobody can say, for only the first of them is preceded by a write.
func (r rules) reverse(o ledger.Order, now time.Time) ledger.Order {
	note := o.Note
	if note == "" || now.Sub(o.UnsureSince) >= r.GiveUpAfter {
		note = fmt.Sprintf("no definite answer in %s", r.GiveUpAfter)
	}
	o = moved(o, ledger.Reversing, note+": calling the coins back")
	o.DueAt, o.Lease = now.Add(r.quiet), r.quiet
	return o
}

// again puts an order that brought no definite answer off, longer each time.
func (r rules) again(o ledger.Order, now time.Time) ledger.Order {
	wait := r.First << min(o.Attempts, 30)
	if wait > r.Max || wait <= 0 {
		wait = r.Max
	}
	o.Attempts++
	o.DueAt = now.Add(jitter(wait))
	return o
}

// postponed puts an order off that could not be sent. That is no attempt: waiting out an outage must not make the
// order any less patient afterwards.
func (r rules) postponed(o ledger.Order, err error, now time.Time) ledger.Order {
	o.DueAt = now.Add(jitter(min(max(r.First, retryAfter(err)), longestHold)))
	return o
}

// longestHold bounds how long an order rests that could not be sent, so that it stays within the runner's horizon.
const longestHold = 30 * time.Minute

// jitter spreads waits by a fifth, so that orders that failed together do not come back together.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(d)/5+1))
}

// moved takes an arrow: whatever counted for the old state starts anew.
func moved(o ledger.Order, to ledger.State, note string) ledger.Order {
	o.State, o.Note = to, note
	o.Attempts, o.DueAt, o.Lease, o.Parked = 0, time.Time{}, 0, false
	if to != ledger.Reversing && to != ledger.Disputed {
		o.UnsureSince = time.Time{}
	}
	return o
}

// parked leaves an order to its player's next login. If that never comes, the end of the bill number's life settles it.
func parked(o ledger.Order) ledger.Order {
	o.Parked, o.DueAt = true, o.CreatedAt.Add(billLife)
	return o
}

// answered notes what Midas said last.
func answered(o ledger.Order, err error) ledger.Order {
	o.Code, o.RID, o.Note = 0, "", ""
	if err == nil {
		return o
	}
	o.Note = short(err)
	var answer *midas.Error
	if errors.As(err, &answer) {
		o.Code, o.RID = answer.Code, answer.RID
	}
	return o
}

// maxNote bounds what an error leaves in an order and its history, in bytes.
const maxNote = 300

func short(err error) string { return printable(err.Error()) }

// printable makes a foreign text fit for the ledger, where some databases take no zero byte and no broken UTF-8.
func printable(s string) string {
	if len(s) > maxNote {
		s = s[:maxNote]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
