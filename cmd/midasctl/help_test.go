package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/ledger"
)

// helpOf is what a command's help says by itself: not the words that the library adds.
func helpOf(c *cli.Command) string {
	text := []string{c.Usage, c.Description}
	for _, f := range c.Flags {
		if doc, ok := f.(cli.DocGenerationFlag); ok {
			text = append(text, "--"+f.Names()[0]+": "+doc.GetUsage())
		}
	}
	return strings.Join(text, "\n")
}

// commandLines are all commands that do something, with the words that call them.
func commandLines() map[string]*cli.Command {
	all := map[string]*cli.Command{}
	var walk func(c *cli.Command, words string)
	walk = func(c *cli.Command, words string) {
		all[words] = c
		for _, inner := range c.Commands {
			walk(inner, strings.TrimSpace(words+" "+inner.Name))
		}
	}
	walk(app(), "")
	return all
}

func TestEveryFlagAndCommandThatHelpNamesExists(t *testing.T) {
	flags, calls := regexp.MustCompile(`--([a-z][a-z-]*)`), regexp.MustCompile("`(?:midasctl )?([a-z]+)[^`]*`")
	all := commandLines()
	for words, c := range all {
		text := helpOf(c)
		own := c.Flags
		for _, inner := range c.Commands {
			own = append(slices.Clone(own), inner.Flags...)
		}
		for _, m := range flags.FindAllStringSubmatch(text, -1) {
			if strings.Contains(text, "curl --"+m[1]) {
				continue // curl's
			}
			if !slices.ContainsFunc(own, func(f cli.Flag) bool { return slices.Contains(f.Names(), m[1]) }) {
				t.Errorf("the help of %q names --%s, which it does not have", words, m[1])
			}
		}
		for _, m := range calls.FindAllStringSubmatch(c.Description, -1) {
			if all[m[1]] == nil && m[1] != "go" {
				t.Errorf("the help of %q names a command %q, which is none", words, m[1])
			}
		}
	}
}

func TestTheLimitsThatHelpNamesAreThoseThatHold(t *testing.T) {
	bounds := regexp.MustCompile(`--([a-z-]+): .*?(\d+) to (\d+)`)
	fresh := ledgerFile(t)
	found := 0
	for words, c := range commandLines() {
		for _, m := range bounds.FindAllStringSubmatch(helpOf(c), -1) {
			found++
			low, lowErr := strconv.Atoi(m[2])
			high, highErr := strconv.Atoi(m[3])
			if lowErr != nil || highErr != nil {
				t.Fatal(m[0])
			}
			for n, well := range map[int]bool{low - 1: false, low: true, high: true, high + 1: false} {
				out, err := midasctl(t, "", append(strings.Fields(words), "--conf", fresh, "--"+m[1], strconv.Itoa(n))...)
				if (err == nil) != well {
					t.Errorf("%s --%s %d: %v, and the help says %s\n%s", words, m[1], n, err, m[0], out)
				}
			}
		}
	}
	if found < 2 {
		t.Errorf("only %d limits were found in the help", found)
	}
}

func TestTheFileNamesThatHelpNamesAreThoseThatAreTaken(t *testing.T) {
	if help := helpOf(commandLines()["audit"]); !strings.Contains(help, "ends in .prom") {
		t.Fatal(help)
	}
	fresh := ledgerFile(t)
	for name, well := range map[string]bool{"audit.prom": true, "audit.txt": false, "prom": false} {
		file := filepath.Join(t.TempDir(), name)
		out, err := midasctl(t, "", "audit", "--offline", "--conf", fresh, "--textfile", file)
		if _, missing := os.Stat(file); (err == nil) != well || (missing == nil) != well {
			t.Errorf("%s: %v, %v\n%s", name, err, missing, out)
		}
	}
}

// ledgerFile is the config of an empty ledger.
func ledgerFile(t *testing.T) string {
	t.Helper()
	conf := config(t, nil, nil)
	must(t, "migrate", "--conf", conf)
	return conf
}

func TestACommandWithoutAConfigNamesTheVariable(t *testing.T) {
	for words, c := range commandLines() {
		takes := slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), "conf") })
		if !takes || slices.Contains([]string{"sign v1", "sign v2", "verify"}, words) { // which can do without
			continue
		}
		args := strings.Fields(words)
		for word, more := range map[string][]string{
			"order": {"01A"}, "probe": {"o"}, "resolve": {"01A", "--as", "delivered", "--why", "x"}, "balance": {"o"}, "pay": {"o", "--coins", "1"}, "cancel": {"o", "--bill", "b"}, "present": {"o", "--coins", "1"},
		} {
			if words == word {
				args = append(args, more...)
			}
		}
		t.Setenv("MIDAS_CONF", "")
		if out, err := midasctl(t, "", args...); err == nil || !strings.Contains(out, "--conf FILE") || !strings.Contains(out, "MIDAS_CONF") {
			t.Errorf("%s: %v, %s", words, err, out)
		}
		t.Setenv("MIDAS_CONF", filepath.Join(t.TempDir(), "nowhere.json"))
		if out, err := midasctl(t, "", args...); err == nil || !strings.Contains(out, "nowhere.json") || !strings.Contains(out, "MIDAS_CONF") {
			t.Errorf("%s: %v, %s", words, err, out)
		}
	}
}

func TestTheVersionNamesTheBuildAndTheTablesItMakes(t *testing.T) {
	var told buildOf
	if err := json.Unmarshal([]byte(must(t, "version", "--json")), &told); err != nil {
		t.Fatal(err)
	}
	if told.Version == "" || told.Go == "" {
		t.Errorf("%+v", told)
	}
	for _, driver := range []string{"sqlite", "postgres", "mysql"} {
		newest, err := ledger.NewestSchema(driver)
		if err != nil || newest < 10 || told.Tables[driver] != newest {
			t.Errorf("%s: %d instead of %d, %v", driver, told.Tables[driver], newest, err)
		}
	}
	var made struct {
		Version int64
	}
	if err := json.Unmarshal([]byte(must(t, "migrate", "--json", "--conf", config(t, nil, nil))), &made); err != nil {
		t.Fatal(err)
	}
	if made.Version != told.Tables["sqlite"] {
		t.Errorf("the tables are of version %d, and version says %d", made.Version, told.Tables["sqlite"])
	}
	if text := must(t, "version"); !strings.Contains(text, "tables of sqlite") || !strings.Contains(text, told.Version) {
		t.Error(text)
	}
}
