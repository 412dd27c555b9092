package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/leafmidas/leafmidas/emulator"
	midasmsg "github.com/leafmidas/leafmidas/msg"
)

// devices buys 60 coins on one device after another, by the signed call where there is one.
func (d *demo) devices(ctx context.Context) error {
	for _, c := range []struct {
		name   string
		device emulator.Device
		pays   bool
	}{
		{"wendy", emulator.Device{Platform: "windows", System: "Windows 11 x64", WeChat: "4.0.1", SDK: "3.10.3"}, true},
		{"harry", emulator.Device{Platform: "ohos", System: "HarmonyOS 5.0", WeChat: "8.0.70", SDK: "3.10.3"}, true},
		{"ivy", emulator.Device{Platform: "ios", System: "iOS 17.4.1", WeChat: "8.0.68", SDK: "3.10.3"}, true},
		{"olga", emulator.Device{Platform: "ios", System: "iOS 14.8", WeChat: "8.0.50", SDK: "3.9.1"}, false},
	} {
		p, err := d.joinOn(ctx, c.name, false, c.device)
		if err != nil {
			return err
		}
		d.players = append(d.players, p)
		if c.pays {
			err = d.signedCoins(ctx, p)
		} else {
			err = d.cannotPay(ctx, p)
		}
		if err != nil {
			return fmt.Errorf("%s on %s: %w", c.name, c.device.System, err)
		}
	}
	return nil
}

func (d *demo) signedCoins(ctx context.Context, p *player) error {
	if err := p.Send(&midasmsg.MidasRecharge{RequestId: "signed", BuyQuantity: 60}); err != nil {
		return err
	}
	o, err := await(ctx, p, func(o *midasmsg.MidasRechargeOptions) bool { return o.GetRequestId() == "signed" })
	if err != nil {
		return err
	}
	more := strings.Replace(o.GetSignData(), `"buyQuantity":60`, `"buyQuantity":6480`, 1)
	refused := d.world.Emulator.PayGoods(p.openid, more, o.GetPaySig(), o.GetSignature(), emulator.Fate{})
	code, ok := errors.AsType[*emulator.ClientError](refused)
	if !ok {
		return fmt.Errorf("with another quantity the window said %w", refused)
	}
	if err := d.world.Emulator.PayGoods(p.openid, o.GetSignData(), o.GetPaySig(), o.GetSignature(), emulator.Fate{}); err != nil {
		return err
	}
	if err := p.Send(&midasmsg.MidasRechargeDone{RequestId: "signed"}); err != nil {
		return err
	}
	_, err = await(ctx, p, func(r *midasmsg.MidasRechargeResult) bool {
		return r.GetState() == midasmsg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED && r.GetCoins() == 60
	})
	if err == nil {
		d.note("%s (%s): signData of 60 coins is paid; made 6480 by the client it is refused with %d", p.name, p.device.System, code.Code)
	}
	return err
}

// cannotPay shows that a device without payment still spends coins.
func (d *demo) cannotPay(ctx context.Context, p *player) error {
	e, err := p.refused(ctx, "no", &midasmsg.MidasRecharge{RequestId: "no", BuyQuantity: 60}, midasmsg.MidasErrorCode_MIDAS_ERROR_CODE_UNSUPPORTED_PLATFORM)
	if err != nil {
		return err
	}
	d.note("%s (%s): %v, %q", p.name, p.device.System, e.GetCode(), e.GetMessage())
	if err := d.world.Emulator.Recharge(d.world.Env, p.openid, "1", 60); err != nil { // bought on another device
		return err
	}
	_, err = p.mustBuy(ctx, "sword", "sword", 1)
	return err
}
