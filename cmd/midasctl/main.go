// Midasctl is the operator's command for leafmidas.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v3"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	app := &cli.Command{
		Name:                  "midasctl",
		Usage:                 "operate leafmidas",
		EnableShellCompletion: true,
		Commands:              []*cli.Command{emulatorCommand(), auditCommand()},
	}
	if err := app.Run(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "midasctl:", err)
		os.Exit(1)
	}
}
