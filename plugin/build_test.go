package plugin_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// What a host's build grows by, beside Leaf and the driver of its database: its build and its audit pay for every
// module, and each of its servers for every byte.
const (
	mostModules = 25
	mostLedger  = 4 << 20 // bytes
	mostPlugin  = 5<<20 + 256<<10
)

func TestAHostsBuildStaysSmall(t *testing.T) {
	t.Parallel()
	goCommand, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command")
	}
	run := func(args ...string) string {
		command := exec.CommandContext(t.Context(), goCommand, args...)
		var complaint strings.Builder
		command.Stderr = &complaint
		out, err := command.Output()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, complaint.String())
		}
		return string(out)
	}
	// modules are what is compiled into a host; what only tests, tools or other packages need is not.
	modules := func(host string) []string {
		all := strings.Fields(run("list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./testdata/host/"+host))
		slices.Sort(all)
		return slices.Compact(all)
	}
	folder := t.TempDir()
	size := func(host string) int64 {
		file := filepath.Join(folder, host)
		run("build", "-ldflags=-s -w", "-o", file, "./testdata/host/"+host)
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}

	driver, whole := modules("driver"), modules("plugin")
	if !slices.Contains(driver, "github.com/jackc/pgx/v5") || !slices.Contains(whole, "github.com/go-viper/mapstructure/v2") {
		t.Fatalf("these hosts are not what they are to be: %q and %q", driver, whole)
	}
	own := slices.DeleteFunc(slices.Clone(whole), func(m string) bool { return slices.Contains(driver, m) })
	if len(own) > mostModules {
		t.Errorf("leafmidas brings %d modules into a host, more than %d: %q", len(own), mostModules, own)
	}
	for _, m := range own { // drivers, exporters and tools are for whoever asks for them
		for _, others := range []string{"goose", "sqlite", "mysql", "redis", "prometheus", "opentelemetry", "cli"} {
			if strings.Contains(m, others) {
				t.Errorf("leafmidas brings %s into every host", m)
			}
		}
	}
	without := size("driver")
	for host, most := range map[string]int64{"ledger": mostLedger, "plugin": mostPlugin} {
		grown := size(host) - without
		t.Logf("%s: %d bytes over %d, on %s", host, grown, without, runtime.GOARCH)
		if grown > most {
			t.Errorf("leafmidas's %s makes a host %d bytes larger, more than %d", host, grown, most)
		}
	}
}
