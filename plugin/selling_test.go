package plugin

import (
	"reflect"
	"strings"
	"testing"
)

func TestWhereMoneyIsTakenFollowsTheEnvironment(t *testing.T) {
	iphone := Platform{Name: "ios", System: "15", WeChat: "8.0.68", SDK: "3.10.3"}
	for name, c := range map[string]struct {
		config string
		want   []Platform
	}{
		"nothing said": {with(t), []Platform{{Name: "android"}, {Name: "windows"}, {Name: "mac"}, {Name: "ohos"}}},
		"nothing said of production": {
			with(t, "Env", `"production"`, "AppKey", `"k"`),
			[]Platform{{Name: "android"}, {Name: "windows"}, {Name: "mac"}, {Name: "ohos"}, iphone},
		},
		"none": {with(t, "Platforms", `[]`), []Platform{}},
		"names": {
			with(t, "Env", `"production"`, "AppKey", `"k"`, "Platforms", `["ios","android"]`), []Platform{iphone, {Name: "android"}},
		},
		"versions of the game's own": {
			with(t, "Env", `"production"`, "AppKey", `"k"`, "Platforms", `[{"Name":"ios","System":"17"},{"Name":"windows","WeChat":"4.0"}]`),
			[]Platform{{Name: "ios", System: "17"}, {Name: "windows", WeChat: "4.0"}},
		},
		"Apple has no sandbox": {with(t, "Platforms", `["ios","mac"]`), []Platform{{Name: "mac"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := resolve(t, c.config)
			if got := r.platforms(); err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestPurchasesOfCoinsAreSignedWhereTheirPriceIsSure(t *testing.T) {
	v2 := func(more ...string) string { return with(t, append([]string{"Protocol", `"v2"`}, more...)...) }
	for name, c := range map[string]struct {
		config string
		signed bool
	}{
		"V1":                          {with(t), false},
		"V2":                          {v2(), true},
		"V2, switched off":            {v2("SignedCoins", "false"), false},
		"another rate":                {v2("CoinsPerYuan", "20"), false},
		"another rate, switched on":   {v2("CoinsPerYuan", "20", "SignedCoins", "true"), true},
		"no whole fen, by the rate":   {v2("CoinsPerYuan", "7", "SignedCoins", "true", "SignedCoinPrice", `"rate"`), true},
		"no whole fen, nothing said":  {v2("CoinsPerYuan", "7"), false},
		"many coins, switched on":     {v2("CoinsPerYuan", "100", "SignedCoins", "true"), true},
		"read as a rate, nothing but": {v2("SignedCoinPrice", `"rate"`), true},
	} {
		t.Run(name, func(t *testing.T) {
			if r, err := resolve(t, c.config); err != nil || r.signedCoins() != c.signed {
				t.Errorf("signed: %t, %v", r.signedCoins(), err)
			}
		})
	}
}

func TestNonsenseAboutWhereMoneyIsTakenIsToldByItsKey(t *testing.T) {
	for name, c := range map[string]struct {
		config string
		want   string
	}{
		"a platform that nobody has":     {with(t, "Platforms", `["android","iphone"]`), `Platforms[1]: "iphone" is none of`},
		"a slip":                         {with(t, "Platforms", `["andriod"]`), `did you mean "android"?`},
		"one twice":                      {with(t, "Platforms", `["mac",{"Name":"mac","SDK":"3"}]`), `Platforms[1]: "mac" is there twice`},
		"a version that is none":         {with(t, "Platforms", `[{"Name":"mac","WeChat":"newest"}]`), `Platforms[0].WeChat: "newest" is no version`},
		"an unknown key of a platform":   {with(t, "Platforms", `[{"Name":"mac","Wechat":"4"}]`), `Platforms[0].Wechat: is not a key`},
		"a number for a platform":        {with(t, "Platforms", `[7]`), `Platforms[0]: wants an object`},
		"a text for platforms":           {with(t, "Platforms", `"android"`), `Platforms: wants a list`},
		"a price that no one else has":   {with(t, "IOSTiers", `[6,7]`), `IOSTiers[1]: 7 yuan is none of RechargeTiers`},
		"no price on an iPhone":          {with(t, "IOSTiers", `[]`), `IOSTiers: is empty`},
		"a signature in V1":              {with(t, "SignedCoins", `true`), `SignedCoins: only protocol v2`},
		"coins that cost no whole fen":   {with(t, "Protocol", `"v2"`, "CoinsPerYuan", `7`, "SignedCoins", `true`), `SignedCoins: with 7 coins for a yuan`},
		"domains that BaseURL is not of": {with(t, "BaseURL", `"https://a.example.com"`, "BaseURLs", `["https://b.example.com"]`), `BaseURLs: does not begin with BaseURL`},
		"no domain":                      {with(t, "BaseURLs", `[]`), `BaseURLs: does not begin`},
		"a domain that is none":          {with(t, "BaseURLs", `["https://a.example.com","b"]`), `BaseURLs[1]: is not of the form`},
		"a domain twice":                 {with(t, "BaseURLs", `["https://a.example.com","https://a.example.com"]`), `BaseURLs[1]: is there twice`},
		"push keys without a token":      {with(t, "Protocol", `"v2"`, "Push", `{"Token":"t"}`, "PushKeys", `[{"EncodingAESKey":"x"}]`), `PushKeys[0].Token: is missing`},
		"push keys beside nothing":       {with(t, "Protocol", `"v2"`, "PushKeys", `[{"Token":"t"}]`), `PushKeys: are beside those of Push`},
		"a recharge centre in V1":        {with(t, "RechargeCenter", `true`), `RechargeCenter: only protocol v2`},
		"a reading of the price unknown": {with(t, "SignedCoinPrice", `"yuan"`), `SignedCoinPrice: "yuan" is neither`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := resolve(t, c.config); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}
