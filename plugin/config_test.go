package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/midas"
)

// goodConfig is the least there must be.
const goodConfig = `{"Env": "sandbox", "AppID": "wx1", "AppSecret": "s3cr3t-of-the-app", "OfferID": "1450000001",
	"SandboxAppKey": "k3y-of-the-sandbox", "CoinsPerYuan": 10, "Ledger": {"DSN": "orders.db"}}`

// with is goodConfig with changes: "-" removes a key, everything else is JSON.
func with(t *testing.T, changes ...string) string {
	t.Helper()
	var section map[string]json.RawMessage
	if err := json.Unmarshal([]byte(goodConfig), &section); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "-" {
			delete(section, changes[i])
		} else {
			section[changes[i]] = json.RawMessage(changes[i+1])
		}
	}
	text, err := json.Marshal(section)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// resolve does with a section what Configure does first.
func resolve(t *testing.T, section string) (Config, error) {
	t.Helper()
	var server struct{ Midas Config }
	if err := json.Unmarshal([]byte(`{"Midas":`+section+`}`), &server); err != nil {
		t.Fatalf("decoding must not fail: %v", err)
	}
	return server.Midas.Resolved()
}

func TestEveryFaultOfAConfigIsToldByItsKey(t *testing.T) {
	t.Setenv("LEAFMIDAS_EMPTY", "")
	for name, one := range map[string]struct {
		section string
		faults  []string // key: what, as a part of the text
	}{
		"nothing is there": {`{}`, []string{
			"AppID: is missing", "AppSecret: is missing", "CoinsPerYuan: is 0", "Env: is missing", "Ledger.DSN: is missing", "OfferID: is missing",
		}},
		"null is nothing": {`null`, []string{
			"AppID: is missing", "AppSecret: is missing", "CoinsPerYuan: is 0", "Env: is missing", "Ledger.DSN: is missing", "OfferID: is missing",
		}},
		"keys of the wrong case": {
			with(t, "appid", `"wx1"`, "TIMEOUT", `"3s"`),
			[]string{`TIMEOUT: is not a key; "Timeout" is`, `appid: is not a key; "AppID" is`},
		},
		"unknown keys at every depth": {
			with(t, "Colour", `1`, "Breaker", `{"windows": 1, "window": "1s"}`, "Items", `[{"ID":"a","Price":1,"price":2,"Prize":3}]`, "Ledger", `{"DSN":"x","Path":"y"}`),
			[]string{
				`Breaker.window: is not a key; "Window" is`, "Breaker.windows: is not a key", "Colour: is not a key",
				`Items[0].Prize: is not a key`, `Items[0].price: is not a key; "Price" is`, "Ledger.Path: is not a key",
			},
		},
		"keys with a slip of the fingers": {
			with(t, "MaxInFligth", `1`, "Retry", `{"GiveUpAftr":"5m"}`, "app_secret", `"x"`, "Items", `[{"ID":"a","Price":1,"Nam":"A"}]`, "LoginLimits", `{}`),
			[]string{
				`Items[0].Nam: is not a key; did you mean "Name"?`, `LoginLimits: is not a key; did you mean "LoginLimit"?`,
				`MaxInFligth: is not a key; did you mean "MaxInFlight"?`, `Retry.GiveUpAftr: is not a key; did you mean "GiveUpAfter"?`,
				`app_secret: is not a key; "AppSecret" is`,
			},
		},
		"keys in the wrong section": {
			with(t, "DSN", `"x"`, "Redis", `{"MaxConns":5}`, "Retry", `{"open_for":"1s"}`, "Ledger", `{"DSN":"x","CoinsPerYuan":1}`),
			[]string{
				`DSN: is not a key here; did you mean "Ledger.DSN"?`, `Ledger.CoinsPerYuan: is not a key here; did you mean "CoinsPerYuan"?`,
				`Redis.MaxConns: is not a key here; did you mean "Ledger.MaxConns"?`, `Retry.open_for: is not a key here; did you mean "Breaker.OpenFor"?`,
			},
		},
		"a key like no other": {
			with(t, "RateLimit", `{"zzzzzz":1}`), []string{`RateLimit.zzzzzz: is not a key; there are PerSecond, Burst`},
		},
		"zeros that are no standard": {
			with(t, "Timeout", `"0s"`, "MaxInFlight", `0`, "MaxQueuePerPlayer", `0`, "RateLimit", `{"PerSecond":0,"Burst":0}`,
				"Retry", `{"First":"0","Max":"0ms","GiveUpAfter":"-0s","DeliverTries":0}`, "LoginLimit", `{"InFlight":0,"RefusedPerSecond":0.0,"RefusedPerAddress":0e5}`,
				"Breaker", `{"Window":"0s","Buckets":0,"MinRequests":0,"FailureRatio":0,"OpenFor":"0s","HalfOpenRequests":0}`,
				"Ledger", `{"Driver":"mysql","DSN":"x","MaxConns":0,"ConnMaxIdleTime":"0s","ConnMaxLifetime":"0s"}`),
			[]string{
				"Breaker.Buckets: is 0; allowed is 1 to 1000. Leave it out for 10", "Breaker.FailureRatio: is 0", "Breaker.HalfOpenRequests: is 0",
				"Breaker.MinRequests: is 0", "Breaker.OpenFor: is 0s", "Breaker.Window: is 0s", "Ledger.ConnMaxIdleTime: is 0s", "Ledger.ConnMaxLifetime: is 0s",
				"Ledger.MaxConns: is 0", "LoginLimit.InFlight: is 0", "LoginLimit.RefusedPerAddress: is 0", "LoginLimit.RefusedPerSecond: is 0",
				"MaxInFlight: is 0", "MaxQueuePerPlayer: is 0", "RateLimit.Burst: is 0", "RateLimit.PerSecond: is 0; allowed is 0.01 to 1000. Leave it out for 5",
				"Retry.DeliverTries: is 0", "Retry.First: is 0s", "Retry.GiveUpAfter: is 0s", "Retry.Max: is 0s",
				"Timeout: is 0s; allowed is 100ms to 1m0s. Leave it out for 3s",
			},
		},
		"a zero for connections to a file": {with(t, "Ledger", `{"DSN":"x","MaxConns":0}`), []string{"Ledger.MaxConns: is for a database server"}},
		"lists of nothing": {
			with(t, "RechargeTiers", `[]`, "RechargePoll", `[]`), []string{"RechargePoll: is empty", "RechargeTiers: is empty"},
		},
		"a platform that nobody has": {
			with(t, "Platform", `"androd"`), []string{`Platform: "androd" is none of android, ios, windows, mac, ohos; did you mean "android"?`},
		},
		"several servers on a ledger they cannot share": {
			with(t, "Redis", `{"Addr":"redis:6379"}`),
			[]string{`Redis: is for several servers, and they cannot share a SQLite file: Ledger.Driver is "postgres" or "mysql" then`},
		},
		"a place to meet that is none": {
			with(t, "Redis", `{"Addr":"redis","DB":-1}`, "Ledger", `{"Driver":"postgres","DSN":"x"}`),
			[]string{`Redis.Addr: "redis" is not of the form host:port`, "Redis.DB: is -1; allowed is 0 to 1000000"},
		},
		"no place to meet": {
			with(t, "Redis", `{"Username":"x"}`, "Ledger", `{"Driver":"postgres","DSN":"x"}`),
			[]string{`Redis.Addr: is missing: where Redis is, as "host:port"`},
		},
		"an inner field is no key":    {with(t, "faults", `[]`), []string{"faults: is not a key"}},
		"a number for a text":         {with(t, "AppID", `7`), []string{"AppID: wants a text"}},
		"a number for a secret":       {with(t, "AppSecret", `12345`), []string{"AppSecret: wants a text"}},
		"a list for a text":           {with(t, "OfferID", `["1"]`), []string{"OfferID: wants a text"}},
		"an object for a text":        {with(t, "Env", `{"a":1}`), []string{"Env: wants a text"}},
		"true for a text":             {with(t, "ZoneID", `true`), []string{"ZoneID: wants a text"}},
		"a text for a bool":           {with(t, "Login", `"true"`, "MPSig", `"no"`), []string{"Login: wants true or false", "MPSig: wants true or false"}},
		"a number for a bool":         {with(t, "Login", `1`, "MPSig", `0`), []string{"Login: wants true or false", "MPSig: wants true or false"}},
		"a text for a number":         {with(t, "CoinsPerYuan", `"10"`, "MaxInFlight", `"9"`), []string{"CoinsPerYuan: wants a whole number", "MaxInFlight: wants a whole number"}},
		"a fraction of a coin":        {with(t, "CoinsPerYuan", `10.5`), []string{"CoinsPerYuan: wants a whole number"}},
		"a number beyond 64 bits":     {with(t, "CoinsPerYuan", `99999999999999999999`), []string{"CoinsPerYuan: wants a whole number"}},
		"a number beyond all bounds":  {with(t, "RateLimit", `{"PerSecond":1e999}`), []string{"RateLimit.PerSecond: wants a number"}},
		"a text for a rate":           {with(t, "RateLimit", `{"PerSecond":"5"}`), []string{"RateLimit.PerSecond: wants a number"}},
		"a negative count":            {with(t, "Breaker", `{"MinRequests":-1}`), []string{"Breaker.MinRequests: wants a whole number"}},
		"a number for a duration":     {with(t, "Timeout", `3`), []string{`Timeout: wants a duration as text, such as "3s"`}},
		"true for a duration":         {with(t, "Timeout", `true`), []string{`Timeout: wants a duration as text, such as "3s"`}},
		"a duration without a unit":   {with(t, "Timeout", `"3"`), []string{`Timeout: is no duration; write one such as "3s"`}},
		"a duration in words":         {with(t, "Retry", `{"First":"soon"}`), []string{"Retry.First: is no duration"}},
		"a negative duration":         {with(t, "Timeout", `"-3s"`), []string{"Timeout: is -3s; allowed is 100ms to 1m0s"}},
		"a bad duration in a list":    {with(t, "RechargePoll", `["3s",5,"x","1ms","25h"]`), []string{"RechargePoll[1]: wants a duration", "RechargePoll[2]: is no duration", "RechargePoll[3]: is 1ms", "RechargePoll[4]: is 25h"}},
		"durations out of range":      {with(t, "RechargePoll", `["3s","1ms","25h"]`), []string{"RechargePoll[1]: is 1ms", "RechargePoll[2]: is 25h"}},
		"a text for an object":        {with(t, "Breaker", `"fast"`), []string{"Breaker: wants an object"}},
		"a list for an object":        {with(t, "Retry", `[]`), []string{"Retry: wants an object"}},
		"a number for the ledger":     {with(t, "Ledger", `5`), []string{"Ledger: wants an object"}},
		"an object for a list":        {with(t, "Items", `{"ID":"a","Price":1}`), []string{"Items: wants a list"}},
		"a text for a list":           {with(t, "RechargeTiers", `"6"`), []string{"RechargeTiers: wants a list"}},
		"a text in a list of numbers": {with(t, "RechargeTiers", `[6,"12"]`), []string{"RechargeTiers[1]: wants a whole number"}},
		"a text in a list of objects": {with(t, "Items", `[{"ID":"a","Price":1},"b"]`), []string{"Items[1]: wants an object"}},
		"a price as text":             {with(t, "Items", `[{"ID":"a","Price":"1"}]`), []string{"Items[0].Price: wants a whole number"}},
		"a protocol nobody speaks":    {with(t, "Protocol", `"v3"`), []string{`Protocol: "v3" is none of v1, v2`}},
		"an environment that is none": {with(t, "Env", `"staging"`), []string{`Env: "staging" is none of sandbox, production`}},
		"parameters of a third kind":  {with(t, "OptionalParams", `"send"`), []string{`OptionalParams: "send" is none of omit, sign`}},
		"a server without a DSN":      {with(t, "Ledger", `{"Driver":"postgres"}`), []string{"Ledger.DSN: is missing: where the database is"}},
		"a DSN that is not there":     {with(t, "Ledger", `{"Driver":"mysql","DSN":"env:LEAFMIDAS_NO_SUCH_DSN"}`), []string{"Ledger.DSN: the environment has no variable LEAFMIDAS_NO_SUCH_DSN"}},
		"connections to a file":       {with(t, "Ledger", `{"DSN":"x","MaxConns":5}`), []string{"Ledger.MaxConns: is for a database server"}},
		"too few connections": {
			with(t, "Ledger", `{"Driver":"mysql","DSN":"x","MaxConns":2,"ConnMaxIdleTime":"1ms","ConnMaxLifetime":5}`),
			[]string{"Ledger.ConnMaxIdleTime: is 1ms", "Ledger.ConnMaxLifetime: wants a duration", "Ledger.MaxConns: is 2; allowed is 3 to 1000"},
		},
		"a driver that is not there":   {with(t, "Ledger", `{"Driver":"oracle","DSN":"x"}`), []string{`Ledger.Driver: "oracle" is none of sqlite`}},
		"the key of the other world":   {with(t, "Env", `"production"`), []string{"AppKey: is missing"}},
		"no key of the sandbox":        {with(t, "SandboxAppKey", "-", "AppKey", `"k"`), []string{"SandboxAppKey: is missing"}},
		"a variable that is not set":   {with(t, "AppSecret", `"env:LEAFMIDAS_NOT_SET"`), []string{"AppSecret: the environment has no variable LEAFMIDAS_NOT_SET"}},
		"a variable that is empty":     {with(t, "AppSecret", `"env:LEAFMIDAS_EMPTY"`), []string{"AppSecret: the environment has no variable LEAFMIDAS_EMPTY"}},
		"a file that is not there":     {with(t, "SandboxAppKey", `"file:/no/such/file"`), []string{"SandboxAppKey: open /no/such/file"}},
		"an unused key that is broken": {with(t, "AppKey", `"env:LEAFMIDAS_NOT_SET"`), []string{"AppKey: the environment has no variable"}},
		"ids that break a signature": {
			with(t, "AppID", `"wx&1"`, "OfferID", `"1=2"`, "ZoneID", `"一"`, "Platform", `"a b"`),
			[]string{"AppID: has other characters", "OfferID: has other characters", "Platform: has other characters", "ZoneID: has other characters"},
		},
		"a yuan that buys nothing":  {with(t, "CoinsPerYuan", `0`), []string{"CoinsPerYuan: is 0; a yuan buys 1 to 1000000 coins"}},
		"a yuan that buys too much": {with(t, "CoinsPerYuan", `1000001`), []string{"CoinsPerYuan: is 1000001"}},
		"tiers that are no prices":  {with(t, "RechargeTiers", `[6,0,-1,1000001]`), []string{"RechargeTiers[1]: is 0", "RechargeTiers[2]: is -1", "RechargeTiers[3]: is 1000001"}},
		"items that cannot be sold": {
			with(t, "Items", `[{"ID":"a","Price":1},{"ID":"a","Price":2},{"ID":"","Price":3},{"ID":"b","Price":0},{"ID":"c","Price":-1},{"ID":"d"},{"ID":"e","Price":9007199254740992},{"ID":"f g","Price":1}]`),
			[]string{
				`Items[1].ID: "a" is the id of Items[0] already`, `Items[2].ID: "" is not 1 to 64`, "Items[3].Price: is 0", "Items[4].Price: is -1",
				"Items[5].Price: is 0", "Items[6].Price: is 9007199254740992", `Items[7].ID: "f g" is not`,
			},
		},
		"numbers out of range": {
			with(t, "MaxInFlight", `10001`, "MaxQueuePerPlayer", `-1`, "Timeout", `"1h"`, "RateLimit", `{"PerSecond":-1,"Burst":1001}`,
				"Retry", `{"First":"1s","Max":"500ms","GiveUpAfter":"25h"}`,
				"Breaker", `{"Window":"1ms","Buckets":1001,"MinRequests":1000001,"FailureRatio":1.01,"OpenFor":"2h","HalfOpenRequests":1001}`),
			[]string{
				"Breaker.Buckets: is 1001", "Breaker.FailureRatio: is 1.01", "Breaker.HalfOpenRequests: is 1001", "Breaker.MinRequests: is 1000001",
				"Breaker.OpenFor: is 2h", "Breaker.Window: is 1ms", "MaxInFlight: is 10001", "MaxQueuePerPlayer: is -1", "RateLimit.Burst: is 1001",
				"RateLimit.PerSecond: is -1", "Retry.GiveUpAfter: is 25h", "Retry.Max: is 500ms", "Timeout: is 1h",
			},
		},
		"plain http in production": {
			with(t, "Env", `"production"`, "AppKey", `"k"`, "BaseURL", `"http://example.com"`), []string{"BaseURL: is plain http"},
		},
		"an address that is none":    {with(t, "BaseURL", `"api.weixin.qq.com"`), []string{"BaseURL: is not of the form"}},
		"an address with a path":     {with(t, "BaseURL", `"https://a/b"`), []string{"BaseURL: is not of the form"}},
		"an address with a login":    {with(t, "BaseURL", `"https://u:p@a"`), []string{"BaseURL: is not of the form"}},
		"an address of another kind": {with(t, "BaseURL", `"ftp://a"`), []string{"BaseURL: is neither https nor http"}},
		"faults of text and of meaning at once": {
			with(t, "Timeout", `3`, "Env", `"x"`, "colour", `1`, "AppSecret", "-"),
			[]string{"AppSecret: is missing", `Env: "x" is none`, "Timeout: wants a duration", "colour: is not a key"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := resolve(t, one.section)
			var fault *ConfigError
			if !errors.As(err, &fault) {
				t.Fatalf("got %v, not a *ConfigError", err)
			}
			var got []string
			for _, f := range fault.Faults {
				got = append(got, f.Key+": "+f.What)
				if !strings.Contains(err.Error(), f.Key+": "+f.What) {
					t.Errorf("the text leaves %s out: %v", f.Key, err)
				}
			}
			slices.Sort(got)
			if len(got) != len(one.faults) {
				t.Fatalf("got %d faults, not %d:\n%s", len(got), len(one.faults), strings.Join(got, "\n"))
			}
			for i, want := range one.faults {
				if !strings.HasPrefix(got[i], want) {
					t.Errorf("got %q, not %q", got[i], want)
				}
			}
		})
	}
}

func TestASectionThatIsNotThereIsCalledMissing(t *testing.T) {
	var server struct{ Midas Config }
	if err := json.Unmarshal([]byte(`{"Mydas":{"Env":"sandbox"}}`), &server); err != nil {
		t.Fatal(err)
	}
	_, err := server.Midas.Resolved()
	if err == nil || !strings.Contains(err.Error(), `no section "Midas"`) || strings.Contains(err.Error(), "AppID") {
		t.Errorf("got %v", err)
	}
}

func TestAZeroThatIsNotWrittenIsTheStandard(t *testing.T) {
	for name, section := range map[string]string{
		"left out": goodConfig, "null": with(t, "Timeout", "null", "RateLimit", "null", "RechargeTiers", "null"), "empty sections": with(t, "Retry", "{}", "RateLimit", "{}"),
		"zeros that mean zero": with(t, "MPSig", "false", "Items", `[{"ID":"a","Price":5,"Fen":0}]`, "Redis", `{"DB":0}`),
	} {
		c, err := resolve(t, section)
		if err != nil || c.Timeout != 3*time.Second || c.RateLimit.PerSecond != 5 {
			t.Errorf("%s: %v, %+v", name, err, c.RateLimit)
		}
	}
}

func TestASectionThatIsNoObjectIsAFaultOfItsOwn(t *testing.T) {
	for _, section := range []string{`[]`, `"text"`, `7`, `true`} {
		_, err := resolve(t, section)
		if err == nil || !strings.Contains(err.Error(), "Midas: is not a JSON object") {
			t.Errorf("%s: %v", section, err)
		}
	}
}

func TestTheDefaultsAreTheDocumentedOnes(t *testing.T) {
	c, err := resolve(t, goodConfig)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Protocol: "v1", Env: "sandbox", AppID: "wx1", AppSecret: "s3cr3t-of-the-app", OfferID: "1450000001",
		SandboxAppKey: "k3y-of-the-sandbox", MPSig: new(true), OptionalParams: "omit", ZoneID: "1", Platform: "android", CoinsPerYuan: 10,
		Timeout: 3 * time.Second, MaxInFlight: 200, MaxQueuePerPlayer: 8,
		Retry: RetryConfig{First: time.Second, Max: 30 * time.Second, GiveUpAfter: 5 * time.Minute, DeliverTries: 100},
		RechargePoll: []time.Duration{
			10 * time.Second, 10 * time.Second, 15 * time.Second, 15 * time.Second, 30 * time.Second, 30 * time.Second,
			time.Minute, time.Minute, time.Minute, 10 * time.Minute, 10 * time.Minute, 10 * time.Minute,
		},
		RateLimit: RateLimitConfig{PerSecond: 5, Burst: 10}, LoginLimit: LoginLimitConfig{InFlight: 20, RefusedPerSecond: 20, RefusedPerAddress: 1},
		Breaker: BreakerConfig{
			Window: 10 * time.Second, Buckets: 10, MinRequests: 10, FailureRatio: 0.5, OpenFor: 5 * time.Second, HalfOpenRequests: 3,
		},
		Ledger: LedgerConfig{Driver: "sqlite", DSN: "orders.db"},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if m := c.midas(nil); !m.Sandbox || m.AppKey != "k3y-of-the-sandbox" || m.NoMPSig || m.SignOptional || c.env() != 1 {
		t.Errorf("Midas gets %+v", m)
	}
	if !reflect.DeepEqual(c.tiers(), midas.OfficialTiers()) {
		t.Error("the tiers are not the official ones")
	}
}

func TestAFullConfigMeansWhatItSays(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	if err := os.WriteFile(file, []byte("secret-in-a-file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LEAFMIDAS_KEY", "secret-in-the-environment")
	c, err := resolve(t, `{
		"Protocol": "v1", "Env": "production", "BaseURL": "https://midas.example.com:8443", "AppID": "wx_2-B", "AppSecret": "`+"file:"+file+`",
		"OfferID": "145", "AppKey": "env:LEAFMIDAS_KEY", "SandboxAppKey": "unused", "MPSig": false, "OptionalParams": "sign",
		"ZoneID": "z_9", "Platform": "windows", "CoinsPerYuan": 100, "RechargeTiers": [6, 648],
		"Items": [{"ID": "sword", "Name": "屠龙刀", "Price": 9007199254740991}, {"ID": "potion", "Price": 1}],
		"Login": true, "Timeout": "2s", "MaxInFlight": 7, "MaxQueuePerPlayer": 3,
		"Retry": {"First": "500ms", "Max": "5s", "GiveUpAfter": "1m30s", "DeliverTries": 7}, "RechargePoll": ["1s", "1m"],
		"RateLimit": {"PerSecond": 2.5, "Burst": 4}, "LoginLimit": {"InFlight": 7, "RefusedPerSecond": 1.5, "RefusedPerAddress": 0.5},
		"Breaker": {"Window": "20s", "Buckets": 20, "MinRequests": 30, "FailureRatio": 1, "OpenFor": "9s", "HalfOpenRequests": 2},
		"Ledger": {"Driver": "sqlite", "DSN": "/var/lib/game/orders.db"}}`)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Protocol: "v1", Env: "production", BaseURL: "https://midas.example.com:8443", AppID: "wx_2-B", AppSecret: "secret-in-a-file",
		OfferID: "145", AppKey: "secret-in-the-environment", SandboxAppKey: "unused", MPSig: new(false), OptionalParams: "sign",
		ZoneID: "z_9", Platform: "windows", CoinsPerYuan: 100, RechargeTiers: []int64{6, 648},
		Items: []Item{{ID: "sword", Name: "屠龙刀", Price: math.MaxInt64 >> 10}, {ID: "potion", Name: "potion", Price: 1}},
		Login: true, Timeout: 2 * time.Second, MaxInFlight: 7, MaxQueuePerPlayer: 3,
		Retry:        RetryConfig{First: 500 * time.Millisecond, Max: 5 * time.Second, GiveUpAfter: 90 * time.Second, DeliverTries: 7},
		RechargePoll: []time.Duration{time.Second, time.Minute}, RateLimit: RateLimitConfig{PerSecond: 2.5, Burst: 4},
		LoginLimit: LoginLimitConfig{InFlight: 7, RefusedPerSecond: 1.5, RefusedPerAddress: 0.5},
		Breaker:    BreakerConfig{Window: 20 * time.Second, Buckets: 20, MinRequests: 30, FailureRatio: 1, OpenFor: 9 * time.Second, HalfOpenRequests: 2},
		Ledger:     LedgerConfig{Driver: "sqlite", DSN: "/var/lib/game/orders.db"},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if m := c.midas(nil); m.Sandbox || m.AppKey != "secret-in-the-environment" || !m.NoMPSig || !m.SignOptional || m.AppSecret != "secret-in-a-file" || c.env() != 0 {
		t.Errorf("Midas gets %#v", m)
	}
	if tiers := c.tiers(); !reflect.DeepEqual(tiers, midas.Tiers{600, 64800}) {
		t.Errorf("tiers are %v fen", tiers)
	}
}

func TestPushesAndGoodsAreOfProtocolV2(t *testing.T) {
	key := strings.Repeat("A", 43)
	c, err := resolve(t, with(t, "Protocol", `"v2"`, "Items", `[{"ID":"pass","Fen":600},{"ID":"sword","Price":60,"Fen":1}]`,
		"Push", `{"Addr":":9400","Token":"secret-token","EncodingAESKey":"`+key+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (PushConfig{Addr: ":9400", Path: "/midas/push", Token: "secret-token", EncodingAESKey: Secret(key)}); c.Push != want {
		t.Errorf("%#v", c.Push)
	}
	if items := c.items(); items[0].Fen != 600 || items[0].Price != 0 || items[1].Fen != 1 || items[1].Price != 60 {
		t.Errorf("%+v", items)
	}
	for name, text := range map[string]string{
		"Push.Token":          with(t, "Protocol", `"v2"`, "Push", `{"Addr":":9400"}`),
		"Push.EncodingAESKey": with(t, "Protocol", `"v2"`, "Push", `{"Token":"t","EncodingAESKey":"short"}`),
		"Push.Path":           with(t, "Protocol", `"v2"`, "Push", `{"Token":"t","Path":"midas"}`),
		"Push.Addr":           with(t, "Protocol", `"v2"`, "Push", `{"Token":"t","Addr":"9400"}`),
		"Push":                with(t, "Push", `{"Token":"t"}`),
		"Items[0].Limit":      with(t, "Items", `[{"ID":"pass","Price":1,"Limit":-1}]`),
		"Items[0].Fen":        with(t, "Items", `[{"ID":"pass","Price":1,"Fen":600}]`),
		"Items[0].Price":      with(t, "Protocol", `"v2"`, "Items", `[{"ID":"pass"}]`),
	} {
		var fault *ConfigError
		if _, err := resolve(t, text); !errors.As(err, &fault) || len(fault.Faults) != 1 || fault.Faults[0].Key != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlainHTTPIsForTheSandboxAndThisMachine(t *testing.T) {
	for url, env := range map[string]string{
		"http://example.com": "sandbox", "http://127.0.0.1:8080": "production", "http://localhost": "production",
		"http://[::1]:80": "production", "https://example.com/": "production",
	} {
		if _, err := resolve(t, with(t, "Env", `"`+env+`"`, "AppKey", `"k"`, "BaseURL", `"`+url+`"`)); err != nil {
			t.Errorf("%s in %s: %v", url, env, err)
		}
	}
}

func TestAConfigMadeInGoIsCheckedToo(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"RateLimit.PerSecond":  func(c *Config) { c.RateLimit.PerSecond = math.NaN() },
		"Breaker.FailureRatio": func(c *Config) { c.Breaker.FailureRatio = math.NaN() },
		"RateLimit.Burst":      func(c *Config) { c.RateLimit.Burst = -1 },
		"LoginLimit.InFlight":  func(c *Config) { c.LoginLimit.InFlight = -1 },
		"Items[0].ID":          func(c *Config) { c.Items = []Item{{Price: 1}} },
		"AppSecret":            func(c *Config) { c.AppSecret = "" },
	} {
		var c Config
		if err := json.Unmarshal([]byte(goodConfig), &c); err != nil {
			t.Fatal(err)
		}
		change(&c)
		var fault *ConfigError
		if _, err := c.Resolved(); !errors.As(err, &fault) || len(fault.Faults) != 1 || fault.Faults[0].Key != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestResolvingLeavesTheHostsConfigAlone(t *testing.T) {
	c := Config{Items: []Item{{ID: "a", Price: 1}}}
	if _, err := c.Resolved(); err == nil {
		t.Error("an empty config was taken")
	}
	if c.Items[0].Name != "" || c.Timeout != 0 || c.MPSig != nil {
		t.Errorf("changed to %+v", c)
	}
}

func TestASecretIsNeverPrinted(t *testing.T) {
	secrets := []string{"s3cr3t-of-the-app", "k3y-of-the-sandbox", "k3y-of-production", "in-the-wrong-place"}
	seek := func(where, text string) {
		t.Helper()
		for _, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s shows %q: %s", where, s, text)
			}
		}
	}
	section := with(t, "AppKey", `"k3y-of-production"`, "Timeout", `"in-the-wrong-place"`, "CoinsPerYuan", `"in-the-wrong-place"`,
		"Retry", `"in-the-wrong-place"`, "RechargeTiers", `["in-the-wrong-place"]`, "Login", `"in-the-wrong-place"`,
		"BaseURL", `"https://user:in-the-wrong-place@host"`, "AppID", `"in-the-wrong-place&"`, "Items", `["in-the-wrong-place"]`)
	for _, section := range []string{section, goodConfig} {
		c, err := resolve(t, section)
		for _, value := range []any{c, &c, []Config{c}, map[string]Config{"a": c}} {
			text, jsonErr := json.Marshal(value)
			if jsonErr != nil {
				t.Fatal(jsonErr)
			}
			for _, printed := range []string{fmt.Sprintf("%v", value), fmt.Sprintf("%+v", value), fmt.Sprintf("%#v", value), fmt.Sprintf("%s", value), string(text)} {
				// What stands in a field that is no secret is shown as it stands.
				seek("the config", strings.ReplaceAll(printed, "in-the-wrong-place", ""))
			}
		}
		if err != nil {
			for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
				seek("the error", fmt.Sprintf(form, err))
			}
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		goodConfig, `{}`, `null`, `[]`, `{"Items":[{}]}`, `{"Items":[null,1,"a",[]]}`, `{"Retry":null}`, `{"Retry":{"First":"1h"}}`, `{"RechargePoll":[null]}`,
		`{"Breaker":{"FailureRatio":1e308}}`, `{"MPSig":null}`, `{"MPSig":true}`, `{"Timeout":"9223372036854775807ns"}`, `{"CoinsPerYuan":-0}`,
		`{"AppSecret":"env:"}`, `{"AppSecret":"file:"}`, `{"a":{"b":{"c":[{"d":1}]}}}`, `{"AppID":"\u0000"}`, `{"BaseURL":"http://["}`, `{`, ``, `{"Env":"sandbox"}x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, section []byte) {
		if strings.Contains(string(section), "file:") {
			return // the secret could be any file of this machine
		}
		var c Config
		if err := c.UnmarshalJSON(section); err != nil {
			t.Fatalf("decoding failed: %v", err)
		}
		told := len(c.faults)
		resolved, err := c.Resolved()
		var fault *ConfigError
		switch {
		case err == nil && told > 0:
			t.Errorf("%d faults of the text were forgotten", told)
		case err == nil: // what has passed is what the rooms behind may rely on
			if resolved.Timeout <= 0 || resolved.MaxInFlight <= 0 || resolved.MPSig == nil || resolved.CoinsPerYuan <= 0 || resolved.Ledger.DSN == "" {
				t.Errorf("passed: %+v", resolved)
			}
			for _, it := range resolved.Items {
				if it.ID == "" || it.Price < 1 {
					t.Errorf("passed: %+v", it)
				}
			}
		case !errors.As(err, &fault) || len(fault.Faults) < told || len(fault.Faults) == 0:
			t.Errorf("%d faults of the text, told: %v", told, err)
		}
	})
}
