package msg_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/leafmidas/leafmidas/msg"
)

var update = flag.Bool("update", false, "rewrite testdata from what the code does now")

// testdata/frames.jsonl is what a JavaScript client sees of every message: first with every field zero, then with every
// field set.
func TestJSONFramesAreTheGoldenOnes(t *testing.T) {
	const file = "testdata/frames.jsonl"
	var lines strings.Builder
	p := processors()["json"]
	for _, m := range msg.Messages() {
		full := proto.Clone(m)
		fill(full.ProtoReflect(), func(fd protoreflect.FieldDescriptor) string { return "a " + string(fd.Name()) }, msg.MaxInt)
		for _, m := range []proto.Message{m, full} {
			b, err := frame(p, m)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&lines, "%s\n", b)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := lines.String(); got != string(want) {
		t.Errorf("frames differ from %s (go test ./msg -update rewrites it):\n%s", file, got)
	}
}

func TestEveryMessageOfTheSchemaHasItsOwnJSON(t *testing.T) {
	all := (&msg.MidasOrder{}).ProtoReflect().Descriptor().ParentFile().Messages()
	travelling := map[protoreflect.FullName]bool{}
	for _, m := range msg.Messages() {
		travelling[m.ProtoReflect().Descriptor().FullName()] = true
	}
	if len(travelling) != len(msg.Messages()) || all.Len() != len(travelling)+4 {
		t.Errorf("%d messages in the schema and %d in Messages(); only parts of lists do not travel on their own", all.Len(), len(travelling))
	}
	both := append([]msg.Message{&msg.MidasOrder{}, &msg.MidasCatalogueItem{}, &msg.MidasRechargeOffer{}, &msg.MidasRechargeRecord{}}, msg.Messages()...)
	for _, m := range both {
		if _, ok := m.(json.Marshaler); !ok {
			t.Errorf("%T has no MarshalJSON: its zeros would be dropped", m)
		}
		if _, ok := m.(json.Unmarshaler); !ok {
			t.Errorf("%T has no UnmarshalJSON: a wrong type would close the connection", m)
		}
		if !m.ProtoReflect().Descriptor().ReservedRanges().Has(1000) {
			t.Errorf("%T does not reserve field 1000", m)
		}
	}
}

func TestJSONNeverCarriesAnIntegerThatJavaScriptWouldCorrupt(t *testing.T) {
	p := processors()["json"]
	for _, tc := range []struct {
		balance int64
		fits    bool
	}{
		{0, true},
		{-1, true},
		{1<<53 - 1, true},
		{1 << 53, false},
		{-(1<<53 - 1), true},
		{-(1 << 53), false},
		{1<<63 - 1, false},
	} {
		b, err := frame(p, &msg.MidasBalance{Balance: tc.balance})
		if tc.fits && !strings.Contains(string(b), fmt.Sprintf(`"balance":%d,`, tc.balance)) {
			t.Errorf("%d: frame %s, %v", tc.balance, b, err)
		}
		if !tc.fits && (err == nil || !strings.Contains(err.Error(), "MidasBalance.balance")) {
			t.Errorf("%d: frame %s, error %v; want an error that names the field", tc.balance, b, err)
		}
	}
	_, err := frame(p, &msg.MidasOrders{Orders: []*msg.MidasOrder{{Amount: 1 << 53}}})
	if err == nil || !strings.Contains(err.Error(), "MidasOrder.amount") {
		t.Errorf("amount inside a list: %v", err)
	}
}

func TestAClientsWrongFieldIsNotedAndTheOthersAreRead(t *testing.T) {
	const notWhole = "quantity is not a whole number"
	p := processors()["json"]
	for name, tc := range map[string]struct {
		body  string
		want  *msg.MidasPurchase
		fault string
	}{
		"all well":           {`{"request_id":"a1","item_id":"sword","quantity":1}`, &msg.MidasPurchase{RequestId: "a1", ItemId: "sword", Quantity: 1}, ""},
		"white space":        {" {\n\"quantity\" :\t7 ,\"request_id\": \"a1\" } ", &msg.MidasPurchase{RequestId: "a1", Quantity: 7}, ""},
		"nothing":            {`{}`, &msg.MidasPurchase{}, ""},
		"null":               {`null`, &msg.MidasPurchase{}, ""},
		"null field":         {`{"request_id":"a1","quantity":null}`, &msg.MidasPurchase{RequestId: "a1"}, ""},
		"unknown field":      {`{"request_id":"a1","price":1}`, &msg.MidasPurchase{RequestId: "a1"}, ""},
		"camelCase":          {`{"requestId":"a1","quantity":1}`, &msg.MidasPurchase{Quantity: 1}, ""},
		"other case":         {`{"Request_ID":"a1"}`, &msg.MidasPurchase{}, ""},
		"same field twice":   {`{"quantity":"x","quantity":2}`, &msg.MidasPurchase{Quantity: 2}, ""},
		"largest":            {`{"quantity":9007199254740991}`, &msg.MidasPurchase{Quantity: 1<<53 - 1}, ""},
		"smallest":           {`{"quantity":-9007199254740991}`, &msg.MidasPurchase{Quantity: -(1<<53 - 1)}, ""},
		"too large":          {`{"quantity":9007199254740992,"request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, notWhole},
		"too small":          {`{"quantity":-9007199254740992,"request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, notWhole},
		"beyond int64":       {`{"quantity":1e999999999,"request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, notWhole},
		"number as string":   {`{"quantity":"1","request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, notWhole},
		"fraction":           {`{"quantity":1.5,"request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, notWhole},
		"exponent":           {`{"quantity":1e3,"request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, notWhole},
		"bool for number":    {`{"quantity":true,"request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, notWhole},
		"object for number":  {`{"quantity":{"$gt":0},"request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, notWhole},
		"number for string":  {`{"request_id":7,"item_id":"sword"}`, &msg.MidasPurchase{ItemId: "sword"}, "request_id is not a string"},
		"array for string":   {`{"request_id":"a1","item_id":["sword"]}`, &msg.MidasPurchase{RequestId: "a1"}, "item_id is not a string"},
		"two faults":         {`{"quantity":"x","item_id":false,"request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, "item_id is not a string"},
		"array":              {`[1]`, &msg.MidasPurchase{}, "MidasPurchase is not a JSON object"},
		"string":             {`"sword"`, &msg.MidasPurchase{}, "MidasPurchase is not a JSON object"},
		"number":             {`7`, &msg.MidasPurchase{}, "MidasPurchase is not a JSON object"},
		"half of an emoji":   {`{"request_id":"\ud83d"}`, &msg.MidasPurchase{RequestId: "\uFFFD"}, ""},
		"the fault's number": {`{"1000":2,"request_id":"a1"}`, &msg.MidasPurchase{RequestId: "a1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := p.Unmarshal([]byte(`{"MidasPurchase":` + tc.body + `}`))
			if err != nil {
				t.Fatalf("%v: Leaf would close the connection", err)
			}
			got := m.(*msg.MidasPurchase)
			if fault := msg.Fault(got); fault != tc.fault && (tc.fault == "" || !strings.HasPrefix(fault, tc.fault)) {
				t.Errorf("fault %q, want %q", fault, tc.fault)
			}
			got.ProtoReflect().SetUnknown(nil)
			if !proto.Equal(got, tc.want) {
				t.Errorf("read %v, want %v", got, tc.want)
			}
		})
	}
}

func TestFaultsOfEveryKindOfField(t *testing.T) {
	p := processors()["json"]
	for body, want := range map[string]string{
		`{"MidasServiceState":{"available":1}}`:                   "available is not true or false",
		`{"MidasServiceState":{"available":"true"}}`:              "available is not true or false",
		`{"MidasBalance":{"reason":"QUERY"}}`:                     "reason is not an enum's number",
		`{"MidasBalance":{"reason":4294967296}}`:                  "reason is not an enum's number",
		`{"MidasBalance":{"reason":99}}`:                          "",
		`{"MidasPurchaseResult":{"error":"no"}}`:                  "error is not a well-formed object",
		`{"MidasPurchaseResult":{"error":{"code":"x"}}}`:          "error is not a well-formed object",
		`{"MidasPurchaseResult":{"error":null}}`:                  "",
		`{"MidasOrders":{"orders":{}}}`:                           "orders is not an array of well-formed objects",
		`{"MidasOrders":{"orders":[{"amount":1},{"amount":""}]}}`: "orders is not an array of well-formed objects",
		`{"MidasOrders":{"orders":[7]}}`:                          "orders is not an array of well-formed objects",
	} {
		m, err := p.Unmarshal([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
			continue
		}
		if got := msg.Fault(m.(proto.Message)); got != want {
			t.Errorf("%s: fault %q, want %q", body, got, want)
		}
	}
}

func TestReadingAgainForgetsTheFaultAndTheFields(t *testing.T) {
	m := &msg.MidasPurchase{}
	for _, tc := range []struct {
		body  string
		fault bool
		want  *msg.MidasPurchase
	}{
		{`{"request_id":"a1","quantity":"x"}`, true, &msg.MidasPurchase{RequestId: "a1"}},
		{`{"quantity":2}`, false, &msg.MidasPurchase{Quantity: 2}},
	} {
		if err := json.Unmarshal([]byte(tc.body), m); err != nil {
			t.Fatal(err)
		}
		if fault := msg.Fault(m); (fault != "") != tc.fault {
			t.Errorf("%s: fault %q", tc.body, fault)
		}
		if m.RequestId != tc.want.RequestId || m.Quantity != tc.want.Quantity {
			t.Errorf("%s: read %v, want %v", tc.body, m, tc.want)
		}
	}
}

func TestAFaultDoesNotTravelInJSON(t *testing.T) {
	m := &msg.MidasPurchase{}
	if err := json.Unmarshal([]byte(`{"request_id":"a1","quantity":"x"}`), m); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(m)
	if want := `{"request_id":"a1","item_id":"","quantity":0}`; err != nil || string(b) != want {
		t.Errorf("marshalled %s, %v; want %s", b, err, want)
	}
}

// The field that remembers a fault is open to a protobuf client like any other unknown one. All it can do is to have
// its own request refused, in words that are ours.
func TestAProtobufClientCanOnlyFaultItself(t *testing.T) {
	forged := func(num protowire.Number, typ protowire.Type, value []byte) []byte {
		return append(protowire.AppendTag(nil, num, typ), value...)
	}
	for name, tc := range map[string]struct {
		body []byte
		want string
	}{
		"other unknown field": {forged(999, protowire.BytesType, protowire.AppendString(nil, "hello")), ""},
		"a field's number":    {forged(1000, protowire.VarintType, []byte{3}), "quantity is not a whole number, written without fraction or exponent, of at most 2^53-1"},
		"no field's number":   {forged(1000, protowire.VarintType, []byte{99}), "MidasPurchase is not a JSON object"},
		"huge number":         {forged(1000, protowire.VarintType, protowire.AppendVarint(nil, 1<<64-1)), "MidasPurchase is not a JSON object"},
		"text":                {forged(1000, protowire.BytesType, protowire.AppendString(nil, "<script>")), "MidasPurchase is not a JSON object"},
		"behind another":      {append(forged(999, protowire.BytesType, protowire.AppendString(nil, "x")), forged(1000, protowire.VarintType, []byte{0})...), "MidasPurchase is not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &msg.MidasPurchase{}
			if err := proto.Unmarshal(tc.body, m); err != nil {
				t.Fatal(err)
			}
			if got := msg.Fault(m); got != tc.want {
				t.Errorf("fault %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzJSONUnmarshal(f *testing.F) {
	for i, m := range msg.Messages() {
		fill(m.ProtoReflect(), func(fd protoreflect.FieldDescriptor) string { return string(fd.Name()) }, int64(i))
		b, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i, b)
	}
	for _, seed := range []string{
		``, `null`, `[]`, `{"orders":[null,{}]}`, `{"quantity":9007199254740992}`, `{"balance":-0}`, `{"message":"\ud800\u0000<"}`,
		`{"error":{"error":{}}}`, `{"request_id":"` + "\xff" + `"}`, `{"request\u005fid":"a","quantity":"x","quantity":null}`, `{"orders":[{"amount":1}],"orders":[7]}`, `{"code":"a\/b"}`, `{"orders":` + strings.Repeat("[", 2000),
	} {
		f.Add(0, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, kind int, data []byte) {
		all := msg.Messages()
		m := all[uint(kind)%uint(len(all))]
		if err := m.(json.Unmarshaler).UnmarshalJSON(data); err != nil {
			t.Fatalf("%v: Leaf would close the connection", err)
		}
		sameAsByReflection(t, m, data)
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		m.ProtoReflect().SetUnknown(nil)
		again := m.ProtoReflect().New().Interface()
		if err := json.Unmarshal(b, again); err != nil || !proto.Equal(again, m) {
			t.Errorf("%v was written as %s and read as %v, %v", m, b, again, err)
		}
	})
}
