package midas_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
)

// A deduction whose answer was lost is asked for again under the same bill number, and was made once.
func ExampleClient_Pay() {
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		panic(err)
	}
	defer emu.Close()
	url, err := emu.Start("")
	if err != nil {
		panic(err)
	}
	client, err := midas.New(midas.Config{
		BaseURL: url, Sandbox: true, AppID: emulator.DefaultAppID, AppSecret: emulator.DefaultAppSecret,
		OfferID: emulator.DefaultOfferID, AppKey: emulator.DefaultSandboxAppKey,
	})
	if err != nil {
		panic(err)
	}
	defer client.Close()

	ctx := context.Background()
	openid := emulator.OpenIDOf("alice")
	if err := errors.Join(emu.Recharge(emulator.Sandbox, openid, "1", 100), emu.Script("pay", emulator.Fault{Kind: emulator.Fail})); err != nil {
		panic(err)
	}
	session, err := client.Code2Session(ctx, emu.Code(openid))
	if err != nil {
		panic(err)
	}
	request := midas.PayRequest{
		Player: midas.Player{OpenID: openid, ZoneID: "1", SessionKey: session.SessionKey},
		BillNo: "bill-1", Amount: 30,
	}
	for range 2 {
		_, err := client.Pay(ctx, request)
		fmt.Println(midas.VerdictOf(err))
	}
	b, err := client.Balance(ctx, request.Player)
	fmt.Println(b.Balance, err)
	// Output:
	// unknown
	// already done
	// 70 <nil>
}

func ExampleTiers_Price() {
	tiers := midas.OfficialTiers()
	fmt.Println(tiers.Price(60, 10)) // a yuan buys 10 coins
	_, err := tiers.Price(20, 10)
	fmt.Println(errors.Is(err, midas.ErrBadTier), err)
	// Output:
	// 600 <nil>
	// true midas: no price tier fits: 20 coins would cost 2.00 yuan; the nearest that can be bought are 10 and 30 coins
}

func ExampleSecret() {
	key := midas.Secret("sBdG5/whatever==")
	fmt.Println(key, fmt.Sprintf("%#v", key), len(key.Reveal()))
	// Output: *** midas.Secret("***") 16
}
