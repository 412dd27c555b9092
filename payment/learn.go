package payment

import (
	"context"
	"errors"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
)

// fact is what an answer tells for certain of an order, whatever state somebody else has moved it to meanwhile.
type fact int

const (
	nothing   fact = iota
	charged        // Midas has deducted, or given, the coins
	givenBack      // Midas has given the coins back
	granted        // the host has granted the item
)

func (f fact) String() string {
	return [...]string{"nothing", "Midas has done it", "Midas has given the coins back", "the host has granted it"}[f]
}

// givesBack reports whether cancelpay's answer says that the coins are back.
func givesBack(err error) bool {
	return err == nil || errors.Is(err, midas.ErrBillRolledBack) || midas.VerdictOf(err) == midas.VerdictAlready
}

// learned decides what becomes of an order of which a server has learned something after it had lost the order to
// another. ok is false if that changes nothing.
func (r rules) learned(o ledger.Order, f fact) (after ledger.Order, ok bool) {
	note := "learned late: " + f.String()
	switch {
	case f == charged && o.State == ledger.Paying && o.Kind == ledger.Present:
		return moved(o, ledger.Delivered, note), true
	case f == charged && o.State == ledger.Paying:
		return moved(o, ledger.Paid, note), true
	case f == charged && o.State == ledger.Reversing, f == charged && o.State == ledger.Cancelled:
		// Whoever calls the coins back may have been told already that there were none. Its write fails now, and it asks
		// again.
		o.Note = note
		return o, true
	case f == charged && o.State == ledger.Failed && o.Kind == ledger.Purchase:
		return moved(o, ledger.Reversing, note+": calling the coins back"), true
	case f == givenBack && (o.State == ledger.Reversing || o.State == ledger.Refunding):
		return moved(o, ledger.Cancelled, note), true
	case f == granted && o.State == ledger.Paid:
		return moved(o, ledger.Delivered, note), true
	case o.State == ledger.Disputed && o.Kind == ledger.Purchase: // for the operator who decides
		o.Note = short(errors.New(o.Note + "; " + note))
		return o, true
	default:
		return o, false
	}
}

// learn writes to an order what this server knows of it, whoever has it now. It goes on until the ledger takes it.
func (t *Till) learn(ctx context.Context, known ledger.Order, f fact) {
	ctx = context.WithoutCancel(ctx)
	for range settleTries {
		o, err := t.cfg.Ledger.Order(ctx, known.BillNo)
		if err != nil {
			t.learnAgain(known, f, err)
			return
		}
		after, ok := t.rules.learned(o, f)
		if !ok {
			t.log.Info("midas: order changed meanwhile", about(o, "learned", f.String())...)
			return
		}
		now := t.cfg.Now()
		after.UpdatedAt = now
		switch {
		case after.State == ledger.Cancelled && o.State == ledger.Cancelled:
			after.RecheckAt = now
		case !after.State.Ended():
			after.DueAt, after.Parked = now, false
		}
		stored, err := t.cfg.Ledger.Advance(ctx, o, after)
		switch {
		case errors.Is(err, ledger.ErrConflict):
			continue
		case err != nil:
			t.learnAgain(known, f, err)
			return
		}
		t.log.Warn("midas: order learned late", about(stored, "from", o.State, "note", stored.Note)...)
		if stored.State != o.State {
			t.stats.reached(stored)
			t.ended(t.receipt(stored))
		}
		if !after.RecheckAt.IsZero() {
			t.recheckAt(after.RecheckAt)
		}
		t.wake()
		return
	}
	t.learnAgain(known, f, ErrBusy)
}

// learnAgain tries again once the ledger answers.
func (t *Till) learnAgain(known ledger.Order, f fact, err error) {
	t.complain("midas: what is known of an order could not be stored yet", err, about(known, "learned", f.String())...)
	t.tryAgain(again{order: known, fact: f})
}
