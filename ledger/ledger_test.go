package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon has no more than milliseconds, as the ledger keeps.

var noon = time.UnixMilli(1_777_636_800_000)

const lease = time.Minute

// wish is a new order of alice's, due after the lease.

func wish(bill string, change ...func(*ledger.Order)) ledger.Order {
	o := ledger.Order{
		BillNo: bill, Kind: ledger.Purchase, OpenID: "alice", ZoneID: "1", RequestID: "r-" + bill, ItemID: "sword", Quantity: 2, Amount: 60,
		UserIP: "203.0.113.7", DueAt: noon.Add(lease), CreatedAt: noon, UpdatedAt: noon,
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

func create(t *testing.T, l *ledger.Ledger, o ledger.Order) ledger.Order {
	t.Helper()
	stored, created, err := l.Create(t.Context(), o)
	if err != nil || !created {
		t.Fatalf("create %s: %t, %v", o.BillNo, created, err)
	}
	return stored
}

// move takes an order along states.

func move(t *testing.T, l *ledger.Ledger, o ledger.Order, states ...ledger.State) ledger.Order {
	t.Helper()
	for _, s := range states {
		after := o
		after.State, after.UpdatedAt = s, o.UpdatedAt.Add(time.Second)
		if after.DueAt = noon.Add(lease); s.Ended() {
			after.DueAt = time.Time{}
		}
		var err error
		if o, err = l.Advance(t.Context(), o, after); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// same compares orders; the clock's zone does not matter.

func same(a, b ledger.Order) bool {
	text := func(o ledger.Order) string {
		for _, at := range []*time.Time{&o.CreatedAt, &o.UpdatedAt, &o.DueAt, &o.UnsureSince, &o.DeliveredAt} {
			*at = at.UTC()
		}
		return fmt.Sprintf("%+v", o)
	}
	return text(a) == text(b)
}

// Every arrow there is can be taken, and no other.

// A write that is refused takes nothing down that is committed with it.

// A clock that was set back leaves orders due in a future that is further away than any wait.

// However many servers look, the same coins are found once.

// History is added to and never changed, not even by hand.

func TestAClosedLedgerIsUnavailable(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l, err := ledger.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		o := create(t, l, wish("b1"))
		if err := errors.Join(l.Close(), l.Close()); err != nil {
			t.Fatal(err)
		}
		_, _, create := l.Create(t.Context(), wish("b2"))
		_, advance := l.Advance(t.Context(), o, o)
		_, read := l.Order(t.Context(), "b1")
		for name, err := range map[string]error{"create": create, "advance": advance, "read": read} {
			if !errors.Is(err, ledger.ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestWhoGaveUpIsNotToldThatTheDatabaseIsAway(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		l := ledgertest.Open(t, cfg)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.Order(ctx, "b1"); !errors.Is(err, context.Canceled) || errors.Is(err, ledger.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	})
}

// Servers that start at once make the tables once.

func TestManyServersMayStartAtOnce(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		if cfg.Driver == "sqlite" {
			return // a file belongs to one server
		}
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				l, err := ledger.Open(t.Context(), cfg)
				if err != nil {
					t.Error(err)
					return
				}
				defer l.Close()
				if _, _, err := l.Create(t.Context(), wish(fmt.Sprintf("b%d", i))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  ledger.Config
		want string
	}{
		"no path":        {ledger.Config{}, "no path"},
		"no DSN":         {ledger.Config{Driver: "postgres"}, "no DSN"},
		"in memory":      {ledger.Config{DSN: ":memory:"}, "lost with the process"},
		"options":        {ledger.Config{DSN: t.TempDir() + "/x.db?mode=ro"}, "plain path"},
		"a folder":       {ledger.Config{DSN: t.TempDir()}, "sqlite"},
		"unheard of":     {ledger.Config{Driver: "oracle", DSN: "x"}, `"postgres"`},
		"nobody listens": {ledger.Config{Driver: "postgres", DSN: "postgres://u:geheim@127.0.0.1:1/x?sslmode=disable&connect_timeout=1"}, "postgres ledger"},
		"nobody there":   {ledger.Config{Driver: "mysql", DSN: "u:geheim@tcp(127.0.0.1:1)/x"}, "mysql ledger"},
		"an @ in it":     {ledger.Config{Driver: "postgres", DSN: "postgres://u:p@geheim@127.0.0.1:1/x?connect_timeout=1"}, "no such host"},
		"a % in it":      {ledger.Config{Driver: "postgres", DSN: "postgres://u:geheim%@127.0.0.1:1/x"}, "cannot parse"},
		"two lines":      {ledger.Config{Driver: "postgres", DSN: "password=geheim geheim host=127.0.0.1"}, "cannot parse"},
		"nonsense":       {ledger.Config{Driver: "mysql", DSN: "u:geheim@"}, "mysql ledger"},
	} {
		l, err := ledger.Open(t.Context(), c.cfg)
		if err == nil {
			_ = l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheFileIsMadeWithItsFolders(t *testing.T) {
	path := t.TempDir() + "/deep/down/orders.db"
	l := ledgertest.Open(t, ledger.Config{DSN: path})
	create(t, l, wish("b1"))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
