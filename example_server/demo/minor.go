package demo

import (
	"context"
	"fmt"

	"github.com/leafmidas/leafmidas/example_server/msg"
	midasmsg "github.com/leafmidas/leafmidas/msg"
)

// Minor is a player of the demo who is 12 years old.
const Minor = "tim"

// minor shows that the law's limits are told before a payment window opens.
func (d *demo) minor(ctx context.Context) error {
	const limit = midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_LIMIT_REACHED
	p, err := d.enter(ctx, Minor, false)
	if err != nil {
		return err
	}
	e, err := p.refused(ctx, "60 yuan", &midasmsg.MidasRecharge{RequestId: "60 yuan", BuyQuantity: 600}, limit)
	if err != nil {
		return err
	}
	d.note("60 yuan: %v, %q", e.GetCode(), e.GetMessage())
	const times, coins = 4, 500
	for n := range times {
		id := fmt.Sprint("50 yuan, ", n+1)
		if err := p.Send(&midasmsg.MidasRecharge{RequestId: id, BuyQuantity: coins}); err != nil {
			return err
		}
		if _, err := await(ctx, p, func(o *midasmsg.MidasRechargeOptions) bool { return o.GetRequestId() == id }); err != nil {
			return err
		}
		if err := d.world.Emulator.Recharge(d.world.Env, p.openid, "1", coins); err != nil {
			return err
		}
		if err := p.Send(&midasmsg.MidasRechargeDone{RequestId: id}); err != nil {
			return err
		}
		if _, err := await(ctx, p, func(r *midasmsg.MidasRechargeResult) bool {
			return r.GetRequestId() == id && r.GetState() == midasmsg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED
		}); err != nil {
			return err
		}
	}
	if e, err = p.refused(ctx, "1 yuan", &midasmsg.MidasRecharge{RequestId: "1 yuan", BuyQuantity: 10}, limit); err != nil {
		return err
	}
	d.note("after %d times 50 yuan, 1 yuan: %q", times, e.GetMessage())
	return p.points(ctx, times*coins)
}

// points waits until the game has counted the coins that a player has bought.
func (p *player) points(ctx context.Context, want int64) error {
	for {
		if err := p.Send(&msg.GetInventory{}); err != nil {
			return err
		}
		inventory, err := await(ctx, p, func(*msg.Inventory) bool { return true })
		if err != nil {
			return fmt.Errorf("the game has not counted %d coins: %w", want, err)
		}
		if inventory.GetVip() == want {
			return nil
		}
	}
}
