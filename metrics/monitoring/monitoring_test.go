package main

//lint:file-ignore SA1019 The older model of a dashboard is the one that every Grafana imports.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/leafmidas/leafmidas/metrics"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// promtool runs Prometheus's own tool.
func promtool(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("no promtool: install prometheus, or run tools/test-monitoring.sh")
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// metricNames are all that there are.
func metricNames(t *testing.T) (names []string) {
	t.Helper()
	form := regexp.MustCompile(`fqName: "([^"]+)"`)
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		metrics.New(plugin.New()).Describe(descs)
	}()
	for d := range descs {
		names = append(names, form.FindStringSubmatch(d.String())[1])
	}
	return names
}

// mentioned are the metrics that a text names; a histogram's parts go by its name.
func mentioned(text string) (names []string) {
	for _, name := range regexp.MustCompile(`leafmidas_[a-z_]+`).FindAllString(text, -1) {
		names = append(names, strings.TrimSuffix(name, "_bucket"))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// expressions are the dashboard's, with what Grafana puts in.
func expressions(board dashboard.Dashboard) (all []string) {
	text, err := json.Marshal(board)
	if err != nil {
		panic(err)
	}
	var panels struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(text, &panels); err != nil {
		panic(err)
	}
	put := strings.NewReplacer("$__rate_interval", "1m", "$job", ".+", "$instance", ".+")
	for _, p := range panels.Panels {
		for _, target := range p.Targets {
			all = append(all, put.Replace(target.Expr))
		}
	}
	return all
}

func TestTheCommittedDashboardIsTheProgramsOwn(t *testing.T) {
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	committed := read(t, "dashboard.json")
	if out.String() != committed {
		t.Error("dashboard.json is stale: run make dashboard")
	}
	plugins.RegisterDefaultPlugins() // so that the panels' own options are checked too
	var strict dashboard.Dashboard
	if err := strict.UnmarshalJSONStrict([]byte(committed)); err != nil && err.Error() != "" { // the SDK answers an empty list, which is no nil
		t.Error(err)
	}
	if err := strict.Validate(); err != nil {
		t.Error(err)
	}
}

func TestTheDashboardShowsEveryMetricAndNoOther(t *testing.T) {
	board, err := build()
	if err != nil {
		t.Fatal(err)
	}
	there := metricNames(t)
	slices.Sort(there)
	if shown := mentioned(strings.Join(expressions(board), "\n")); !slices.Equal(shown, there) {
		t.Errorf("shown are\n%v\nand there are\n%v", shown, there)
	}
}

func TestTheDashboardsExpressionsArePromQL(t *testing.T) {
	board, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var rules strings.Builder
	rules.WriteString("groups: [{name: dashboard, rules: [\n")
	all := expressions(board)
	for i, expr := range all {
		fmt.Fprintf(&rules, "  {record: r%d, expr: %q},\n", i, expr)
	}
	rules.WriteString("]}]\n")
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := promtool(t, "check", "rules", file); len(all) < 30 || !strings.Contains(said, fmt.Sprintf("%d rules found", len(all))) {
		t.Errorf("%d expressions: %s", len(all), said)
	}
}

func TestTheAlertRulesAreRulesAndFireWhenTheyShould(t *testing.T) {
	promtool(t, "check", "rules", "alerts.yml")
	promtool(t, "test", "rules", "alerts_test.yml")
}

func TestAlertsAreMadeOfMetricsThatThereAre(t *testing.T) {
	there := metricNames(t)
	for _, name := range mentioned(read(t, "alerts.yml")) {
		if !slices.Contains(there, name) {
			t.Errorf("there is no %s", name)
		}
	}
}

// books are the runbook in both languages.
var books = []string{"../../docs/runbook.md", "../../docs/runbook_ZH.md"}

// A rule about an endpoint, a code or an outcome that there is not never fires, and a test of it that invents the same
// proves nothing.
func TestAlertsAskForLabelsThatThereAre(t *testing.T) {
	known := map[string][]string{
		"endpoint": {"getbalance", "pay", "cancelpay", "present", "queryorderinfo", "jscode2session"},
		"outcome":  {"done", "already", "refused", "login", "later", "unknown", "cancelled", "failed", "granted", "panicked", "timeout", "taken"},
		"kind":     {"purchase", "present", "goods", "refund"},
		"code":     {"ok", "undocumented", "timeout", "connection", "http_status", "bad_reply", "not_sent"},
	}
	for _, code := range midas.CodesDocumented() {
		known["code"] = append(known["code"], strconv.Itoa(code))
	}
	board, err := build()
	if err != nil {
		t.Fatal(err)
	}
	selector := regexp.MustCompile(`(\w+)(?:=~|!~|!=|=)"([^"]*)"`)
	for _, text := range append(expressions(board), read(t, "alerts.yml"), read(t, "alerts_test.yml")) {
		for _, found := range selector.FindAllStringSubmatch(text, -1) {
			for value := range strings.SplitSeq(found[2], "|") {
				some := func(one string) bool { return regexp.MustCompile("^(?:" + value + ")$").MatchString(one) }
				if all, checked := known[found[1]]; checked && !slices.ContainsFunc(all, some) {
					t.Errorf("there is no %s %q", found[1], value)
				}
			}
		}
	}
}

// alerts are their names, in the order of the file.
func alerts(t *testing.T) (names []string) {
	t.Helper()
	for _, found := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(read(t, "alerts.yml"), -1) {
		names = append(names, found[1])
	}
	if len(names) < 20 {
		t.Fatalf("only %d alerts are found", len(names))
	}
	return names
}

func TestEveryAlertIsTestedAndLeadsToItsPlaceInTheRunbook(t *testing.T) {
	rules, tests := read(t, "alerts.yml"), read(t, "alerts_test.yml")
	for _, name := range alerts(t) {
		if !strings.Contains(rules, "runbook_url: "+runbook+"#"+strings.ToLower(name)+"\n") {
			t.Errorf("%s does not lead to the runbook", name)
		}
		if strings.Count(tests, "alertname: "+name+"\n")+strings.Count(tests, "alertname: "+name+"}") < 2 {
			t.Errorf("%s is not tested both firing and quiet", name)
		}
	}
	for _, book := range books {
		var sections []string
		for _, found := range regexp.MustCompile(`(?m)^### (Leafmidas\w+)$`).FindAllStringSubmatch(read(t, book), -1) {
			sections = append(sections, found[1])
		}
		if all := alerts(t); !slices.Equal(sections, all) {
			t.Errorf("%s has\n%v\nand the alerts are\n%v", book, sections, all)
		}
	}
}

func TestTheRunbookHasEveryCodeOfMidas(t *testing.T) {
	for _, book := range books {
		var listed []string
		for _, row := range regexp.MustCompile(`(?m)^\| (-?[0-9][-0-9, ]*) \|`).FindAllStringSubmatch(read(t, book), -1) {
			listed = append(listed, strings.Split(row[1], ", ")...)
		}
		for _, code := range append(midas.CodesDocumented(), 90019) {
			if !slices.Contains(listed, strconv.Itoa(code)) {
				t.Errorf("%s lacks %d", book, code)
			}
		}
	}
}
