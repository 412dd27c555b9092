package emulator_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/emulator"
)

// The vectors of §1.7: the guide's own two values, and the regression table made with the guide's keys.
var vectors = []struct {
	name, path  string
	more        map[string]any
	sig, mpSig  string
	needBalance int64
}{
	{
		"guide", "/cgi-bin/midas/getbalance", nil,
		"1ad64e8dcb2ec1dc486b7fdf01f4a15159fc623dc3422470e51cf6870734726b",
		"ff4c5bb39dea1002a8f03be0438724e1a8bcea5ebce8f221f9b9fea3bcf3bf76", 0,
	},
	{
		"pay", "/cgi-bin/midas/pay",
		map[string]any{"amt": 123, "bill_no": "BillNo_123"},
		"ada5ef41b2f185b9d6ba041ed0f4ba562ed5aeb6acce17be58865fa88c55aaab",
		"101c9de900169d556be97ceafce55a18bf1385bc39e0ddb4e8ca7c1d670c76da", 123,
	},
	{
		"cancelpay", "/cgi-bin/midas/cancelpay",
		map[string]any{"bill_no": "BillNo_123"},
		"cff702559f26433de1df7e20921d5798bf4dc1c7636472a0bec82369a8bb6ba8",
		"35b37a9192e7bbb595627b371ac8dc6ccf879f3d8b9486927708a1de13232219", 0,
	},
	{
		"present", "/cgi-bin/midas/present",
		map[string]any{"bill_no": "BillNo_123", "present_counts": 233},
		"c82c534ca46818722a8cbe0004020aea541333aefa7a780fb0bb45d9397da3ef",
		"523537261e0205eda7a7ed2a6e3d7333badc94cc2eb591f733559f3608bbe0af", 0,
	},
	{
		"sandbox getbalance", "/cgi-bin/midas/sandbox/getbalance", nil,
		"f8f9f6ac64eb1cf4a5f2f0235f72fe69af0d2ceb2b26bed5a024244140643bb4",
		"ba1b7d2bce2e824cadf56c143fab6739e843f7b5578c079ec1432f12e5120b6c", 0,
	},
	{
		"sandbox pay", "/cgi-bin/midas/sandbox/pay",
		map[string]any{"amt": 123, "bill_no": "BillNo_123"},
		"e00c9d9177ff4005844734e08d08c39ebfebc82d8fab0d941a097cb1ba7c25e0",
		"9d6493a6a5e1b94832f33845c0d7cf13c8a41deef6291f2e07541f2188d933a7", 123,
	},
	{
		"sandbox cancelpay", "/cgi-bin/midas/sandbox/cancelpay",
		map[string]any{"bill_no": "BillNo_123"},
		"967ddbdbd7ba6893e57fac0d7b39711241c28a0c4a93e2cdadc2ebae9cb350e5",
		"3154cf22edd1a3eeab094f68bc810230ff5020b8072df90c636384a751775fbf", 0,
	},
	{
		"sandbox present", "/cgi-bin/midas/sandbox/present",
		map[string]any{"bill_no": "BillNo_123", "present_counts": 233},
		"d057ab7878e30688ab5f075328a9e600cd3b443ce2980defa69969ef7e364b2b",
		"95204c161bdd55024dabdf91263f10661ba7bc9311d79d57b58efabcff92410a", 0,
	},
	{
		"pay with all optional parameters", "/cgi-bin/midas/pay",
		map[string]any{"amt": 123, "bill_no": "BillNo_123", "user_ip": "127.0.0.1", "pay_item": "sword", "app_remark": "note"},
		"3c8c147ca7fd9cc4c57fcbcf76ac2a54cda65a681d05c6b7dbb3fe9a2995507d",
		"d69970d0e803895517c7323c752730bf4c58f8c2e48a1403f5ab934f0cfefba4", 123,
	},
}

func TestPublishedSignaturesAreAccepted(t *testing.T) {
	const appKey, openid = "zNLgAGgqsEWJOg1nFVaO5r7fAlIQxr1u", "odkx20ENSNa2w5y3g_qOkOvBNM1g"
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			f := start(t, emulator.Config{AppID: "wx1234567", OfferID: "12345678", AppKey: appKey, SandboxAppKey: appKey})
			f.SetSession(openid, aliceKey)
			if v.needBalance > 0 {
				for _, env := range []emulator.Env{emulator.Production, emulator.Sandbox} {
					if err := f.Recharge(env, openid, "1", v.needBalance); err != nil {
						t.Fatal(err)
					}
				}
			}
			body := fields(v.more)
			maps.Copy(body, map[string]any{
				"openid": openid, "appid": "wx1234567", "offer_id": "12345678", "sig": v.sig, "mp_sig": v.mpSig,
			})
			want := 0
			if strings.HasSuffix(v.path, "/cancelpay") {
				want = 90000 // both signatures pass, and there is no such bill
			}
			wantCode(t, f.post(v.path, body), want)

			other := maps.Clone(body)
			other["mp_sig"] = strings.Repeat("0", 64)
			wantCode(t, f.post(v.path, other), 90009)
			// mp_sig covers sig, so a wrong sig shows as 90009 first, unless the era ignores mp_sig.
			other = maps.Clone(body)
			other["sig"] = strings.Repeat("0", 64)
			wantCode(t, f.post(v.path, other), 90009)
		})
	}
}

func TestTheWrongEnvironmentsKeyOrPathGives90011(t *testing.T) {
	f := start(t, emulator.Config{})
	sandboxPath := "/cgi-bin/midas/sandbox/getbalance"
	wantCode(t, f.post(sandboxPath, sign(sandboxPath, fields(nil), emulator.DefaultAppKey, goodToken, aliceKey)), 90011)
	// Signed for another path, both signatures are wrong and mp_sig is looked at first.
	wantCode(t, f.post(sandboxPath, sign(balPath, fields(nil), emulator.DefaultSandboxAppKey, goodToken, aliceKey)), 90009)
	ignoring := start(t, emulator.Config{MPSigIgnored: true})
	wantCode(t, ignoring.post(sandboxPath, sign(balPath, fields(nil), emulator.DefaultSandboxAppKey, goodToken, aliceKey)), 90011)
}

func TestMPSigOfTheLaterEraIsNotLookedAt(t *testing.T) {
	f := start(t, emulator.Config{MPSigIgnored: true})
	body := signed(balPath, nil)
	body["mp_sig"] = "nonsense"
	wantCode(t, f.post(balPath, body), 0)
	delete(body, "mp_sig")
	wantCode(t, f.post(balPath, body), 0)
	f.ExpireSession(alice)
	wantCode(t, f.post(balPath, body), 90010)

	f = start(t, emulator.Config{MPSigIgnored: true, SessionOptional: true})
	f.ExpireSession(alice)
	wantCode(t, f.post(balPath, body), 0)
}

func TestOptionalParametersAreSignedOrNot(t *testing.T) {
	with := map[string]any{"user_ip": "127.0.0.1"}
	unsigned := signed(balPath, nil)
	unsigned["user_ip"] = "127.0.0.1"
	for _, tt := range []struct {
		name string
		cfg  emulator.Config
		body map[string]any
		want int
	}{
		{"2018, signed", emulator.Config{}, signed(balPath, with), 0},
		{"2018, left out of the signature", emulator.Config{}, unsigned, 90009},
		{"field reports, signed", emulator.Config{OptionalUnsigned: true}, signed(balPath, with), 90009},
		{"field reports, left out of the signature", emulator.Config{OptionalUnsigned: true}, unsigned, 0},
	} {
		t.Run(tt.name, func(t *testing.T) { wantCode(t, start(t, tt.cfg).post(balPath, tt.body), tt.want) })
	}
}

func TestValuesAreSignedRawOrURLEncoded(t *testing.T) {
	raw := signed(balPath, map[string]any{"user_ip": "a b/中"})
	encoded := sign(balPath, fields(map[string]any{"user_ip": "a+b%2F%E4%B8%AD"}), emulator.DefaultAppKey, goodToken, aliceKey)
	encoded["user_ip"] = "a b/中"
	for _, tt := range []struct {
		name string
		cfg  emulator.Config
		body map[string]any
		want int
	}{
		{"raw by default", emulator.Config{}, raw, 0},
		{"encoded by default", emulator.Config{}, encoded, 90009},
		{"encoded if asked", emulator.Config{URLEncodedValues: true}, encoded, 0},
		{"raw if asked for encoded", emulator.Config{URLEncodedValues: true}, raw, 90009},
	} {
		t.Run(tt.name, func(t *testing.T) { wantCode(t, start(t, tt.cfg).post(balPath, tt.body), tt.want) })
	}
}

func TestUnknownFieldsAndRepeatedKeysAreTolerated(t *testing.T) {
	f := start(t, emulator.Config{})
	body := signed(balPath, nil)
	body["something_new"] = map[string]any{"a": 1}
	wantCode(t, f.post(balPath, body), 0)

	text := `{"openid":"somebody else","openid":"` + alice + `","appid":"` + emulator.DefaultAppID + `","offer_id":"` +
		emulator.DefaultOfferID + `","ts":1507530737,"zone_id":"1","pf":"android","sig":"` + body["sig"].(string) +
		`","mp_sig":"` + body["mp_sig"].(string) + `"}`
	wantCode(t, f.raw("POST", balPath, goodToken, text), 0)
}
