package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/cluster"
	"github.com/leafmidas/leafmidas/ledger"
	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/payment"
	"github.com/leafmidas/leafmidas/plugin"
)

// doctorTime bounds each look.
const doctorTime = 15 * time.Second

// doctorCommand is `midasctl doctor`.
func doctorCommand() *cli.Command {
	return &cli.Command{
		Name: "doctor", Usage: "check everything a server needs: config, clock, token, keys, database, Redis",
		Description: "Asks Midas for the balance of one player in each environment whose key the config has; that changes nothing.\n" +
			"The player is --player, or the one with the newest order in the ledger. Each line is printed as soon as it is known, with\n" +
			"--json all of them at the end. Exit code 1: something is wrong. No secret is printed.",
		Flags: []cli.Flag{
			confFlag(), jsonFlag(), sessionFlag(),
			&cli.StringFlag{Name: "player", Usage: "ask for the balance of the player `OPENID`"},
			&cli.BoolFlag{Name: "offline", Usage: "do not ask WeChat and Midas"},
			&cli.StringFlag{Name: "push", Usage: "send a trial of each kind of push, signed with the config's keys, to the public address `URL` of pushes; it changes nothing"},
		},
		Action: runDoctor,
	}
}

func runDoctor(ctx context.Context, cmd *cli.Command) error {
	if _, err := arguments(cmd); err != nil {
		return err
	}
	r := &report{}
	if !cmd.Bool("json") {
		r.live = cmd.Root().Writer
	}
	section, err := readSection(cmd)
	fresh := errors.Is(err, errNoLedgerFile)
	if err != nil && !fresh {
		return err
	}
	cfg, err := section.Resolved()
	if err != nil {
		sayConfig(r, err)
		return r.print(cmd) // the rest would only say the same in other words
	}
	r.ok("config", "protocol %s, %s", cfg.Protocol, cfg.Env)
	d := doctor{r, cmd, cfg, midas.Player{OpenID: cmd.String("player"), ZoneID: cfg.ZoneID, UserIP: "127.0.0.1"}}
	var keyless error
	if d.player.SessionKey, keyless = givenSessionKey(cmd); keyless != nil {
		d.wrong("session key", "give a file that has it", "%v", keyless)
	}
	if fresh {
		r.unknown("database", "the server makes it when it starts", "the file of the ledger does not exist yet")
	} else {
		d.database(ctx)
	}
	d.redis(ctx)
	if !cmd.Bool("offline") {
		if d.clock(ctx) && keyless == nil {
			d.calls(ctx)
		}
	}
	if address := cmd.String("push"); address != "" {
		d.pushes(ctx, address)
	}
	return r.print(cmd)
}

func sayConfig(r *report, err error) {
	bad, ok := errors.AsType[*plugin.ConfigError](err)
	if !ok {
		r.wrong("config", "correct it", "%v", err)
		return
	}
	for _, f := range bad.Faults {
		r.wrong("config", "correct "+keyOf(f), "%s %s", keyOf(f), f.What)
	}
}

// doctor looks at one part after another.
type doctor struct {
	*report
	cmd    *cli.Command
	cfg    plugin.Config
	player midas.Player
}

// database opens the ledger, and finds a player to ask for.
func (d *doctor) database(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	l, err := openLedger(ctx, d.cfg)
	switch {
	case errors.Is(err, ledger.ErrNoTables):
		d.unknown("database", "a server makes them when it starts; if one has, Midas.Ledger names another database than its own", "%v", err)
		return
	case errors.Is(err, ledger.ErrOldTables):
		d.wrong("database", "start a server of this version, or `midasctl migrate`", "%v", err)
		return
	case err != nil:
		d.wrong("database", "see that it runs, and that Midas.Ledger names it", "%v", err)
		return
	}
	defer l.Close()
	b, err := l.Backlog(ctx)
	if err != nil {
		d.wrong("database", "see that it runs, and that Midas.Ledger names it", "%v", err)
		return
	}
	if err := l.TryWrite(ctx); err != nil { // one that answers may still take no order: a replica, a full disk, a missing right
		d.wrong("database", "see what it says; it answers, and no order could be stored", "%v", err)
		return
	}
	open := int64(0)
	for _, n := range b.Open {
		open += n
	}
	d.ok("database", "%s answers, and takes orders; %d open orders", d.cfg.Ledger.Driver, open)
	if b.Disputed > 0 {
		d.wrong("disputed orders", "`midasctl orders --state disputed`, then `midasctl resolve`", "%d %s for a decision", b.Disputed, plural(int(b.Disputed), "order waits", "orders wait"))
	}
	if b.Kept > 0 {
		d.wrong("kept pushes", "`midasctl pushes`", "%d %s that did not fit, of the other environment perhaps, and nothing came of them", b.Kept, plural(int(b.Kept), "push", "pushes"))
	}
	if d.player.OpenID == "" {
		if newest, _, err := l.Search(ctx, ledger.Filter{Limit: 1, Kinds: []ledger.Kind{ledger.Purchase, ledger.Goods}}); err == nil && len(newest) > 0 {
			d.player.OpenID, d.player.ZoneID = newest[0].OpenID, newest[0].ZoneID
		}
	}
	if d.player.OpenID != "" && d.player.SessionKey == "" {
		d.player.SessionKey, err = payment.KeptSession(ctx, l, d.cfg.AppSecret, d.player.OpenID)
		if err != nil {
			d.wrong("session keys", "see that Midas.AppSecret is the servers' own", "%v", err)
		}
	}
}

// redis asks it to do once all that a server needs: one that only answers may still refuse.
func (d *doctor) redis(ctx context.Context) {
	if d.cfg.Redis.Addr == "" {
		return
	}
	fleet, err := cluster.Open(d.cfg.FleetConfig(slog.New(slog.DiscardHandler)))
	if err != nil {
		d.wrong("Redis", "correct Midas.Redis", "%v", err)
		return
	}
	defer fleet.Close()
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	begin := time.Now()
	if err := fleet.Check(ctx); err != nil {
		d.wrong("Redis", adviceOn(err)+"; servers go on without it, each by itself", "%v", err)
		return
	}
	d.ok("Redis", "takes all that a server asks of it, in %s", time.Since(begin).Round(100*time.Microsecond))
}

// adviceOn says what to do about an answer of Redis's, by the word that it begins with.
func adviceOn(err error) string {
	for word, advice := range map[string]string{
		"OOM ":        "give it more memory (maxmemory), or another maxmemory-policy than noeviction",
		"READONLY ":   "name the master, not a replica; with Sentinel set Midas.Redis.MasterName and the Sentinels' addresses",
		"MISCONF ":    "it cannot save to its disk: make room, or switch its snapshots off (save \"\"), for nothing in it needs a backup",
		"NOAUTH ":     "set Midas.Redis.Password, and Username for an ACL user",
		"WRONGPASS ":  "correct Midas.Redis.Username and Password",
		"NOPERM ":     "give the ACL user the rights that the README lists",
		"MOVED ":      "it is a node of a cluster: set Midas.Redis.Cluster, or name several of its addresses",
		"CLUSTERDOWN": "see to its cluster: some of its nodes are away",
		"MASTERDOWN ": "it is a replica whose master is away: name the master, or the Sentinels with Midas.Redis.MasterName",
		"LOADING ":    "wait until it has read its data",
	} {
		if strings.Contains(err.Error(), word) {
			return advice
		}
	}
	return "see that it runs, and that Midas.Redis names it"
}

// justThere follows no redirect: it would show another server's clock, and an address of another's making.
var justThere = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// clock compares this machine's clock with the one that Midas's answers carry. It is false if there is no answer.
func (d *doctor) clock(ctx context.Context) (answered bool) {
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	base := cmp.Or(d.cfg.BaseURL, midas.OfficialURL)
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/", nil)
	if err != nil {
		d.wrong("clock", "correct Midas.BaseURL", "%v", err)
		return false
	}
	begin := time.Now()
	reply, err := justThere.Do(ask)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // without the address: base is said already
		}
		d.wrong("network", "see that this machine reaches "+base, "%v", err)
		return false
	}
	_ = reply.Body.Close()
	half := time.Since(begin) / 2
	there, err := http.ParseTime(reply.Header.Get("Date"))
	if err != nil {
		d.unknown("clock", "", "%s does not say what time it is", base)
		return true
	}
	d.ok("network", "%s answers", base)
	sayClock(d.report, "clock", begin.Add(half).Sub(there))
	return true
}
