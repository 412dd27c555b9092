package msg_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	"github.com/leafmidas/leafmidas/msg"
)

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"a":                      true,
		"ord_01-Ä|界":             true,
		strings.Repeat("x", 64):  true,
		"":                       false,
		strings.Repeat("x", 65):  false,
		strings.Repeat("界", 22):  false,
		"a\nb":                   false,
		"a\x00":                  false,
		"\u0085":                 false,
		"\xff":                   false,
		"with space & <markup/>": true,
	} {
		if got := msg.ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %t", id, got)
		}
	}
}

func TestClipText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "",
		"all well":                              "all well",
		"two\r\nlines":                          "two  lines",
		"\xff\xfe broken":                       "\uFFFD broken",
		strings.Repeat("x", 5000):               strings.Repeat("x", 256),
		strings.Repeat("x", 255) + "界":          strings.Repeat("x", 255),
		strings.Repeat("\x80", 5000):            "\uFFFD",
		strings.Repeat("界", 85) + "x" + "界":     strings.Repeat("界", 85) + "x",
		strings.Repeat("\xff.", 400) + "and on": strings.Repeat("\uFFFD.", 64),
	} {
		if got := msg.ClipText(in); got != want {
			t.Errorf("ClipText(%.20q) = %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "in"))
		got := msg.ClipText(in)
		if len(got) > msg.MaxTextLen || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("ClipText(%q) = %q", in, got)
		}
	})
}

// worst are the ids that grow most when JSON escapes them.
var worst = []string{"<", "&", "\u2028", "\x01", "\"", "界", "x"}

func TestEveryServerMessageFitsAFrame(t *testing.T) {
	all := processors()
	for _, letter := range worst {
		text := func(fd protoreflect.FieldDescriptor) string {
			n := msg.MaxIDLen
			switch fd.FullName() {
			case "leafmidas.v1.MidasError.message", "leafmidas.v1.MidasCatalogue.reason":
				n = msg.MaxTextLen
			case "leafmidas.v1.MidasGoodsOptions.sign_data", "leafmidas.v1.MidasRechargeOptions.sign_data": // JSON, of ids that a config allows no escapes in
				return strings.Repeat(`"xxxxxxxxx`, 70)
			case "leafmidas.v1.MidasRechargeOptions.pay_sig", "leafmidas.v1.MidasRechargeOptions.signature":
				return strings.Repeat("f", n) // hexadecimal
			}
			return strings.Repeat(letter, n/len(letter))
		}
		for _, m := range msg.Messages() {
			fill(m.ProtoReflect(), text, -msg.MaxInt)
			for name, p := range all {
				b, err := frame(p, m)
				if err != nil {
					t.Fatal(err)
				}
				if len(b) > msg.MaxFrame {
					t.Errorf("%s: %T of %q takes %d bytes", name, m, letter, len(b))
				}
			}
		}
	}
}

func TestFitOrdersFillsAFrameAndNeverMore(t *testing.T) {
	all := processors()
	id := rapid.Custom(func(t *rapid.T) string {
		letter := rapid.SampledFrom(worst).Draw(t, "letter")
		return strings.Repeat(letter, rapid.IntRange(0, msg.MaxIDLen/len(letter)).Draw(t, "n"))
	})
	order := rapid.Custom(func(t *rapid.T) *msg.MidasOrder {
		number := rapid.Int64Range(-msg.MaxInt, msg.MaxInt)
		return &msg.MidasOrder{
			BillNo: id.Draw(t, "bill_no"), RequestId: id.Draw(t, "request_id"), ItemId: id.Draw(t, "item_id"),
			Quantity: number.Draw(t, "quantity"), Amount: number.Draw(t, "amount"),
			State:       msg.MidasOrderState(rapid.Int32().Draw(t, "state")),
			CreatedUnix: number.Draw(t, "created_unix"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.SliceOfN(order, 0, 60).Draw(t, "orders")
		n := msg.FitOrders(orders)
		if len(orders) > 0 && n == 0 {
			t.Fatal("not even one fits: the player would never see any")
		}
		for name, p := range all {
			b, err := frame(p, &msg.MidasOrders{Orders: orders[:n], More: n < len(orders)})
			if err != nil {
				t.Fatal(err)
			}
			if len(b) > msg.MaxFrame {
				t.Errorf("%s: %d orders take %d bytes", name, n, len(b))
			}
			if name == "json" && n < len(orders) {
				b, _ := frame(p, &msg.MidasOrders{Orders: orders[:n+1], More: true})
				// The comma before the first entry and "true" for "false" are the only slack.
				if len(b) < msg.MaxFrame-1 {
					t.Errorf("one order more than %d would have fitted: %d bytes", n, len(b))
				}
			}
		}
	})
}

func TestFitRechargesFillsAFrameAndNeverMore(t *testing.T) {
	all := processors()
	id := rapid.Custom(func(t *rapid.T) string {
		letter := rapid.SampledFrom(worst).Draw(t, "letter")
		return strings.Repeat(letter, rapid.IntRange(0, msg.MaxIDLen/len(letter)).Draw(t, "n"))
	})
	record := rapid.Custom(func(t *rapid.T) *msg.MidasRechargeRecord {
		number := rapid.Int64Range(-msg.MaxInt, msg.MaxInt)
		return &msg.MidasRechargeRecord{
			RequestId: id.Draw(t, "request_id"), OutTradeNo: id.Draw(t, "out_trade_no"), MchOrderNo: id.Draw(t, "mch_order_no"),
			TransactionId: id.Draw(t, "transaction_id"), BuyQuantity: number.Draw(t, "buy_quantity"), Coins: number.Draw(t, "coins"),
			Fen: number.Draw(t, "fen"), State: msg.MidasRechargeState(rapid.Int32().Draw(t, "state")), Late: rapid.Bool().Draw(t, "late"),
			CreatedUnix: number.Draw(t, "created_unix"), UpdatedUnix: number.Draw(t, "updated_unix"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(record, 0, 30).Draw(t, "records")
		n := msg.FitRecharges(records)
		if len(records) > 0 && n == 0 {
			t.Fatal("not even one fits: the player would never see any")
		}
		for name, p := range all {
			b, err := frame(p, &msg.MidasRecharges{RequestId: id.Draw(t, "request_id"), Recharges: records[:n], More: n < len(records)})
			if err != nil {
				t.Fatal(err)
			}
			if len(b) > msg.MaxFrame {
				t.Errorf("%s: %d recharges take %d bytes", name, n, len(b))
			}
		}
	})
}

func TestFitOrdersStopsAtAnOrderThatCannotBeWritten(t *testing.T) {
	orders := []*msg.MidasOrder{{BillNo: "1"}, {BillNo: "2", Amount: 1 << 53}, {BillNo: "3"}}
	if n := msg.FitOrders(orders); n != 1 {
		t.Errorf("FitOrders = %d, want 1", n)
	}
}

func BenchmarkJSONBalance(b *testing.B) {
	p := processors()["json"]
	m := &msg.MidasBalance{RequestId: "a1", Balance: 1200, SaveAmt: 6000, BillNo: "01JD3Y0000000000000000000", Version: 7}
	f, err := frame(p, m)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("marshal", func(b *testing.B) {
		for b.Loop() {
			_, _ = p.Marshal(m)
		}
	})
	b.Run(fmt.Sprintf("unmarshal-%dB", len(f)), func(b *testing.B) {
		for b.Loop() {
			_, _ = p.Unmarshal(f)
		}
	})
}
