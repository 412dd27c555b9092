package ledger

import "slices"

// State is where an order stands. The machine is the table [steps]; nothing moves an order along an arrow that is
// not in it.
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
// A delivered order stays so unless the host cancels it; if Midas then keeps the coins, it is delivered again.
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
	// Failed: Midas said no and deducted nothing. An end.
	Failed State = "failed"
	// Disputed: no rule can settle the order; an operator decides. An end for the machine.
	Disputed State = "disputed"
)

// steps is the order machine: from each state, the states an order may go to next.
var steps = map[State][]State{
	Created:   {Paying, Failed},
	Paying:    {Paid, Delivered, Failed, Reversing, Disputed},
	Paid:      {Delivered, Refunding, Disputed},
	Refunding: {Cancelled, Delivered, Disputed},
	Reversing: {Cancelled, Paid, Disputed},
	Delivered: {Refunding},
	Cancelled: {},
	Failed:    {},
	Disputed:  {},
}

// States lists every state, in the order of an order's life.
func States() []State {
	return []State{Created, Paying, Paid, Delivered, Refunding, Reversing, Cancelled, Failed, Disputed}
}

// Next lists the states an order in s may go to.
func (s State) Next() []State { return slices.Clone(steps[s]) }

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

// CanBecome tells whether the machine has an arrow from s to next. Staying is not an arrow.
func (s State) CanBecome(next State) bool { return slices.Contains(steps[s], next) }
