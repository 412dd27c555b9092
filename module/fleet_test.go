package module

import (
	"bytes"
	"log/slog"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/leafmidas/leafmidas/msg"
)

// What cannot be written, Leaf would log and forget. The client hears INTERNAL, with the request that it asked.
func TestAReplyThatCannotBeWrittenBecomesINTERNAL(t *testing.T) {
	for name, m := range map[string]proto.Message{
		"a balance beyond 2^53-1": &msg.MidasBalance{RequestId: "r", Balance: msg.MaxInt + 1},
		"a version beyond 2^53-1": &msg.MidasBalance{RequestId: "r", Version: math.MaxInt64},
		"a price below -2^53+1":   &msg.MidasPurchaseResult{RequestId: "r", Amount: math.MinInt64},
		"an order of a list":      &msg.MidasOrders{Orders: []*msg.MidasOrder{{}, {CreatedUnix: math.MaxInt64}}},
		"an error inside":         &msg.MidasPurchaseResult{RequestId: "r", Error: &msg.MidasError{RetryAfterMs: math.MaxInt64}},
		"a text that is not text": &msg.MidasRechargeOptions{RequestId: "r", OfferId: "\xff"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			o, a := newOutbox(slog.New(slog.NewTextHandler(&log, nil))), &fakeAgent{}
			o.send(a, m)
			o.close()
			if len(a.others) != 1 || len(a.versions) != 0 {
				t.Fatalf("sent %v", a.others)
			}
			e, ok := a.others[0].(*msg.MidasError)
			asked, _ := m.(interface{ GetRequestId() string })
			if !ok || e.GetCode() != msg.MidasErrorCode_MIDAS_ERROR_CODE_INTERNAL || asked != nil && e.GetRequestId() != asked.GetRequestId() {
				t.Errorf("sent %v", a.others[0])
			}
			if _, err := e.MarshalJSON(); err != nil {
				t.Error(err)
			}
			if !strings.Contains(log.String(), "cannot be written") {
				t.Errorf("said %q", log.String())
			}
		})
	}
	o, a := newOutbox(quietLog()), &fakeAgent{}
	fits := &msg.MidasBalance{RequestId: "r", Balance: msg.MaxInt, Version: msg.MaxInt, PresentBalance: -msg.MaxInt}
	o.answer(a, fits)
	o.close()
	expectVersions(t, a, msg.MaxInt)
}
