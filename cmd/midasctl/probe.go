package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/emulator"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// probeCommand is `midasctl probe`.
func probeCommand() *cli.Command {
	return &cli.Command{
		Name: "probe", Usage: "ask a real sandbox what can be asked without money, and compare its answers with the emulator's", ArgsUsage: "OPENID",
		Description: "Asks Midas's sandbox, never production, on behalf of a test player who has logged in lately, and an emulator in this process the\n" +
			"same. What differs is a fact that this project does not know yet: please send the report in. No secret, openid or AppID is in it.\n" +
			"Nothing moves coins but --present, which gives the player 10 test coins, deducts one and gives it back.\n" +
			"Exit code 1: something differs, or could not be asked.",
		Flags: []cli.Flag{
			confFlag(), jsonFlag(), sessionFlag(),
			&cli.StringFlag{Name: "zone", Usage: "`ZONE` of the account (left out: the config's)"},
			&cli.BoolFlag{Name: "present", Usage: "move test coins of the sandbox, too"},
		},
		Action: runProbe,
	}
}

// side is one of the two that are asked: the sandbox, or an emulator.
type side struct {
	cfg    plugin.Config
	line   *recorder
	client *midas.Client
	// keyless signs with an AppKey that nobody has.
	keyless *midas.Client
	player  midas.Player
}

// said is an answer, as far as it can be compared.
type said struct {
	// Code is errcode; Failure what came in place of an answer.
	Code    int    `json:"code"`
	Text    string `json:"text,omitempty"`
	Failure string `json:"failure,omitempty"`
	// Fields are the names and JSON types of what an answer has besides.
	Fields map[string]string `json:"fields,omitempty"`
}

// probe is one question.
type probe struct {
	what string
	v2   bool // that V1 has no words for
	ask  func(ctx context.Context, s *side) error
}

// compared is a question with both answers.
type compared struct {
	What     string `json:"what"`
	Same     bool   `json:"same"`
	Midas    said   `json:"midas"`
	Emulator said   `json:"emulator"`
}

func runProbe(ctx context.Context, cmd *cli.Command) error {
	args, err := arguments(cmd, "OPENID")
	if err != nil {
		return err
	}
	section, err := readSection(cmd)
	noLedger := errors.Is(err, errNoLedgerFile)
	if err != nil && !noLedger {
		return err
	}
	section.Env = "sandbox"
	cfg, err := section.Resolved()
	if err != nil {
		return fmt.Errorf("the config, for the sandbox: %w", err)
	}
	if noLedger {
		cfg.Ledger = plugin.LedgerConfig{}
	}
	p := midas.Player{OpenID: args[0], ZoneID: cmp.Or(cmd.String("zone"), cfg.ZoneID), UserIP: "127.0.0.1"}
	if p.SessionKey, err = sessionKey(ctx, cmd, cfg, p.OpenID); err != nil {
		return fmt.Errorf("look for the player's session key: %w", err)
	}
	if p.SessionKey == "" && (*cfg.MPSig || cfg.Protocol == "v2") {
		return errors.New("the ledger has no session key of this player: give one with --session-key-file")
	}
	there, err := newSide(section, p)
	if err != nil {
		return err
	}
	defer there.close()
	balance, err := there.client.Balance(ctx, p)
	if err != nil {
		return fmt.Errorf("the sandbox does not tell the player's balance, so nothing can be compared (`midasctl doctor` says what is wrong): %w", err)
	}
	emu, here, err := emulated(section, cfg, p, int64(balance.Balance))
	if err != nil {
		return err
	}
	defer emu.Close()
	defer here.close()

	var all []compared
	bill := ulid.Make().String()
	for _, q := range probes(bill, balance.Balance+1_000_000, cmd.Bool("present")) {
		if q.v2 && cfg.Protocol != "v2" {
			continue
		}
		c := compared{What: q.what, Midas: there.answer(ctx, q), Emulator: here.answer(ctx, q)}
		c.Same = c.Midas.Code == c.Emulator.Code && c.Midas.Failure == "" && maps.Equal(c.Midas.Fields, c.Emulator.Fields)
		all = append(all, c)
		if ctx.Err() != nil {
			break
		}
	}
	return printProbe(cmd, cfg, all)
}

// probes are the questions in the order in which they are asked. bill is a number that nobody has used, tooMuch more
// coins than there are.
func probes(bill string, tooMuch midas.Coins, present bool) []probe {
	pay := func(amount midas.Coins, bill string) func(context.Context, *side) error {
		return func(ctx context.Context, s *side) error {
			_, err := s.client.Pay(ctx, midas.PayRequest{Player: s.player, BillNo: bill, Amount: amount, Item: "probe"})
			return err
		}
	}
	cancel := func(amount midas.Coins, bill string) func(context.Context, *side) error {
		return func(ctx context.Context, s *side) error {
			_, err := s.client.CancelPay(ctx, midas.CancelPayRequest{Player: s.player, BillNo: bill, Amount: amount, Item: "probe"})
			return err
		}
	}
	balance := func(change func(*midas.Player)) func(context.Context, *side) error {
		return func(ctx context.Context, s *side) error {
			p := s.player
			change(&p)
			_, err := s.client.Balance(ctx, p)
			return err
		}
	}
	query := func(kind midas.BizKind) func(context.Context, *side) error {
		return func(ctx context.Context, s *side) error {
			_, err := s.client.QueryOrder(ctx, s.player, bill+"-q", kind)
			return err
		}
	}
	all := []probe{
		{what: "the balance", ask: balance(func(*midas.Player) {})},
		{what: "the balance, signed with an AppKey that nobody has", ask: func(ctx context.Context, s *side) error {
			_, err := s.keyless.Balance(ctx, s.player)
			return err
		}},
		{what: "the balance, signed with a session key that nobody has", ask: balance(func(p *midas.Player) { p.SessionKey = "bm90IGEgc2Vzc2lvbiBrZXk=" })},
		{what: "the balance of a zone that there is not", ask: balance(func(p *midas.Player) { p.ZoneID = "no-such-zone" })},
		{what: "the balance of the recharge centre", v2: true, ask: balance(func(p *midas.Player) { p.Center = true })},
		{what: "a bill that there is not is cancelled", ask: cancel(1, bill+"-n")},
		{what: "more coins than there are, deducted", ask: pay(tooMuch, bill+"-m")},
		{what: "and that bill cancelled", ask: cancel(tooMuch, bill+"-m")},
		{what: "a recharge that there is not, asked about", v2: true, ask: query(midas.BizCoins)},
		{what: "goods that there are not, asked about", v2: true, ask: query(midas.BizGoods)},
	}
	if !present {
		return all
	}
	give := func(ctx context.Context, s *side) error {
		_, err := s.client.Present(ctx, midas.PresentRequest{Player: s.player, BillNo: bill + "-g", Amount: 10})
		return err
	}
	return append(
		all,
		probe{what: "10 coins given", ask: give},
		probe{what: "given again under the same number", ask: give},
		probe{what: "1 coin deducted", ask: pay(1, bill)},
		probe{what: "deducted again under the same number", ask: pay(1, bill)},
		probe{what: "given back", ask: cancel(1, bill)},
		probe{what: "given back again", ask: cancel(1, bill)},
		probe{what: "deducted once more under the number that was given back", ask: pay(1, bill)},
		probe{what: "given back, whatever came of it", ask: cancel(1, bill)},
		probe{what: "a present cancelled as if it were a deduction", ask: cancel(10, bill+"-g")},
	)
}

// emulated is an emulator that knows the player, with as many coins.
func emulated(section, cfg plugin.Config, p midas.Player, coins int64) (*emulator.Server, *side, error) {
	emu, err := emulator.New(emulator.Config{
		AppID: cfg.AppID, AppSecret: cfg.AppSecret.Reveal(), OfferID: cfg.OfferID, AppKey: cfg.AppKey.Reveal(), SandboxAppKey: cfg.SandboxAppKey.Reveal(),
		CoinsPerYuan: cfg.CoinsPerYuan, MPSigIgnored: !*cfg.MPSig, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, nil, err
	}
	url, err := emu.Start("")
	if err == nil && coins > 0 {
		err = emu.Recharge(emulator.Sandbox, p.OpenID, p.ZoneID, coins)
	}
	if err != nil {
		return nil, nil, errors.Join(err, emu.Close())
	}
	emu.SetSession(p.OpenID, p.SessionKey.Reveal())
	section.BaseURL, section.BaseURLs = url, nil
	here, err := newSide(section, p)
	if err != nil {
		return nil, nil, errors.Join(err, emu.Close())
	}
	return emu, here, nil
}

func newSide(section plugin.Config, p midas.Player) (s *side, err error) {
	s = &side{cfg: section, line: &recorder{}, player: p}
	quiet := slog.New(slog.DiscardHandler)
	if s.client, err = section.ClientOver(quiet, s.line); err != nil {
		return nil, err
	}
	section.SandboxAppKey = "an AppKey that nobody has"
	if s.keyless, err = section.ClientOver(quiet, s.line); err != nil {
		s.client.Close()
		return nil, err
	}
	return s, nil
}

func (s *side) close() {
	s.client.Close()
	s.keyless.Close()
}

// answer asks one question.
func (s *side) answer(ctx context.Context, q probe) said {
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	s.line.last = nil
	err := q.ask(ctx, s)
	var fields map[string]any
	dec := json.NewDecoder(bytes.NewReader(s.line.last))
	dec.UseNumber()
	if dec.Decode(&fields) != nil {
		if err == nil {
			err = errors.New("an answer that is no JSON object")
		}
		return said{Failure: s.bare(err.Error())}
	}
	a := said{Fields: map[string]string{}}
	for name, v := range fields {
		switch v := v.(type) {
		case json.Number:
			a.Fields[name] = "number"
			if n, err := v.Int64(); name == "errcode" && err == nil {
				a.Code = int(n)
			}
		case string:
			a.Fields[name] = "string"
			if name == "errmsg" {
				a.Text = s.bare(v)
			}
		case bool:
			a.Fields[name] = "boolean"
		default:
			a.Fields[name] = "something else"
		}
	}
	delete(a.Fields, "errcode")
	delete(a.Fields, "errmsg") // some answers leave it out where all is well
	return a
}

// bare leaves out of a text what names the game, the player or a secret.
func (s *side) bare(text string) string {
	for _, one := range []string{
		s.player.OpenID, s.player.SessionKey.Reveal(), s.cfg.AppID, s.cfg.OfferID, s.cfg.AppSecret.Reveal(), s.cfg.AppKey.Reveal(), s.cfg.SandboxAppKey.Reveal(),
	} {
		if one != "" {
			text = strings.ReplaceAll(text, one, "…")
		}
	}
	return text
}

// recorder keeps the last answer of a call.
type recorder struct{ last []byte }

// maxAnswer bounds what is kept of one. Midas's have a few hundred bytes.
const maxAnswer = 64 << 10

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	reply, err := http.DefaultTransport.RoundTrip(request)
	if err != nil || !strings.Contains(request.URL.Path, "/midas/") && !strings.Contains(request.URL.Path, "/wxa/game/") {
		return reply, err // a token is nobody's business
	}
	r.last, err = io.ReadAll(io.LimitReader(reply.Body, maxAnswer))
	_ = reply.Body.Close()
	reply.Body = io.NopCloser(bytes.NewReader(r.last))
	return reply, err
}

func printProbe(cmd *cli.Command, cfg plugin.Config, all []compared) error {
	differ := 0
	for _, c := range all {
		if !c.Same {
			differ++
		}
	}
	version := "unknown"
	if b, err := thisBuild(debug.ReadBuildInfo()); err == nil {
		version = cmp.Or(b.Version, b.Commit, version)
	}
	if cmd.Bool("json") {
		err := printJSON(cmd, map[string]any{
			"protocol": cfg.Protocol, "mp_sig": *cfg.MPSig, "optional_params": cfg.OptionalParams, "version": version, "date": time.Now().UTC().Format(time.DateOnly),
			"differ": differ, "answers": all,
		})
		if err != nil {
			return err
		}
	} else {
		w := cmd.Root().Writer
		if err := printf(w, "leafmidas %s, protocol %s, sandbox, %s\n\n", version, cfg.Protocol, time.Now().UTC().Format(time.DateOnly)); err != nil {
			return err
		}
		rows := [][]any{{"", "question", "Midas", "the emulator"}}
		for _, c := range all {
			mark := "same"
			if !c.Same {
				mark = "DIFFERS"
			}
			rows = append(rows, []any{mark, c.What, c.Midas.String(), c.Emulator.String()})
			if more := fieldsApart(c.Midas.Fields, c.Emulator.Fields); more != "" {
				rows = append(rows, []any{"", "", more, fieldsApart(c.Emulator.Fields, c.Midas.Fields)})
			}
		}
		if err := printTable(w, rows); err != nil {
			return err
		}
	}
	if differ > 0 {
		return fmt.Errorf("%d of %d answers are not what the emulator says; please send this report in: %w", differ, len(all), errFound)
	}
	return nil
}

func (s said) String() string {
	if s.Failure != "" {
		return s.Failure
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", s.Code, s.Text))
}

// fieldsApart lists the fields of an answer that the other one has not, or has of another type.
func fieldsApart(own, other map[string]string) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if other[name] != own[name] {
			list = append(list, name+" "+own[name])
		}
	}
	if list == nil && len(own) != len(other) {
		return "(fewer fields)"
	}
	return strings.Join(list, ", ")
}
