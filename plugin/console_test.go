package plugin_test

import (
	"bufio"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/ledger"
)

func TestLeafsConsoleHasACommandForPayments(t *testing.T) {
	t.Parallel()
	c := childCommand(t, "console", freeAddr(t))
	folder, port := "", freeAddr(t)
	for _, v := range c.Env {
		if name, value, _ := strings.Cut(v, "="); name == childDir {
			folder = value
		}
	}
	c.Env = append(c.Env, childConsole+"="+port)
	alice, noon := "openid-of-alice", time.Now().Truncate(time.Second)
	bill := seed(t, filepath.Join(folder, "orders.db"), ledger.Order{
		BillNo: "01BILLOFALICE", Kind: ledger.Purchase, OpenID: alice, ZoneID: "1", RequestID: "r1\u202e\x1b[2J\r\nstate delivered", ItemID: "sword", Quantity: 1, Amount: 60,
		State: ledger.Created, CreatedAt: noon, UpdatedAt: noon, DueAt: noon.Add(time.Hour),
	})
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill() }()
	var said strings.Builder
	read := make(chan error, 1)
	go func() { _, err := io.Copy(&said, out); read <- err }()

	var conn net.Conn
	eventually(t, "Leaf's console", func() bool { conn, err = net.Dial("tcp", port); return err == nil })
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	const prompt = "Leaf# "
	lines := bufio.NewReader(conn)
	answer := func() string {
		t.Helper()
		var b strings.Builder
		for !strings.HasSuffix(b.String(), prompt) {
			one, err := lines.ReadByte()
			if err != nil {
				t.Fatalf("%v after %q", err, b.String())
			}
			b.WriteByte(one)
		}
		return strings.TrimSuffix(b.String(), prompt)
	}
	ask := func(line string) string {
		t.Helper()
		if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
			t.Fatal(err)
		}
		return answer()
	}
	answer()
	for _, one := range []struct {
		line string
		want []string
	}{
		{"help", []string{"midas - payments"}},
		{"midas", []string{"midas order BILL", "midas pause"}},
		{"midas order", []string{"midas order BILL"}},
		{"midas sell everything", []string{"midas order BILL"}},
		{"midas status", []string{"open\r\n", "disputed orders", "kept pushes", "calls to Midas", "pay ", "closed", "oldest open order   " + bill}},
		{"midas order " + bill, []string{alice, "sword", "60 coins", "created", "at (UTC)", `r1\u202e\u001b[2J\r\nstate delivered`}},
		{"midas order nothing", []string{"there is no order nothing"}},
		{"midas player " + alice, []string{"0 connections", bill, "60 coins"}},
		{"midas player nobody", []string{"no orders"}},
		{"midas pause", []string{"sells nothing until"}},
		{"midas pause", []string{"nothing changes"}},
		{"midas status", []string{"PAUSED"}},
		{"midas resume", []string{"sells again"}},
	} {
		got := ask(one.line)
		for _, want := range one.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", one.line, want, got)
			}
		}
		if strings.Contains(got, "secret-of-the-app") || strings.Contains(got, "key-of-the-sandbox") {
			t.Errorf("%s shows a secret:\n%s", one.line, got)
		}
		if strings.ContainsAny(got, "\x1b\u202e") {
			t.Errorf("%s: what a player named reaches the terminal: %q", one.line, got)
		}
		if strings.Contains(strings.ReplaceAll(got, "\r\n", ""), "\n") {
			t.Errorf("%s: not a terminal's line ends: %q", one.line, got)
		}
	}

	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil || !strings.Contains(said.String(), "ended") {
		t.Errorf("ended with %v:\n%s", err, said.String())
	}
}

// seed puts an order into a ledger, and returns its bill number.
func seed(t *testing.T, file string, o ledger.Order) string {
	t.Helper()
	l, err := ledger.Open(t.Context(), ledger.Config{DSN: file})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, _, err := l.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o.BillNo
}
