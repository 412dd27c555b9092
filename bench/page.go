package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/leafmidas/leafmidas/bench/report"
)

// before and after are what the page says around the figures. It is written by this program and by nothing else.
const before = `# Benchmarks

What leafmidas costs, beside what a team would use instead. ` + "`make bench`" + ` measures everything anew and writes this page.

Ratios count, and no absolute figure: both sides run on the same machine, in the same run, in turns, and every result is the median of
the ratios of %d turns, with its quartiles. Games, players and Midas (the emulator, which answers after 20 ms where it says so) are
processes of their own on real connections; ours is the whole plugin on Leaf, with its SQLite ledger on the disk. All share the machine's
processors, so a time is also a time of waiting for each other.

This run: %s.

## Figures

`

const after = `
What the rows are:

* **Signatures**: both of a call, made of parameters or a body, against HMAC-SHA256 (crypto/hmac) of bytes that are put together already.
* **One signed call**: a balance asked for with everything around it (checks, signatures, JSON both ways, comparing the answer with the
  question), against posting the same bytes with net/http and reading the reply as bytes. What the bare call leaves out is most of what
  is more: it makes no signature, reads no JSON and knows no timeout.
* **silenceper/wechat** makes its own doubly signed call, for which the emulator does the work of ours. The hand-written client is what
  teams write: a map, json.Marshal, two HMACs, http.Post.
* **Breaker**: ours counts each call by outcome and duration for the metrics, which takes two looks at the clock and a mutex; gobreaker
  by itself does neither. The call inside takes no time here, and 20 ms in truth.
* **Message → reply**: a message that the plugin checks and answers from memory (a purchase of nothing, for a balance is always asked of
  Midas), against an echo of Leaf's own of the same size. Ours runs the same path through Leaf, then its own checks, and answers with
  another message type.
* **Purchases** without a pause are all that the machine does with 1,000 players, their clients included. Without a ledger it is one signed
  call through a breaker in a goroutine: nothing survives the process. At a rate that 1,000 people reach, both do what is asked of them.
* **Durable transitions**: every step is on the disk before the next. A virtual disk flushes in a fraction of a millisecond; then it is
  not the disk that bounds the steps but the processor, which SQLite keeps busy. On a disk that takes 5 ms for a flush the same batches
  would take 20,000 steps a second.
* **Echo while Midas hangs**: 1,000 purchases wait for an answer that does not come; 200 are under way and the rest are queued.
* **Memory**: heap and stacks of a game with players who have logged in, against connections that Leaf alone knows.
* **Players online**: the same 100 purchases a second, made by anyone of 10 to 10,000.
* **A ledger with 1,000,000 orders**: every player has 100 of them, in the large ledger and in the small one.
* **A handler that waits for Midas** is what most teams begin with: the call in the Leaf handler itself, which does nothing else meanwhile.
  It can do 50 purchases a second and is the game's only goroutine.
* **Metrics and logs**: a scrape each second, and log records of level Info and above that are made and thrown away.

`

// tried is what was changed because a profile named it, and what was tried and did not help.
const tried = `## What profiles have changed

* Signatures: crypto/hmac allocates nine times for a key that is used once. HMAC by hand over one buffer took V1's two from 20
  allocations to 4, and from 1.9 times the bare HMACs' time to 1.04.
`

// writePage writes the page and its plots.
func (b *bench) writePage(lines []report.Line) (err error) {
	images := filepath.Join(b.docs, "images")
	if err := os.MkdirAll(images, 0o755); err != nil {
		return err
	}
	for _, p := range b.plots {
		if err := p.Save(filepath.Join(images, "bench-"+p.name+".svg")); err != nil {
			return fmt.Errorf("plot %s: %w", p.name, err)
		}
	}
	file, err := os.Create(filepath.Join(b.docs, "benchmarks.md"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	page := bufio.NewWriter(file)
	fmt.Fprintf(page, before, b.runs, machine())
	report.Markdown(page, lines)
	missed := 0
	for _, l := range lines {
		if !l.Met() {
			missed++
		}
	}
	fmt.Fprintf(page, "\n%d of these rows do not reach what they are to reach; the reasons follow.\n", missed)
	_, _ = io.WriteString(page, after) // Flush tells what went wrong
	for _, p := range b.plots {
		fmt.Fprintf(page, "![%s](images/bench-%s.svg)\n\n", p.Title, p.name)
	}
	_, _ = io.WriteString(page, tried)
	return page.Flush()
}

// machine names what all this ran on.
func machine() string {
	model := ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				model = ", " + strings.TrimSpace(value)
				break
			}
		}
	}
	kernel, _ := exec.Command("uname", "-sr").Output()
	return fmt.Sprintf("%d processors%s, %s, %s/%s, %s", runtime.NumCPU(), model, strings.TrimSpace(string(kernel)), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
