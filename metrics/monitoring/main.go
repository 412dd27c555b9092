// Monitoring keeps what an operator imports into Prometheus and Grafana: alerts.yml, with its tests in alerts_test.yml,
// and dashboard.json, which this program writes. It is a module of its own, so that Grafana's SDK never reaches a
// host's build.
//
//	make dashboard
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "monitoring:", err)
		os.Exit(1)
	}
}

func write(to io.Writer) error {
	board, err := build()
	if err != nil {
		return err
	}
	out := json.NewEncoder(to)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return out.Encode(board)
}
