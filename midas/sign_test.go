package midas

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The keys of the published signature guide (§1.7).
const (
	guideAppKey     = Secret("zNLgAGgqsEWJOg1nFVaO5r7fAlIQxr1u")
	guideSessionKey = Secret("V7Q38/i2KXaqrQyl2Yx9Hg==")
)

func guideParams(extra ...Param) []Param {
	params := append([]Param{
		{"openid", "odkx20ENSNa2w5y3g_qOkOvBNM1g"},
		{"appid", "wx1234567"},
		{"offer_id", "12345678"},
		{"ts", "1507530737"},
		{"zone_id", "1"},
		{"pf", "android"},
	}, extra...)
	slices.SortFunc(params, byKey)
	return params
}

// vectors are the guide's published values and the regression table of §1.7.
var vectors = []struct {
	name, path string
	extra      []Param
	sig, mpSig string
}{
	{
		"published guide", "/cgi-bin/midas/getbalance", nil,
		"1ad64e8dcb2ec1dc486b7fdf01f4a15159fc623dc3422470e51cf6870734726b",
		"ff4c5bb39dea1002a8f03be0438724e1a8bcea5ebce8f221f9b9fea3bcf3bf76",
	},
	{
		"pay", "/cgi-bin/midas/pay",
		[]Param{{"amt", "123"}, {"bill_no", "BillNo_123"}},
		"ada5ef41b2f185b9d6ba041ed0f4ba562ed5aeb6acce17be58865fa88c55aaab",
		"101c9de900169d556be97ceafce55a18bf1385bc39e0ddb4e8ca7c1d670c76da",
	},
	{
		"cancelpay", "/cgi-bin/midas/cancelpay",
		[]Param{{"bill_no", "BillNo_123"}},
		"cff702559f26433de1df7e20921d5798bf4dc1c7636472a0bec82369a8bb6ba8",
		"35b37a9192e7bbb595627b371ac8dc6ccf879f3d8b9486927708a1de13232219",
	},
	{
		"present", "/cgi-bin/midas/present",
		[]Param{{"bill_no", "BillNo_123"}, {"present_counts", "233"}},
		"c82c534ca46818722a8cbe0004020aea541333aefa7a780fb0bb45d9397da3ef",
		"523537261e0205eda7a7ed2a6e3d7333badc94cc2eb591f733559f3608bbe0af",
	},
	{
		"sandbox getbalance", "/cgi-bin/midas/sandbox/getbalance", nil,
		"f8f9f6ac64eb1cf4a5f2f0235f72fe69af0d2ceb2b26bed5a024244140643bb4",
		"ba1b7d2bce2e824cadf56c143fab6739e843f7b5578c079ec1432f12e5120b6c",
	},
	{
		"sandbox pay", "/cgi-bin/midas/sandbox/pay",
		[]Param{{"amt", "123"}, {"bill_no", "BillNo_123"}},
		"e00c9d9177ff4005844734e08d08c39ebfebc82d8fab0d941a097cb1ba7c25e0",
		"9d6493a6a5e1b94832f33845c0d7cf13c8a41deef6291f2e07541f2188d933a7",
	},
	{
		"sandbox cancelpay", "/cgi-bin/midas/sandbox/cancelpay",
		[]Param{{"bill_no", "BillNo_123"}},
		"967ddbdbd7ba6893e57fac0d7b39711241c28a0c4a93e2cdadc2ebae9cb350e5",
		"3154cf22edd1a3eeab094f68bc810230ff5020b8072df90c636384a751775fbf",
	},
	{
		"sandbox present", "/cgi-bin/midas/sandbox/present",
		[]Param{{"bill_no", "BillNo_123"}, {"present_counts", "233"}},
		"d057ab7878e30688ab5f075328a9e600cd3b443ce2980defa69969ef7e364b2b",
		"95204c161bdd55024dabdf91263f10661ba7bc9311d79d57b58efabcff92410a",
	},
	{
		"pay with optional parameters", "/cgi-bin/midas/pay",
		[]Param{{"amt", "123"}, {"bill_no", "BillNo_123"}, {"user_ip", "127.0.0.1"}, {"pay_item", "sword"}, {"app_remark", "note"}},
		"3c8c147ca7fd9cc4c57fcbcf76ac2a54cda65a681d05c6b7dbb3fe9a2995507d",
		"d69970d0e803895517c7323c752730bf4c58f8c2e48a1403f5ab934f0cfefba4",
	},
}

func TestSignaturesMatchTheVectors(t *testing.T) {
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			params := guideParams(v.extra...)
			sig := SigV1(params, v.path, guideAppKey)
			if sig != v.sig {
				t.Errorf("sig is %s, want %s", sig, v.sig)
			}
			params = append(params, Param{"access_token", "ACCESSTOKEN"}, Param{"sig", sig})
			if mpSig := MPSigV1(params, v.path, guideSessionKey); mpSig != v.mpSig {
				t.Errorf("mp_sig is %s, want %s", mpSig, v.mpSig)
			}
		})
	}
}

func TestSigningLeavesTheParametersAsTheyWere(t *testing.T) {
	params := []Param{{"b", "2"}, {"a", "1"}}
	SigV1(params, "/p", "k")
	if params[0].Key != "b" {
		t.Error("the caller's slice was sorted")
	}
}

// The published vectors of protocol V2 and the calculated ones (§3.3, §3.5).
func TestSignaturesOfV2(t *testing.T) {
	const body = `{"offer_id": "12345678", "openid": "oUrsfxxxxxxxxxx", "ts": 1668136271, "zone_id": "1", "env": 0}`
	for name, v := range map[string]struct{ got, want string }{
		"pay_sig": {
			PaySigV2("/wxa/game/getbalance", []byte(body), "12345"),
			"11bac6388871d29c055c7d16fbe42e8d646855b666faf89b15c815218b1b23bd",
		},
		"signature": {
			SignatureV2([]byte(body), "9hAb/NEYUlkaMBEsmFgzig=="),
			"42fe1d3341fb1c8bd6f5014ba735ab04eacc80a2deb3ab4669eab4700b5b6729",
		},
		"the login guide's": {
			SignatureV2([]byte(`{"foo":"bar"}`), "o0q0otL8aEzpcZL/FT9WsQ=="),
			"654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b",
		},
		"of nothing": {
			SignatureV2(nil, "o0q0otL8aEzpcZL/FT9WsQ=="),
			"46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128",
		},
		"the mini-program relative's": {
			PaySigV2("/xpay/query_user_balance", []byte(`{"openid": "xxx", "user_ip": "127.0.0.1", "env": 0}`), "12345"),
			"c37809f27c6d7fd1837ad2500a04512b66b34fd793a39a385fade56dca89a4b5",
		},
	} {
		if v.got != v.want {
			t.Errorf("%s is %s", name, v.got)
		}
	}
}

func TestTheHMACIsTheStandardOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body")
		key := rapid.StringN(-1, -1, 200).Draw(t, "key") // longer than a block, too
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		if got, want := SignatureV2(body, Secret(key)), hex.EncodeToString(mac.Sum(nil)); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}

func TestASignatureTakesTwoAllocations(t *testing.T) {
	params, body := guideParams(), []byte(`{"openid":"odkx20ENSNa2w5y3g_qOkOvBNM1g"}`)
	for name, sign := range map[string]func(){
		"sig":       func() { SigV1(params, "/cgi-bin/midas/pay", guideAppKey) },
		"mp_sig":    func() { MPSigV1(params, "/cgi-bin/midas/pay", guideSessionKey) },
		"pay_sig":   func() { PaySigV2("/wxa/game/pay", body, guideAppKey) },
		"signature": func() { SignatureV2(body, guideSessionKey) },
	} {
		if n := testing.AllocsPerRun(100, sign); n > 2 {
			t.Errorf("%s takes %v", name, n)
		}
	}
}
