package ledger

import "slices"

// State is where an order stands. Nothing moves an order along an arrow that the machine of its [Kind] does not have.
// That of purchases and presents is:
//
//	created → paying → paid → delivered ⇄ refunding
//	   |        |        ├→ refunding → cancelled | disputed
//	   |        |        └→ disputed
//	   |        ├→ delivered                        (a present: there is nothing to deliver)
//	   |        ├→ failed
//	   |        ├→ reversing → cancelled | paid | disputed
//	   |        └→ disputed
//	   └→ failed
//
// An order that Midas is asked about at once is made in Paying: its number and the mark that a call may be out are one
// write.
//
// A delivered order stays so unless the host cancels it; if Midas then keeps the coins, it is delivered again. An order
// that was cancelled, or has failed, because Midas knew nothing of it, moves again if a deduction lands late (see
// Recheck):
//
//	cancelled → cancelled (given back) | paid (Midas keeps it) | reversing
//	failed → reversing
//
// Disputed → disputed adds what was learned since.
//
// Goods are paid for with money, which no call of ours takes or gives back:
//
//	paying → paid → delivered → cancelled             (the money was given back in the console)
//	  |  ^     └→ disputed → cancelled | paid
//	  |  └ failed                                     (never heard of, and paid all the same: the push came late)
//	  ├→ failed
//	  ├→ disputed
//	  └→ cancelled
//
// Ledger.SettleTrade has one arrow more: goods that were cancelled and never delivered become paid once it is known
// that not all that was paid is back.
//
// A refund of money, and a credit of coins that were bought, wait to be told to the host: paid → delivered | disputed.
type State string

// The states of an order.
const (
	// Created: the bill number is fixed and stored, and Midas has never heard of it.
	Created State = "created"
	// Paying: Midas has been, or is about to be, asked to deduct. Left by a definite answer.
	Paying State = "paying"
	// Paid: Midas has deducted the coins; the host has yet to confirm that it granted the item.
	Paid State = "paid"
	// Delivered: the host has granted the item, or Midas a present. The end most orders reach.
	Delivered State = "delivered"
	// Refunding: the host refused to grant the item or took it back, and the coins are on their way back.
	Refunding State = "refunding"
	// Reversing: nobody could say for too long whether coins were deducted, so they are being called back.
	Reversing State = "reversing"
	// Cancelled: the coins are back with the player, or were never taken. An end.
	Cancelled State = "cancelled"
	// Failed: Midas said no and deducted nothing, or goods were not paid for in a day. An end.
	Failed State = "failed"
	// Disputed: no rule can settle the order; an operator decides (Ledger.Resolve). An end for the machine.
	Disputed State = "disputed"
)

// steps is the machine of purchases and presents: from each state, the states an order may go to next.
var steps = map[State][]State{
	Created:   {Paying, Failed},
	Paying:    {Paid, Delivered, Failed, Reversing, Disputed},
	Paid:      {Delivered, Refunding, Disputed},
	Refunding: {Cancelled, Delivered, Disputed},
	Reversing: {Cancelled, Paid, Disputed},
	Delivered: {Refunding},
	Cancelled: {Cancelled, Paid, Reversing},
	Failed:    {Reversing},
	Disputed:  {Disputed},
}

// goodsSteps and toldSteps are the machines of the other kinds.
var (
	goodsSteps = map[State][]State{
		Paying:    {Paid, Failed, Cancelled, Disputed},
		Failed:    {Paid, Cancelled, Disputed},
		Paid:      {Delivered, Disputed},
		Delivered: {Cancelled},
		Disputed:  {Cancelled, Paid},
	}
	toldSteps = map[State][]State{Paid: {Delivered, Disputed}} // of what the host is only told
)

// begins is the state that orders of a kind are made in.
func (k Kind) begins() State {
	switch k {
	case Goods:
		return Paying // the player is about to be told how to pay
	case Refund, Credit:
		return Paid
	default:
		return Created
	}
}

// begins is the state that a new order is stored in.
func (o Order) begins() State {
	begin := o.Kind.begins()
	if begin == Created && o.State == Paying && !o.UnsureSince.IsZero() {
		return Paying
	}
	return begin
}

// Allows tells whether an order of this kind may go from one state to the next. Staying is not an arrow,
// but where an order that has ended is written to once more.
func (k Kind) Allows(from, to State) bool {
	switch k {
	case Goods:
		return slices.Contains(goodsSteps[from], to)
	case Refund, Credit:
		return slices.Contains(toldSteps[from], to)
	default:
		return slices.Contains(steps[from], to)
	}
}

// States lists every state, in the order of an order's life.
func States() []State {
	return []State{Created, Paying, Paid, Delivered, Refunding, Reversing, Cancelled, Failed, Disputed}
}

// Ended tells whether the machine is done with an order in s.
func (s State) Ended() bool {
	switch s {
	case Delivered, Cancelled, Failed, Disputed:
		return true
	default:
		return false
	}
}

// Known tells whether s is one of the states above.
func (s State) Known() bool {
	_, known := steps[s]
	return known
}
