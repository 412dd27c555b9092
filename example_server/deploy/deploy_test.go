// Package deploy_test keeps the files that this folder offers right: they are built by no test, so they are compared
// with the code.
package deploy_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/leafmidas/leafmidas/example_server/web"
	"github.com/leafmidas/leafmidas/plugin"
)

// longestStop is what README promises of a stop.
const longestStop = 15 * time.Second

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// config is server.json, with the config section resolved on made-up secrets.
type config struct {
	WSAddr, TCPAddr, HTTPAddr, GamePath string
	Midas                               json.RawMessage
}

func serverConfig(t *testing.T) config {
	t.Helper()
	text, err := plugin.ConfigText([]byte(read(t, "server.json")))
	if err != nil {
		t.Fatal(err)
	}
	var c config
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c config) ports(t *testing.T) (ports []string) {
	t.Helper()
	for _, addr := range []string{c.WSAddr, c.TCPAddr, c.HTTPAddr} {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || host != "0.0.0.0" { // loopback would be the container's own
			t.Errorf("%q: %v", addr, err)
		}
		ports = append(ports, port)
	}
	return ports
}

type service struct {
	Image       string
	Build       struct{ Context, Dockerfile string }
	Ports       []string
	Volumes     []string
	Secrets     []string
	Environment map[string]string
	DependsOn   map[string]any `yaml:"depends_on"`
	StopGrace   time.Duration  `yaml:"stop_grace_period"`
	Networks    []string
	Healthcheck struct{ Test []string }
}

func compose(t *testing.T) (c struct {
	Services map[string]service
	Networks map[string]any
	Volumes  map[string]any
	Secrets  map[string]struct{ File string }
},
) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheConfigIsOneThatAServerTakes(t *testing.T) {
	c := serverConfig(t)
	folder := t.TempDir()
	section := strings.ReplaceAll(string(c.Midas), "file:/run/secrets/", "file:"+folder+"/")
	for secret := range compose(t).Secrets {
		text := "0123456789abcdef0123456789abcdef"
		if secret == "ledger_dsn" {
			text = "postgres://leafmidas:x@postgres:5432/leafmidas?sslmode=disable"
		}
		if err := os.WriteFile(filepath.Join(folder, secret), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var midas plugin.Config
	if err := json.Unmarshal([]byte(section), &midas); err != nil {
		t.Fatal(err)
	}
	if _, err := midas.Resolved(); err != nil {
		t.Error(err)
	}
	host, _, err := net.SplitHostPort(midas.Redis.Addr)
	if _, there := compose(t).Services[host]; err != nil || !there {
		t.Errorf("Redis is at %q, which is no service: %v", midas.Redis.Addr, err)
	}
}

func TestTheDockerfileFitsTheCode(t *testing.T) {
	text := read(t, "Dockerfile")
	has := func(pattern string) []string {
		t.Helper()
		m := regexp.MustCompile("(?m)" + pattern).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("there is no %s in\n%s", pattern, text)
		}
		return m[1:]
	}
	goes := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../../go.mod"))
	if got := has(`^FROM golang:(\S+)-alpine`)[0]; got != goes[1] {
		t.Errorf("it builds with Go %s, and go.mod asks for %s", got, goes[1])
	}
	for _, name := range strings.Fields(has(`go build .* -o /out/ (.*)$`)[0]) {
		if _, err := os.Stat(filepath.Join("../..", name, "main.go")); err != nil {
			t.Errorf("it builds %s: %v", name, err)
		}
	}
	for _, name := range strings.Fields(has(`^COPY (go\.mod go\.sum) `)[0]) {
		if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
			t.Error(err)
		}
	}
	c := serverConfig(t)
	exposed := strings.Fields(has(`^EXPOSE (.*)$`)[0])
	if want := c.ports(t); !slices.Equal(exposed, want) {
		t.Errorf("it exposes %v, and the config listens on %v", exposed, want)
	}
	if at, want := has(`http://127\.0\.0\.1(:\d+/\w+)`)[0], c.HTTPAddr[strings.LastIndex(c.HTTPAddr, ":"):]+web.HealthPath; at != want {
		t.Errorf("its health is asked for at %s, and is at %s", at, want)
	}
	var entry []string
	if err := json.Unmarshal([]byte(has(`^ENTRYPOINT (.*)$`)[0]), &entry); err != nil || len(entry) != 3 || entry[1] != "-conf" {
		t.Fatalf("%q, %v", entry, err)
	}
	if conf := has(`^ENV MIDAS_CONF=(\S+)$`)[0]; entry[2] != conf {
		t.Errorf("the server reads %s, and midasctl %s", entry[2], conf)
	}
	if file := filepath.Dir(c.GamePath); file != has(`^VOLUME (\S+)$`)[0] {
		t.Errorf("what players own is in %s, which is no volume", file)
	}
	if has(`^USER (\S+)$`)[0] == "root" {
		t.Error("it runs as root")
	}
}

func TestTheComposeFileFitsTheCode(t *testing.T) {
	all := compose(t)
	s := all.Services["server"]
	for _, path := range []string{s.Build.Context + "/go.mod", filepath.Join(s.Build.Context, s.Build.Dockerfile)} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	c := serverConfig(t)
	for _, port := range c.ports(t) {
		if want := fmt.Sprintf("127.0.0.1:%s:%s", port, port); !slices.Contains(s.Ports, want) {
			t.Errorf("%s is not in %v", want, s.Ports)
		}
	}
	mounted := regexp.MustCompile(`"-conf", "([^"]+)"`).FindStringSubmatch(read(t, "Dockerfile"))[1]
	if want := "./server.json:" + mounted + ":ro"; !slices.Contains(s.Volumes, want) {
		t.Errorf("%s is not in %v", want, s.Volumes)
	}
	if want := "game:" + filepath.Dir(c.GamePath); !slices.Contains(s.Volumes, want) {
		t.Errorf("%s is not in %v", want, s.Volumes)
	}
	if s.StopGrace < longestStop {
		t.Errorf("it is killed after %s", s.StopGrace)
	}
	for _, m := range regexp.MustCompile(`file:/run/secrets/(\w+)`).FindAllStringSubmatch(string(c.Midas), -1) {
		if !slices.Contains(s.Secrets, m[1]) {
			t.Errorf("the server is not given the secret %s", m[1])
		}
	}
	docs := read(t, "../../docs/deploying.md")
	for name, one := range all.Services {
		for _, secret := range one.Secrets {
			if file := all.Secrets[secret].File; file != "./secrets/"+secret || !strings.Contains(docs, "secrets/"+secret) {
				t.Errorf("%s: the secret %s is in %q, and in docs/deploying.md: %t", name, secret, file, strings.Contains(docs, "secrets/"+secret))
			}
		}
		for _, network := range one.Networks {
			if _, there := all.Networks[network]; !there {
				t.Errorf("%s: there is no network %s", name, network)
			}
		}
		for _, volume := range one.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if _, there := all.Volumes[source]; !there && !strings.HasPrefix(source, "./") {
				t.Errorf("%s: there is no volume %s", name, source)
			}
		}
		if one.Image != "" && !regexp.MustCompile(`:\d`).MatchString(one.Image) {
			t.Errorf("%s: %s is any version", name, one.Image)
		}
	}
	for on := range s.DependsOn {
		if len(all.Services[on].Healthcheck.Test) == 0 {
			t.Errorf("the server waits until %s is healthy, which nobody asks", on)
		}
	}
}

func TestTheUnitFitsTheCode(t *testing.T) {
	keys := map[string][]string{}
	for line := range strings.Lines(read(t, "leafmidas.service")) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), "="); found && !strings.HasPrefix(line, "#") {
			keys[key] = append(keys[key], value)
		}
	}
	one := func(key string) string {
		t.Helper()
		if len(keys[key]) != 1 {
			t.Fatalf("%s is there %d times", key, len(keys[key]))
		}
		return keys[key][0]
	}
	if stop, err := time.ParseDuration(one("TimeoutStopSec") + "s"); err != nil || stop < longestStop {
		t.Errorf("it is killed after %s: %v", stop, err)
	}
	if one("KillSignal") != "SIGTERM" || one("Restart") != "on-failure" || one("User") == "root" {
		t.Errorf("%v", keys)
	}
	for _, key := range []string{"ExecStart", "ExecStartPre"} {
		program, args, _ := strings.Cut(one(key), " ")
		name := filepath.Base(program)
		if _, err := os.Stat("../../" + name); err != nil {
			if _, err := os.Stat("../../cmd/" + name); err != nil {
				t.Errorf("%s: there is no program %s", key, name)
			}
		}
		if !strings.HasSuffix(args, "conf /etc/leafmidas/server.json") {
			t.Errorf("%s: %s", key, args)
		}
	}
	c := serverConfig(t)
	if !strings.HasSuffix(one("BindPaths"), ":"+filepath.Dir(c.GamePath)) || !strings.HasSuffix(one("BindReadOnlyPaths"), ":/run/secrets") {
		t.Errorf("what the config names is not there: %v", keys)
	}
	if one("WorkingDirectory") != "%S/"+one("StateDirectory") {
		t.Errorf("%v", keys)
	}
}

func TestTheProbesInTheDocsAreThoseThatAreServed(t *testing.T) {
	port := serverConfig(t).ports(t)[2]
	for _, name := range []string{"../../docs/deploying.md", "../../docs/deploying_ZH.md"} {
		block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(read(t, name))
		if block == nil {
			t.Fatalf("%s has no manifest", name)
		}
		type probe struct {
			HTTPGet struct {
				Path string
				Port string
			} `yaml:"httpGet"`
			Timeout int `yaml:"timeoutSeconds"`
		}
		var manifest struct {
			Spec struct {
				Template struct {
					Spec struct {
						Grace      int `yaml:"terminationGracePeriodSeconds"`
						Containers []struct {
							Ports []struct {
								Name string
								Port string `yaml:"containerPort"`
							}
							Startup   probe `yaml:"startupProbe"`
							Liveness  probe `yaml:"livenessProbe"`
							Readiness probe `yaml:"readinessProbe"`
						}
					}
				}
			}
		}
		if err := yaml.Unmarshal([]byte(block[1]), &manifest); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pod := manifest.Spec.Template.Spec
		if len(pod.Containers) != 1 || time.Duration(pod.Grace)*time.Second < longestStop {
			t.Fatalf("%s: %+v", name, pod)
		}
		one := pod.Containers[0]
		for path, p := range map[string]probe{web.HealthPath: one.Liveness, web.ReadyPath: one.Readiness} {
			if p.HTTPGet.Path != path || p.HTTPGet.Port != "page" || p.Timeout < 6 {
				t.Errorf("%s: %s is asked for as %+v", name, path, p)
			}
		}
		if one.Startup.HTTPGet.Path != web.HealthPath || len(one.Ports) == 0 || !slices.ContainsFunc(one.Ports, func(p struct {
			Name string
			Port string `yaml:"containerPort"`
		},
		) bool {
			return p.Name == "page" && p.Port == port
		}) {
			t.Errorf("%s: %+v", name, one)
		}
	}
}
