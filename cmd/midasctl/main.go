// Midasctl is the operator's command for leafmidas.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/internal/plain"
	"github.com/leafmidas/leafmidas/midas"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, app(), os.Args)
	stop()
	os.Exit(code)
}

// execute runs a command line and tells what went wrong, to people or with --json to programs. It returns the exit
// code.
func execute(ctx context.Context, a *cli.Command, line []string) int {
	a.Writer, a.ErrWriter = plain.Writer(a.Writer), plain.Writer(a.ErrWriter)
	err := a.Run(ctx, line)
	if err == nil {
		return 0
	}
	if _, isTold := errors.AsType[told](err); asksJSON(line) && !isTold {
		if json.NewEncoder(a.Writer).Encode(failureOf(err)) == nil {
			return 1
		}
	}
	fmt.Fprintln(a.ErrWriter, "midasctl:", err)
	return 1
}

// told is an error that is in what the command has printed: programs have their one object.
type told struct{ error }

// asksJSON looks for --json among the words, as a line that cannot be read as flags is answered in JSON too.
func asksJSON(line []string) (asks bool) {
	for _, word := range line {
		if word == "--" {
			break
		}
		name, value, given := strings.Cut(word, "=")
		if name == "--json" || name == "-json" {
			on, err := strconv.ParseBool(value)
			asks = !given || err == nil && on
		}
	}
	return asks
}

// failure is an error for programs: its keys do not change.
type failure struct {
	Error string `json:"error"`
	// Code is the errcode, where Midas or WeChat gave one.
	Code int `json:"code,omitempty"`
	// Verdict and BillNo are a call's. "unknown" alone leaves open whether coins moved.
	Verdict string `json:"verdict,omitempty"`
	BillNo  string `json:"bill_no,omitempty"`
}

var verdicts = map[midas.Verdict]string{
	midas.VerdictUnknown: "unknown", midas.VerdictRefused: "refused", midas.VerdictLater: "later", midas.VerdictLogin: "login", midas.VerdictAlready: "already",
}

func failureOf(err error) failure {
	f := failure{Error: err.Error()}
	answer, answered := errors.AsType[*midas.Error](err)
	if answered {
		f.Code, f.BillNo = answer.Code, answer.BillNo
	}
	call, called := errors.AsType[*midas.CallError](err)
	if called {
		f.BillNo = call.BillNo
	}
	if answered || called {
		f.Verdict = verdicts[midas.VerdictOf(err)]
	}
	return f
}

// app is the command. All it prints goes to Writer and ErrWriter, which tests replace.
func app() *cli.Command {
	a := &cli.Command{
		Name:                  "midasctl",
		Usage:                 "operate leafmidas",
		Writer:                os.Stdout,
		ErrWriter:             os.Stderr,
		EnableShellCompletion: true,
		ConfigureShellCompletionCommand: func(c *cli.Command) {
			c.Hidden, c.Usage = false, "print a script that completes commands and flags in bash, zsh, fish or pwsh"
		},
		// execute tells of errors; the library would print some by itself, and exit.
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		Commands: append([]*cli.Command{
			doctorCommand(), probeCommand(), verifyCommand(), signCommand(), ordersCommand(), orderCommand(), resolveCommand(), pushesCommand(), auditCommand(),
			configCommand(), migrateCommand(), identityCommand(), emulatorCommand(), versionCommand(),
		}, callCommands()...),
	}
	_ = a.Walk(func(c *cli.Command) error {
		c.OnUsageError = usageError
		if c.Action == nil { // it has others below it
			c.Action, c.OnUsageError = noCommand, groupUsageError
		}
		return nil
	})
	return a
}

// usageError is instead of the library's, which prints the whole help where programs expect an object.
func usageError(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	return fmt.Errorf("%w: see %s --help", err, cmd.FullName())
}

// groupUsageError: a flag that is not known comes behind a command that is not either.
func groupUsageError(ctx context.Context, cmd *cli.Command, err error, isSub bool) error {
	if cmd.Args().Present() {
		return unknownCommand(cmd)
	}
	return usageError(ctx, cmd, err, isSub)
}

// noCommand shows what commands there are.
func noCommand(_ context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return unknownCommand(cmd)
	}
	if cmd.Root() == cmd {
		return cli.ShowRootCommandHelp(cmd)
	}
	return cli.ShowSubcommandHelp(cmd)
}

func unknownCommand(cmd *cli.Command) error {
	return fmt.Errorf("there is no command %q: see %s --help", cmd.Args().First(), cmd.FullName())
}
