package main

import (
	"database/sql"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/emulator"
)

// What chaos looks for, it finds.

func TestWhatComesIntoABagTwiceForOneBillIsSeen(t *testing.T) {
	w := &world{game: filepath.Join(t.TempDir(), "game.db")}
	if err := newGame(w.game); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", w.game)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// As the game does it (inventory.grant), but for one bill twice.
	for _, grant := range []struct {
		bill  string
		count int
	}{{"b1", 2}, {"b2", 5}, {"b1", 7}} {
		for _, statement := range []string{
			`INSERT INTO granted (bill_no) VALUES (?) ON CONFLICT DO NOTHING`,
			`INSERT INTO bags (openid, item_id, count) VALUES ('alice', 'potion', ?) ON CONFLICT (openid, item_id) DO UPDATE SET count = excluded.count`,
		} {
			arg := any(grant.bill)
			if strings.Contains(statement, "bags") {
				arg = grant.count
			}
			if _, err := db.Exec(statement, arg); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, items, err := w.received()
	if want := (receipt{2, 4, "alice", "potion"}); err != nil || items != 7 || got["b1"] != want || got["b2"] != (receipt{1, 3, "alice", "potion"}) {
		t.Errorf("%+v, %d items, %v", got, items, err)
	}
}

func TestFetchesThatNobodyCanExplainAreFound(t *testing.T) {
	emu, err := emulator.New(emulator.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer emu.Close()
	a, b := &server{}, &server{}
	began := time.Now()
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	for name, test := range map[string]struct {
		fetches []fetch
		found   bool
	}{
		"one for all in each life":              {[]fetch{{a, at(1)}, {b, at(11)}}, false},
		"one more after Redis lost it":          {[]fetch{{a, at(1)}, {b, at(11)}, {b, at(31)}}, false},
		"one more than that":                    {[]fetch{{a, at(1)}, {b, at(11)}, {b, at(31)}, {a, at(32)}}, true},
		"that by one whose line was cut":        {[]fetch{{a, at(1)}, {b, at(11)}, {b, at(31)}, {a, at(22)}}, false},
		"that by one whose line was not":        {[]fetch{{a, at(1)}, {a, at(11)}, {b, at(31)}, {b, at(22)}}, true},
		"the one whose line was cut, too often": {[]fetch{{a, at(21)}, {a, at(22)}, {a, at(23)}, {a, at(24)}}, true},
	} {
		k := &tokens{
			emu: emu, began: emu.Now(), servers: []*server{a, b}, died: []time.Time{at(10)}, emptied: 1, starts: map[*server]int{a: 2, b: 2},
			alones: []*solitude{{a, at(20), at(30)}}, fetches: test.fetches,
		}
		if got := k.count(); (got.faults != nil) != test.found || got.lives != 2 || got.most != 3 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAPushThatComesTwiceIsFound(t *testing.T) {
	for _, test := range []struct {
		last, version int64
		reason        int
		wrong         bool
	}{{5, 6, remote, false}, {5, 5, remote, true}, {5, 4, remote, true}, {5, 4, 1, true}, {5, 5, 1, false}, {-1, 0, remote, false}} {
		if outOfOrder(test.last, test.version, test.reason) != test.wrong {
			t.Errorf("%+v", test)
		}
	}
}

// What can be done to a line happens to it, and is undone.
func TestALineIsSpoiltAndMended(t *testing.T) {
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		for {
			conn, err := echo.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				b := make([]byte, 1)
				for {
					if _, err := conn.Read(b); err != nil {
						return
					}
					if _, err := conn.Write(b); err != nil {
						return
					}
				}
			}()
		}
	}()
	l, err := newWire("line", echo.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.proxy.Stop()
	dial := func() net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", l.proxy.Listen)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	// ask tells how long an answer takes; longer than a second: there is none.
	ask := func(conn net.Conn) (time.Duration, error) {
		began := time.Now()
		_ = conn.SetDeadline(began.Add(time.Second))
		_, err := conn.Write([]byte("x"))
		if err == nil {
			_, err = conn.Read(make([]byte, 1))
		}
		return time.Since(began), err
	}
	for _, test := range []struct {
		name  string
		spoil func(*wire) error
		as    func(took time.Duration, err error) bool
	}{
		{"cut", (*wire).cut, func(took time.Duration, err error) bool { return err != nil && took < time.Second }},
		{"hang", (*wire).hang, func(took time.Duration, err error) bool { return err != nil && took >= time.Second }},
		{"slow", (*wire).slow, func(took time.Duration, err error) bool { return err == nil && took >= 40*time.Millisecond }},
	} {
		conn := dial()
		if _, err := ask(conn); err != nil {
			t.Fatalf("before %s: %v", test.name, err)
		}
		if err := test.spoil(l); err != nil {
			t.Fatal(err)
		}
		if took, err := ask(conn); !test.as(took, err) {
			t.Errorf("%s: an answer after %s, %v", test.name, took, err)
		}
		if err := l.mend(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		conn = dial()
		if _, err := ask(conn); err != nil {
			t.Errorf("after %s: %v", test.name, err)
		}
		_ = conn.Close()
	}
}
