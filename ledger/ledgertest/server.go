//go:build linux

package ledgertest

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/leafmidas/leafmidas/internal/freeport"
)

// startTime bounds how long a server may take to start, on a busy machine.
const startTime = time.Minute

// Server is a database server of a test's own, for what must not be done to one that others use.
type Server struct {
	Driver string
	// Addr is "127.0.0.1:port".
	Addr string
	// Folder has the server's data.
	Folder string

	t       testing.TB
	command func() *exec.Cmd
	process *exec.Cmd
	ended   chan struct{}
}

// Start starts a server with more options than it needs, as its command line takes them, and stops it when the test
// ends. Without the server's programs the test is skipped by name; make test installs them.
func Start(t testing.TB, driver string, options ...string) *Server {
	t.Helper()
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "leafmidas") // not t.TempDir, where PostgreSQL's user cannot go
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	s := &Server{Driver: driver, Addr: addr, Folder: folder, t: t}
	if driver == "postgres" {
		s.preparePostgres(options)
	} else {
		s.prepareMySQL(options)
	}
	s.Run()
	t.Cleanup(s.Stop)
	return s
}

func (s *Server) preparePostgres(options []string) {
	s.t.Helper()
	programs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	found := ""
	if len(programs) > 0 {
		found = programs[len(programs)-1]
	} else if inPath, err := exec.LookPath("postgres"); err == nil {
		found = inPath
	} else {
		s.t.Skip("needs PostgreSQL's programs: install them, or run make test, which does")
	}
	credential := s.unprivileged("postgres")
	s.finish(as(credential, exec.Command(filepath.Join(filepath.Dir(found), "initdb"), "-D", s.Folder, "-U", "postgres", "-A", "trust", "--no-sync", "--encoding=UTF8", "--locale=C")))
	_, port, _ := net.SplitHostPort(s.Addr)
	s.command = func() *exec.Cmd {
		args := []string{"-D", s.Folder, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"}
		return as(credential, exec.Command(found, append(args, options...)...))
	}
}

func (s *Server) prepareMySQL(options []string) {
	s.t.Helper()
	found, err := exec.LookPath("mariadbd")
	if err != nil {
		s.t.Skip("needs MariaDB's programs: install them, or run make test, which does")
	}
	me, err := user.Current()
	if err != nil {
		s.t.Fatal(err)
	}
	// A user that may do everything but write to a read-only server, as a game's.
	first := filepath.Join(s.Folder, "first.sql")
	grants := "CREATE OR REPLACE USER boss@'127.0.0.1'; GRANT ALL ON *.* TO boss@'127.0.0.1' WITH GRANT OPTION;\n" +
		"CREATE OR REPLACE USER app@'127.0.0.1'; GRANT ALL ON game.* TO app@'127.0.0.1'; CREATE DATABASE IF NOT EXISTS game;\n"
	if err := os.WriteFile(first, []byte(strings.ReplaceAll(grants, "; ", ";\n")), 0o600); err != nil {
		s.t.Fatal(err)
	}
	data := filepath.Join(s.Folder, "data")
	s.finish(exec.Command("mariadb-install-db", "--no-defaults", "--datadir="+data, "--user="+me.Username,
		"--auth-root-authentication-method=normal", "--skip-test-db"))
	_, port, _ := net.SplitHostPort(s.Addr)
	s.command = func() *exec.Cmd {
		args := []string{
			"--no-defaults", "--datadir=" + data, "--user=" + me.Username, "--port=" + port, "--bind-address=127.0.0.1",
			"--socket=" + filepath.Join(s.Folder, "sock"), "--pid-file=" + filepath.Join(s.Folder, "pid"), "--init-file=" + first,
			"--innodb-flush-log-at-trx-commit=2", "--innodb-log-file-size=8M",
		}
		return exec.Command(found, append(args, options...)...)
	}
}

// unprivileged gives the folder to a user that is not root, as whom PostgreSQL runs; nil where that is who runs the
// test.
func (s *Server) unprivileged(name string) *syscall.Credential {
	s.t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	other, err := user.Lookup(name)
	if err != nil {
		s.t.Fatal(err)
	}
	uid, _ := strconv.Atoi(other.Uid)
	gid, _ := strconv.Atoi(other.Gid)
	if err := os.Chown(s.Folder, uid, gid); err != nil {
		s.t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func as(credential *syscall.Credential, cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir = "/"
	if credential != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	}
	return cmd
}

func (s *Server) finish(cmd *exec.Cmd) {
	s.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", cmd.Path, err, out)
	}
}

// Run starts the server, and returns when it answers.
func (s *Server) Run() {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.Folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	s.process = s.command()
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	process, ended := s.process, make(chan struct{})
	s.ended = ended
	go func() { // ends with the process, which Stop waits for
		_ = process.Wait()
		close(ended)
	}()
	for began := time.Now(); ; {
		err := s.Ask("SELECT 1")
		if err == nil {
			return
		}
		select {
		case <-s.ended:
		case <-time.After(50 * time.Millisecond):
			if time.Since(began) < startTime {
				continue
			}
		}
		text, _ := os.ReadFile(log.Name())
		lines := slices.Collect(strings.Lines(string(text)))
		s.t.Fatalf("the %s server does not start: %v\n%s", s.Driver, err, strings.Join(lines[max(0, len(lines)-20):], ""))
	}
}

// Stop ends the server, as its administrator does.
func (s *Server) Stop() {
	sign := syscall.SIGTERM
	if s.Driver == "postgres" {
		sign = syscall.SIGINT // else it waits for those who are connected
	}
	_ = s.process.Process.Signal(sign)
	select {
	case <-s.ended:
	case <-time.After(startTime):
		_ = s.process.Process.Kill()
		<-s.ended
	}
}

// Ask runs statements as the administrator, each on a connection of its own.
func (s *Server) Ask(statements ...string) error {
	register, dsn := "pgx", s.DSN(s.Addr, "postgres")
	if s.Driver == "mysql" {
		register, dsn = "mysql", "boss@tcp("+s.Addr+")/"
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	for _, statement := range statements {
		db, err := sql.Open(register, dsn)
		if err != nil {
			return err
		}
		_, err = db.ExecContext(ctx, statement)
		if closing := db.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// Must is Ask in a test that is pointless without.
func (s *Server) Must(statements ...string) {
	s.t.Helper()
	if err := s.Ask(statements...); err != nil {
		s.t.Fatal(err)
	}
}

// DSN is how a game's user comes to a database of the server, by way of an address.
func (s *Server) DSN(addr, database string) string {
	if s.Driver == "mysql" {
		return "app@tcp(" + addr + ")/" + database
	}
	return "postgres://postgres@" + addr + "/" + database + "?sslmode=disable"
}
