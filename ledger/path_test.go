package ledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/ledger/ledgertest"
)

// What a shell, Windows or another program would have read otherwise is no path, and leaves no file or folder of that
// name.
func TestAPathThatWasMeantOtherwiseIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"", "~/data/pay.db", "~game/pay.db", "$HOME/pay.db", "data/${DATA}/pay.db", "$(pwd)/pay.db", "%APPDATA%/pay.db", `C:\data\pay.db`, "d:/pay.db",
		`data\pay.db`, `\\server\share\pay.db`, "env:LEDGER", "orders.db?_pragma=x", "file:orders.db?mode=rw", ":memory:", "file::memory:?cache=shared", "file://host/pay.db",
		"folder", "folder/", "new/", ".", "..", "/", "file/pay.db", "/dev/null", " pay.db", "pay.db\n", "a\x00b", "postgres://u:secret@h/db", "u:secret@tcp(h)/db", "host=h password=secret",
	} {
		l, err := ledger.Open(t.Context(), ledger.Config{DSN: path})
		if err == nil {
			_ = l.Close()
		}
		_, isPath := errors.AsType[*ledger.PathError](err)
		if !errors.Is(err, ledger.ErrBadPath) || !isPath {
			t.Errorf("%q: %v", path, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("a password is shown: %v", err)
		}
	}
	made, err := filepath.Glob("*")
	if err != nil || len(made) != 2 {
		t.Errorf("made %q, %v", made, err)
	}
}

func TestAFileIsWhereItsPathSays(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for path, name := range map[string]string{
		"a#b.db": "a#b.db", "100%25.db": "100%25.db", "q?.db": "q?.db", dir + `/back\slash.db`: `back\slash.db`, "5$.db": "5$.db", "a&b=c.db": "a&b=c.db",
		"中文 🎮.db": "中文 🎮.db", "/" + dir + "/double.db": "double.db", "file:" + dir + "/uri.db": "uri.db", "file://" + dir + "/uri3.db": "uri3.db",
		"new/sub/../deep.db": "new/deep.db",
	} {
		l, err := ledger.Open(t.Context(), ledger.Config{DSN: path})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		about, err := l.About(t.Context())
		if err != nil || about.Where != filepath.Join(dir, name) || !about.Made || about.Exposed != 0 {
			t.Errorf("%s: %+v, %v", path, about, err)
		}
		for _, end := range []string{"", "-wal", "-shm"} {
			if info, err := os.Stat(filepath.Join(dir, name+end)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s%s: %v, %v", name, end, info, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A ledger that others can read, as a version before this one made it, is told, and that it was there already.
func TestALedgerThatOthersCanReadIsTold(t *testing.T) {
	cfg := ledgertest.Fresh(t, "sqlite")
	l, err := ledger.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cfg.DSN, 0o644); err != nil {
		t.Fatal(err)
	}
	if about, err := ledgertest.Open(t, cfg).About(t.Context()); err != nil || about.Exposed != 0o044 || about.Made {
		t.Errorf("%+v, %v", about, err)
	}
}

func TestALedgerSaysWhereItIs(t *testing.T) {
	ledgertest.Each(t, func(t *testing.T, cfg ledger.Config) {
		about, err := ledgertest.Open(t, cfg).About(t.Context())
		if err != nil || about.Driver != cfg.Driver || !about.Made || about.Where == "" || strings.Contains(about.Where, "@") {
			t.Errorf("%+v, %v", about, err)
		}
		if again, err := ledgertest.Open(t, cfg).About(t.Context()); err != nil || again.Made {
			t.Errorf("%+v, %v", again, err)
		}
	})
}
