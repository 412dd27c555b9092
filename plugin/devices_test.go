package plugin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/msg"
)

// asProduction is a server against an emulated production.
func asProduction(set *setup) {
	set.config.Env, set.config.AppKey, set.config.BaseURL = "production", emulator.DefaultAppKey, ""
}

func TestADeviceThatCannotPayIsToldBeforeAnyWindowOpens(t *testing.T) {
	t.Parallel()
	fit := msg.MidasLogin{Platform: "ios", System: "iOS 17.4.1", WechatVersion: "8.0.68", SdkVersion: "3.10.3"}
	for name, c := range map[string]struct {
		login   *msg.MidasLogin
		sandbox bool
		says    string // empty: it can pay
		offers  string // platform of the options
	}{
		"nothing known":             {login: &msg.MidasLogin{}, offers: "android"},
		"Android":                   {login: &msg.MidasLogin{Platform: "Android"}, offers: "android"},
		"Windows":                   {login: &msg.MidasLogin{Platform: "windows", System: "Windows 11 x64"}},
		"Mac":                       {login: &msg.MidasLogin{Platform: "mac"}},
		"HarmonyOS":                 {login: &msg.MidasLogin{Platform: "ohos"}},
		"HarmonyOS PC":              {login: &msg.MidasLogin{Platform: "ohos_pc"}},
		"iPhone":                    {login: &fit},
		"iPhone, versions not told": {login: &msg.MidasLogin{Platform: "ios"}},
		"iPhone in the sandbox":     {login: &fit, sandbox: true, says: "not offered on this device"},
		"old iOS":                   {login: &msg.MidasLogin{Platform: "ios", System: "iOS 14.8"}, says: "iOS 15 or newer"},
		"old WeChat": {
			login: &msg.MidasLogin{Platform: "ios", System: "iOS 16", WechatVersion: "8.0.50", SdkVersion: "3.9.0"},
			says:  "WeChat 8.0.68 or newer and base library 3.10.3 or newer",
		},
		"developer tools as an iPhone": {login: &msg.MidasLogin{Platform: "devtools", System: "iOS 10.0.1"}, says: "iOS 15 or newer"},
		"developer tools":              {login: &msg.MidasLogin{Platform: "devtools", System: "Android 5.0"}, offers: "android"},
		"something else":               {login: &msg.MidasLogin{Platform: "toaster"}, says: "not offered on this device"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, func(set *setup) {
				if !c.sandbox {
					asProduction(set)
				}
			})
			env := emulator.Production
			if c.sandbox {
				env = emulator.Sandbox
			}
			if err := s.emu.Recharge(env, emulator.OpenIDOf("alice"), "1", 60); err != nil {
				t.Fatal(err)
			}
			for i, over := range transports {
				a := s.dial(over)
				a.send(&msg.MidasLogin{
					Code: fmt.Sprint("auto-alice-", i), ZoneId: "1", Platform: c.login.GetPlatform(), System: c.login.GetSystem(),
					WechatVersion: c.login.GetWechatVersion(), SdkVersion: c.login.GetSdkVersion(),
				})
				await(a, any1[*msg.MidasLoginResult])
				a.send(&msg.MidasRecharge{RequestId: fmt.Sprint("r", i), BuyQuantity: 60})
				if c.says == "" {
					if o := await(a, any1[*msg.MidasRechargeOptions]); o.GetPlatform() != c.offers {
						t.Errorf("%s: options say platform %q", over, o.GetPlatform())
					}
				} else if e := a.refused(fmt.Sprint("r", i), msg.MidasErrorCode_MIDAS_ERROR_CODE_UNSUPPORTED_PLATFORM); e.GetRetryable() || !strings.Contains(e.GetMessage(), c.says) {
					t.Errorf("%s: was told %v", over, e)
				}
				if r := a.buy(fmt.Sprint("p", i), "potion", 1); r.GetState() != msg.MidasOrderState_MIDAS_ORDER_STATE_DELIVERED { // coins that are there are spent everywhere
					t.Errorf("%s: a purchase: %v", over, r)
				}
			}
		})
	}
}

func TestAnIPhoneHasItsOwnTiers(t *testing.T) {
	t.Parallel()
	s := start(t, asProduction, func(set *setup) { set.config.IOSTiers = []int64{6, 30} })
	for platform, sells := range map[string]bool{"android": true, "ios": false} {
		c := s.dial(overWS)
		c.send(&msg.MidasLogin{Code: "auto-alice-" + platform, ZoneId: "1", Platform: platform})
		await(c, any1[*msg.MidasLoginResult])
		for i, coins := range []int64{29980, 120, 60} { // 2,998 yuan, 12 yuan, 6 yuan
			id := fmt.Sprint(platform, i)
			c.send(&msg.MidasRecharge{RequestId: id, BuyQuantity: coins})
			if sells || coins == 60 {
				if o := await(c, any1[*msg.MidasRechargeOptions]); o.GetRequestId() != id || o.GetBuyQuantity() != coins {
					t.Errorf("%s, %d coins: %v", platform, coins, o)
				}
				continue
			}
			e := c.refused(id, msg.MidasErrorCode_MIDAS_ERROR_CODE_BAD_TIER)
			below, above := int64(300), int64(0)
			if coins == 120 {
				below, above = 60, 300
			}
			if e.GetNearestBelow() != below || e.GetNearestAbove() != above || !strings.Contains(e.GetMessage(), "300 coins") {
				t.Errorf("%s, %d coins: %v", platform, coins, e)
			}
		}
	}
}

// One message has both: the signed call, and the plain one for devices and clients that lack it.
func TestCoinsAreBoughtWithASignatureOrWithoutOne(t *testing.T) {
	t.Parallel()
	for _, over := range transports {
		t.Run(string(over), func(t *testing.T) {
			t.Parallel()
			s := start(t, forMoney(t))
			s.pushHere()
			openid := emulator.OpenIDOf("alice")
			alice := s.join("alice", over)
			want := int64(0)
			for id, pay := range map[string]func(o *msg.MidasRechargeOptions) error{
				"signed": func(o *msg.MidasRechargeOptions) error {
					more := strings.Replace(o.GetSignData(), `"buyQuantity":60`, `"buyQuantity":300`, 1)
					if err := s.emu.PayGoods(openid, more, o.GetPaySig(), o.GetSignature(), emulator.Fate{}); err == nil {
						t.Error("a client changed the quantity")
					}
					return s.emu.PayGoods(openid, o.GetSignData(), o.GetPaySig(), o.GetSignature(), emulator.Fate{})
				},
				"plain": func(o *msg.MidasRechargeOptions) error {
					return s.emu.PayCoins(emulator.CoinOptions{
						OpenID: openid, OfferID: o.GetOfferId(), ZoneID: o.GetZoneId(), OutTradeNo: o.GetOutTradeNo(), Env: o.GetEnv(),
						BuyQuantity: o.GetBuyQuantity(), Platform: o.GetPlatform(), CurrencyType: o.GetCurrencyType(), Mode: o.GetMode(),
					}, emulator.Fate{})
				},
			} {
				alice.send(&msg.MidasRecharge{RequestId: id, BuyQuantity: 60})
				o := await(alice, func(o *msg.MidasRechargeOptions) bool { return o.GetRequestId() == id })
				if o.GetMode() != "game" || o.GetOutTradeNo() == "" || !strings.HasPrefix(o.GetSignData(), `{"mode":"coins",`) {
					t.Fatalf("options are %v", o)
				}
				if err := pay(o); err != nil {
					t.Fatalf("%s: %v", id, err)
				}
				alice.send(&msg.MidasRechargeDone{RequestId: id})
				await(alice, func(r *msg.MidasRechargeResult) bool {
					return r.GetRequestId() == id && r.GetState() == msg.MidasRechargeState_MIDAS_RECHARGE_STATE_CREDITED && r.GetCoins() == 60
				})
				want += 60
				if b := alice.balance("b-" + id); b != want {
					t.Errorf("%s: balance %d, want %d", id, b, want)
				}
			}
		})
	}
}
