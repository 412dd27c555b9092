package peers

import (
	"context"
	"strings"

	"github.com/silenceper/wechat/v2/miniprogram/config"
	wxcontext "github.com/silenceper/wechat/v2/miniprogram/context"
	"github.com/silenceper/wechat/v2/miniprogram/virtualpayment"
	"github.com/silenceper/wechat/v2/util"
)

// Silenceper is github.com/silenceper/wechat/v2, the SDK that most Go teams with WeChat know. Its package
// virtualpayment speaks xpay, the mini programs' sister of Midas: the same two signatures over a JSON body, under
// another path. Of its calls CancelCurrencyPay is the only one that v2.1.10 signs with both: a switch there lacks its
// fallthroughs.
type Silenceper struct {
	payment *virtualpayment.VirtualPayment
}

// SilenceperPath is where its call arrives.
const SilenceperPath = "/xpay/cancel_currency_pay"

// fixedToken is an access token that is at hand, which is less work than the SDK's own cache.
type fixedToken string

func (t fixedToken) GetAccessToken() (string, error)                       { return string(t), nil }
func (t fixedToken) GetAccessTokenContext(context.Context) (string, error) { return string(t), nil }

// NewSilenceper makes the SDK call baseURL in place of WeChat.
func NewSilenceper(baseURL, token, offerID, appKey, sessionKey string) *Silenceper {
	util.SetURIModifier(func(uri string) string { return baseURL + strings.TrimPrefix(uri, "https://api.weixin.qq.com") })
	p := virtualpayment.NewVirtualPayment(&wxcontext.Context{
		Config:                   &config.Config{OfferID: offerID, AppKey: appKey},
		AccessTokenContextHandle: fixedToken(token),
	})
	p.SetSessionKey(sessionKey)
	return &Silenceper{p}
}

// Call signs and makes its one call.
func (s *Silenceper) Call(ctx context.Context, openid string) error {
	_, err := s.payment.CancelCurrencyPay(ctx, &virtualpayment.CancelCurrencyPayRequest{
		CommonRequest: virtualpayment.CommonRequest{OpenID: openid, Env: virtualpayment.EnvSandbox},
		PayOrderID:    "01K0000000000000000000000A", OrderID: "01K0000000000000000000000B", Amount: 1, DeviceType: 1,
	})
	return err
}
