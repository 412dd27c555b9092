package plugin_test

import (
	"os/exec"
	"strings"
	"testing"
)

// What a host does not import by itself, its binary does not have.
func TestAHostLinksNoMoreThanItImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, heavy := range []string{"prometheus", "opentelemetry", "go-redis", "modernc.org/sqlite", "jackc/pgx", "go-sql-driver", "leafmidas/emulator", "leafmidas/ops", "urfave/cli"} {
		if strings.Contains(string(out), heavy) {
			t.Errorf("package plugin links %s", heavy)
		}
	}
}
