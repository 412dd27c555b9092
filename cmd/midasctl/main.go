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
	if err := app().Run(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "midasctl:", err)
		os.Exit(1)
	}
}

// app is the command. All it prints goes to Writer and ErrWriter, which tests replace.
func app() *cli.Command {
	return &cli.Command{
		Name:                  "midasctl",
		Usage:                 "operate leafmidas",
		EnableShellCompletion: true,
		ConfigureShellCompletionCommand: func(c *cli.Command) {
			c.Hidden, c.Usage = false, "print a script that completes commands and flags in bash, zsh, fish or pwsh"
		},
		Commands: append([]*cli.Command{
			doctorCommand(), verifyCommand(), signCommand(), ordersCommand(), orderCommand(), resolveCommand(), auditCommand(),
			configCommand(), migrateCommand(), emulatorCommand(),
		}, callCommands()...),
	}
}
