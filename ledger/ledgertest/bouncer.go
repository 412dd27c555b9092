//go:build linux

package ledgertest

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/internal/freeport"
)

// bouncerPool is how many connections to the database a Bouncer shares among all that come to it.
const bouncerPool = 5

// Bouncer starts a PgBouncer in transaction mode before the PostgreSQL server of a DSN, and returns the DSN that leads
// through it. Without the program the test is skipped by name; make test installs it.
func Bouncer(t testing.TB, dsn string, settings ...string) string {
	t.Helper()
	program := bouncer(t)
	to, err := url.Parse(dsn)
	if err != nil {
		t.Fatal("the DSN is no URL")
	}
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "leafmidas") // not t.TempDir, where the user it runs as cannot go
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	_, port, _ := net.SplitHostPort(addr)
	config := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %s\nunix_socket_dir =\n"+
		"auth_type = any\npool_mode = transaction\ndefault_pool_size = %d\nmax_client_conn = 500\nserver_login_retry = 1\n%s\n",
		to.Hostname(), to.Port(), to.User.Username(), port, bouncerPool, strings.Join(settings, "\n"))
	file := filepath.Join(folder, "pgbouncer.ini")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	// It refuses to run as root, as PostgreSQL does, whose user is there.
	cmd := as((&Server{Folder: folder, t: t}).unprivileged("postgres"), exec.Command(program, file))
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { // ends with the process, which the cleanup waits for
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(startTime):
			_ = cmd.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("pgbouncer said:\n%s", log.String())
		}
	})
	for began := time.Now(); ; {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			break
		}
		select {
		case <-ended:
			t.Fatalf("pgbouncer does not start:\n%s", log.String())
		case <-time.After(20 * time.Millisecond):
			if time.Since(began) > startTime {
				t.Fatal("pgbouncer does not start")
			}
		}
	}
	to.Host = addr
	return to.String()
}

// BouncerPrepares tells whether the PgBouncer that is there knows statements that a client has prepared: 1.21 or newer.
func BouncerPrepares(t testing.TB) bool {
	t.Helper()
	out, err := exec.Command(bouncer(t), "--version").CombinedOutput()
	var major, minor int
	if _, scan := fmt.Sscanf(string(out), "PgBouncer %d.%d", &major, &minor); err != nil || scan != nil {
		t.Fatalf("pgbouncer --version: %v\n%s", err, out)
	}
	return major > 1 || minor >= 21
}

func bouncer(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil {
			t.Skip("needs PgBouncer: install it, or run make test, which does")
		}
	}
	return program
}
