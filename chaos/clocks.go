package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// A server's clock may be wrong by a minute in either direction, and be set while it runs. Nobody sets the clock of the
// machine for that: the server under test is built from the same sources, but where these ask for the time, they ask
// the package skewed, which only this build has (go build -overlay).

const (
	modulePath = "github.com/leafmidas/leafmidas"
	// clockVariable tells a server by how much its clock is wrong: seconds from its start on, then after how many seconds
	// it is set, and by how much it is wrong from then on.
	clockVariable = "LEAFMIDAS_CHAOS_CLOCK"
	// mostSkewed is how far a clock is from the right one at most.
	mostSkewed = 60
)

// skewedSource is the package that the overlay adds.
//
//go:embed skewed.go.txt
var skewedSource []byte

// clockRooms are where the time is asked for.
var clockRooms = []string{"payment", "ledger", "module", "plugin", "cluster", "midas", "breaker", "ops", "example_server"}

// asksForTime is what a source says to ask for the time, or for an end by the clock.
var asksForTime = regexp.MustCompile(`\b(?:time\.(Now|Since|Until)|context\.(WithTimeout|WithTimeoutCause))\b`)

// overlay writes the sources whose clock can be wrong to folder, and the file that go build -overlay reads.
func overlay(root, folder string) (path string, err error) {
	if root, err = filepath.Abs(root); err != nil {
		return "", err
	}
	replace := map[string]string{}
	add := func(of string, text []byte) error {
		to := filepath.Join(folder, fmt.Sprintf("source%d.go", len(replace)))
		replace[of] = to
		return os.WriteFile(to, text, 0o600)
	}
	if err := add(filepath.Join(root, "internal", "skewed", "skewed.go"), skewedSource); err != nil {
		return "", err
	}
	for _, room := range clockRooms {
		err := filepath.WalkDir(filepath.Join(root, room), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return fs.SkipDir
			case d.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"):
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil || !asksForTime.Match(text) {
				return err
			}
			if text, err = skew(text); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return add(path, text)
		})
		if err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// skew has a source ask the other package for the time.
func skew(text []byte) ([]byte, error) {
	text = asksForTime.ReplaceAll(text, []byte("skewed.$1$2"))
	const imports = "\nimport ("
	if !bytes.Contains(text, []byte(imports)) {
		text = bytes.Replace(text, []byte("\nimport \"time\"\n"), []byte("\nimport (\n\t\"time\"\n)\n"), 1)
	}
	before, after, found := bytes.Cut(text, []byte(imports))
	if !found {
		return nil, fmt.Errorf("no imports that can be added to")
	}
	used := "\t_ = skewed.Now\n" // what is imported has to be
	for name, by := range map[string]string{"time": "time.Nanosecond", "context": "context.Background"} {
		if bytes.Contains(after, []byte("\n\t\""+name+"\"\n")) {
			used += "\t_ = " + by + "\n"
		}
	}
	return fmt.Appendf(nil, "%s%s\n\tskewed %q\n%s\nvar (\n%s)\n", before, imports, modulePath+"/internal/skewed", after, used), nil
}

// clock is how wrong a server's is, in seconds.
type clock struct {
	began      time.Time
	first      int           // from its start on
	after      time.Duration // then it is set
	afterwards int           // and wrong by this much
}

func (c clock) variable() string {
	return fmt.Sprintf("%s=%d,%d,%d", clockVariable, c.first, int(c.after.Seconds()), c.afterwards)
}

// at is by how much it is wrong when it is as late as this.
func (c clock) at(now time.Time) time.Duration {
	wrong := c.first
	if now.Sub(c.began) >= c.after {
		wrong = c.afterwards
	}
	return time.Duration(wrong) * time.Second
}

// right is what time it was when this clock showed something.
func (c clock) right(shown time.Time) time.Time {
	if at := shown.Add(time.Duration(-c.first) * time.Second); at.Sub(c.began) < c.after {
		return at
	}
	return shown.Add(time.Duration(-c.afterwards) * time.Second)
}
