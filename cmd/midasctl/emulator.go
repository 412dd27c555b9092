package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"text/template"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/urfave/cli/v3"
)

// emulatorCommand is `midasctl emulator`: a Midas on this machine until it is told to stop.
func emulatorCommand() *cli.Command {
	return &cli.Command{
		Name:  "emulator",
		Usage: "run a Midas server on this machine, for development and tests",
		Description: "Answers protocols V1 and V2, login and tokens like WeChat, with coins that cost nothing and faults on demand.\n" +
			"Its control API under /_emulator/ has no password: keep it on loopback.\n" +
			"Secrets are invented ones; real ones are given in environment variables, which other users of the machine cannot see.\n" +
			"--json prints one object when it listens: url, and Midas, the section of a server's config. Calls are logged to the error output.",
		Flags: []cli.Flag{
			jsonFlag(),
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:9300", Usage: "`ADDRESS` to listen on"},
			&cli.StringFlag{Name: "app-id", Value: emulator.DefaultAppID, Usage: "the mini game's `ID`", Sources: cli.EnvVars("MIDAS_APP_ID")},
			&cli.StringFlag{Name: "offer-id", Value: emulator.DefaultOfferID, Usage: "its `ID` at Midas", Sources: cli.EnvVars("MIDAS_OFFER_ID")},
			secretFlag("app-secret", "MIDAS_APP_SECRET", "for tokens and login"),
			secretFlag("app-key", "MIDAS_APP_KEY", "signs in production"),
			secretFlag("sandbox-app-key", "MIDAS_SANDBOX_APP_KEY", "signs in the sandbox"),
			&cli.Int64Flag{Name: "coins-per-yuan", Value: 10, Usage: "`NUMBER` of coins that one yuan buys"},
			&cli.StringFlag{Name: "push-url", Usage: "the server's callback `URL` for the pushes of protocol V2 (empty: nothing is pushed)"},
			secretFlag("push-token", "MIDAS_PUSH_TOKEN", "signs the pushes"),
			&cli.StringFlag{
				Name: "push-aes-key", Usage: "`SECRET` EncodingAESKey that encrypts the pushes (empty: they go in clear)",
				Sources: cli.EnvVars("MIDAS_PUSH_AES_KEY"), HideDefault: true,
			},
			&cli.BoolFlag{Name: "push-xml", Usage: "write pushes in XML instead of JSON"},
			&cli.Uint64Flag{Name: "seed", Usage: "of faults that come by chance; the same `NUMBER` gives the same run"},
			&cli.StringFlag{Name: "state", Usage: "keep accounts, bills, payments, pushes, logins and tokens in `FILE` across restarts"},
			&cli.BoolFlag{Name: "auto-codes", Value: true, Usage: "accept login codes auto-<name>-<anything>"},
			&cli.DurationFlag{Name: "latency", Usage: "let every answer take this `LONG`, such as 20ms"},
			&cli.BoolFlag{Name: "quiet", Usage: "do not log calls to the error output"},
		},
		Action: runEmulator,
	}
}

// secretFlag has no visible default: help must not print what a variable of the environment holds.
func secretFlag(name, env, usage string) cli.Flag {
	return &cli.StringFlag{Name: name, Usage: "`SECRET` " + usage + " (empty: the built-in one)", Sources: cli.EnvVars(env), HideDefault: true}
}

func runEmulator(ctx context.Context, cmd *cli.Command) (err error) {
	if cmd.Args().Present() {
		return fmt.Errorf("emulator takes no arguments, got %q", cmd.Args().First())
	}
	if n := cmd.Int64("coins-per-yuan"); n <= 0 {
		return fmt.Errorf("--coins-per-yuan is %d; a yuan buys at least one coin", n)
	}
	cfg := emulator.Config{
		AppID:         cmd.String("app-id"),
		OfferID:       cmd.String("offer-id"),
		AppSecret:     cmd.String("app-secret"),
		AppKey:        cmd.String("app-key"),
		SandboxAppKey: cmd.String("sandbox-app-key"),
		CoinsPerYuan:  cmd.Int64("coins-per-yuan"),
		Push: emulator.PushConfig{
			URL: cmd.String("push-url"), Token: cmd.String("push-token"), EncodingAESKey: cmd.String("push-aes-key"), XML: cmd.Bool("push-xml"),
		},
		Seed:      cmd.Uint64("seed"),
		StatePath: cmd.String("state"),
		AutoCodes: cmd.Bool("auto-codes"),
		Latency:   cmd.Duration("latency"),
	}
	if !cmd.Bool("quiet") {
		cfg.Logger = slog.New(slog.NewTextHandler(cmd.Root().ErrWriter, nil))
	}
	emu, err := emulator.New(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, emu.Close()) }()
	at, err := emu.Start(cmd.String("listen"))
	if err != nil {
		return err
	}
	if cmd.Bool("json") {
		err = printJSON(cmd, map[string]any{"url": at, "Midas": sectionFor(at, cfg)})
	} else {
		err = printBanner(cmd.Root().Writer, at, cfg)
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// section is the part of a server's config that makes it use an emulator. A server starts with it as it is.
type section struct {
	Protocol, Env, BaseURL, AppID, AppSecret, OfferID, AppKey, SandboxAppKey string
	CoinsPerYuan                                                             int64
	Login                                                                    bool
	Items                                                                    []goods
	Push                                                                     *pushSection `json:",omitempty"`
	Ledger                                                                   struct{ Driver, DSN string }
}

type goods struct {
	ID, Name string
	Price    int64
}

type pushSection struct {
	// Addr and Path are left out where the host serves the pushes itself.
	Addr           string `json:",omitempty"`
	Path           string `json:",omitempty"`
	Token          string
	EncodingAESKey string `json:",omitempty"`
}

// sectionFor names secrets that were given, and shows the built-in ones only.
func sectionFor(url string, cfg emulator.Config) section {
	s := section{
		Protocol: "v1", Env: "sandbox", BaseURL: url, AppID: cfg.AppID, OfferID: cfg.OfferID, CoinsPerYuan: cfg.CoinsPerYuan,
		AppSecret:     shown(cfg.AppSecret, emulator.DefaultAppSecret, "env:MIDAS_APP_SECRET"),
		AppKey:        shown(cfg.AppKey, emulator.DefaultAppKey, "env:MIDAS_APP_KEY"),
		SandboxAppKey: shown(cfg.SandboxAppKey, emulator.DefaultSandboxAppKey, "env:MIDAS_SANDBOX_APP_KEY"),
		Login:         true, Items: []goods{{"sword", "Sword", 60}, {"potion", "Potion", 2}},
	}
	s.Ledger.Driver, s.Ledger.DSN = "sqlite", "orders.db"
	if cfg.Push.URL != "" {
		s.Protocol = "v2"
		s.Push = &pushSection{
			Token:          shown(cfg.Push.Token, emulator.DefaultPushToken, "env:MIDAS_PUSH_TOKEN"),
			EncodingAESKey: shown(cfg.Push.EncodingAESKey, "", "env:MIDAS_PUSH_AES_KEY"),
		}
		s.Push.Addr, s.Push.Path = listens(cfg.Push.URL)
	}
	return s
}

// listens is where a server on this machine is to listen for the pushes to a URL: nowhere, where that is another's or
// has a proxy before it.
func listens(push string) (addr, path string) {
	u, err := url.Parse(push)
	if err != nil || u.Scheme != "http" || u.Port() == "" {
		return "", ""
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", ""
	}
	return u.Host, u.Path
}

func shown(given, builtIn, elsewhere string) string {
	if given == "" {
		return builtIn
	}
	return elsewhere
}

// banner tells how to use a running emulator.
var banner = template.Must(template.New("banner").Parse(`Midas emulator at {{.URL}}  (Ctrl-C stops it)

In the server's config:
  "Midas": {{.Section}}
{{- if .Config.Push.URL}}

Pushes go to {{.Config.Push.URL}}
{{- end}}

To try:
  # what there is to control
  curl -s {{.URL}}/_emulator/
{{- if .Config.AutoCodes}}
  # log alice in; such a code works once, so change what follows the name
  curl -s "{{.URL}}/sns/jscode2session?appid={{.Config.AppID}}&secret={{.CurlSecret}}&grant_type=authorization_code&js_code=auto-alice-1"
{{- else}}
  # a login code for alice
  curl -s {{.URL}}/_emulator/code -d '{"name":"alice"}'
{{- end}}
  # alice buys 100 coins; her account
  curl -s {{.URL}}/_emulator/recharge -d '{"env":"sandbox","openid":"{{.Alice}}","zone_id":"1","coins":100}'
  curl -s '{{.URL}}/_emulator/account?env=sandbox&openid={{.Alice}}&zone_id=1'
{{- if .Config.Push.URL}}
  # alice pays for {{.Coins}} coins, of which a push tells; what became of it
  curl -s {{.URL}}/_emulator/pay/coins -d '{"env":1,"openid":"{{.Alice}}","offer_id":"{{.Config.OfferID}}","mode":"game","currency_type":"CNY","buy_quantity":{{.Coins}}}'
  curl -s {{.URL}}/_emulator/pushes
{{- end}}
  # the next deduction takes, but its answer is lost
  curl -s {{.URL}}/_emulator/script -d '{"api":"pay","faults":[{"kind":"cut","commit":true}]}'
  # what happened
  curl -s {{.URL}}/_emulator/bills
`))

func printBanner(w io.Writer, url string, cfg emulator.Config) error {
	text, err := json.MarshalIndent(sectionFor(url, cfg), "  ", "  ")
	if err != nil {
		return err
	}
	return banner.Execute(w, map[string]any{
		"URL":        url,
		"Config":     cfg,
		"Section":    string(text),
		"Alice":      emulator.OpenIDOf("alice"),
		"Coins":      6 * cfg.CoinsPerYuan, // 6 yuan is a price tier
		"CurlSecret": shown(cfg.AppSecret, emulator.DefaultAppSecret, "$MIDAS_APP_SECRET"),
	})
}
