package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sort"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// signCommand is `midasctl sign`.
func signCommand() *cli.Command {
	flags := func(extra ...cli.Flag) []cli.Flag {
		return append([]cli.Flag{
			confFlag(), jsonFlag(), sessionFlag(), appKeyFlag(),
			&cli.StringFlag{Name: "path", Required: true, Usage: "URL `PATH` that is called, as /cgi-bin/midas/sandbox/pay or /wxa/game/getbalance"},
			&cli.StringFlag{Name: "body", Usage: "the JSON body is in `FILE` (-: the standard input)", Value: "-"},
			&cli.BoolFlag{Name: "explain", Usage: "print every step of the text that is signed, with the secrets in it"},
		}, extra...)
	}
	return &cli.Command{
		Name: "sign", Usage: "sign a request by the rules of a protocol",
		Description: "The AppKey is that of --app-key-file, or the config's for the environment that the request names: by its path (v1), or by env in\n" +
			"its body (v2). Nothing else of the config is needed; the ledger has players' session keys.\n" +
			"--explain shows secrets: mind who looks on.",
		Commands: []*cli.Command{
			{
				Name: "v1", Usage: "print sig and mp_sig of a body", Action: runSignV1, Flags: flags(
					&cli.StringFlag{Name: "access-token-file", Usage: "the access_token, which mp_sig signs, is in `FILE`", Sources: cli.EnvVars("MIDAS_ACCESS_TOKEN_FILE")}),
			},
			{Name: "v2", Usage: "print pay_sig and signature of a body, byte by byte as it is given", Action: runSignV2, Flags: flags()},
		},
	}
}

// signature is one of the two that a request carries.
type signature struct {
	Name  string   `json:"name"`
	Value string   `json:"value"`
	Steps []string `json:"steps,omitempty"`
}

func printSignatures(cmd *cli.Command, all []signature) error {
	if !cmd.Bool("explain") {
		for i := range all {
			all[i].Steps = nil
		}
	}
	if cmd.Bool("json") {
		return printJSON(cmd, map[string]any{"signatures": all})
	}
	for _, s := range all {
		for _, step := range s.Steps {
			fmt.Fprintln(cmd.Root().Writer, "  "+step)
		}
		fmt.Fprintf(cmd.Root().Writer, "%s  %s\n", s.Name, s.Value)
	}
	return nil
}

func runSignV1(ctx context.Context, cmd *cli.Command) error {
	cfg, body, err := signInput(cmd)
	if err != nil {
		return err
	}
	path := cmd.String("path")
	params, err := paramsOf([]byte(body))
	if err != nil {
		return err
	}
	signed := without(params, "sig", "mp_sig", "access_token")
	key, name := appKeyFor(cfg, strings.Contains(path, "/sandbox/"))
	if key == "" {
		return noKey(name)
	}
	sig := midas.SigV1(signed, path, key)
	all := []signature{{"sig", sig, explainV1(signed, path, "secret", key, name)}}

	session, err := sessionKey(ctx, cmd, cfg, value(params, "openid"))
	if err != nil {
		return err
	}
	token := midas.Secret(value(params, "access_token"))
	if file := cmd.String("access-token-file"); file != "" {
		if token, err = readSecretFile(file, cmd.Root().Reader); err != nil {
			return err
		}
	}
	if session != "" && token != "" {
		withSig := append(without(signed), midas.Param{Key: "sig", Value: sig}, midas.Param{Key: "access_token", Value: token.Reveal()})
		all = append(all, signature{"mp_sig", midas.MPSigV1(withSig, path, session), explainV1(withSig, path, "session_key", session, "session_key")})
	} else {
		fmt.Fprintln(cmd.Root().ErrWriter, "no mp_sig: it takes a session key and an access token")
	}
	return printSignatures(cmd, all)
}

// explainV1 tells how a V1 signature is made.
func explainV1(params []midas.Param, path, secretName string, secret midas.Secret, called string) []string {
	sort.Slice(params, func(i, j int) bool { return params[i].Key < params[j].Key })
	steps := []string{"parameters by ascending key, values as they are sent, not URL-encoded:"}
	for _, p := range params {
		steps = append(steps, "  "+p.Key+"="+p.Value)
	}
	return append(steps,
		"then where the call goes, and the secret: org_loc="+path+" method=POST "+secretName+"=<"+called+">",
		"joined by &: "+string(midas.TextV1(params, path, secretName, secret)),
		"HMAC-SHA256 with the same secret as key, in lower-case hex:")
}

func runSignV2(ctx context.Context, cmd *cli.Command) error {
	cfg, body, err := signInput(cmd)
	if err != nil {
		return err
	}
	var named struct {
		OpenID string `json:"openid"`
		Env    int    `json:"env"`
	}
	if err := json.Unmarshal([]byte(body), &named); err != nil {
		return fmt.Errorf("the body is not JSON: %w", err)
	}
	path := cmd.String("path")
	key, name := appKeyFor(cfg, named.Env == 1)
	if key == "" {
		return noKey(name)
	}
	all := []signature{{"pay_sig", midas.PaySigV2(path, []byte(body), key), []string{
		fmt.Sprintf("the path, an &, and the body, byte by byte: %s&%s", path, body),
		"HMAC-SHA256 with " + name + " as key, in lower-case hex:",
	}}}
	session, err := sessionKey(ctx, cmd, cfg, named.OpenID)
	if err != nil {
		return err
	}
	if session == "" {
		fmt.Fprintln(cmd.Root().ErrWriter, "no signature: it takes a session key")
		return printSignatures(cmd, all)
	}
	return printSignatures(cmd, append(all, signature{"signature", midas.SignatureV2([]byte(body), session), []string{
		"the body, byte by byte: " + body, "HMAC-SHA256 with session_key, the base64 text itself, as key, in lower-case hex:",
	}}))
}

func signInput(cmd *cli.Command) (cfg plugin.Config, body string, err error) {
	if _, err = arguments(cmd); err != nil {
		return cfg, "", err
	}
	if cfg, err = readPart(cmd, "AppKey", "SandboxAppKey"); err != nil {
		return cfg, "", err
	}
	if p := cmd.String("path"); !strings.HasPrefix(p, "/") || strings.ContainsAny(p, "?# ") {
		return cfg, "", errors.New("--path is the path alone, as /cgi-bin/midas/pay, without host and query") // which may hold a token
	}
	body, err = readInput(cmd.String("body"), cmd.Root().Reader)
	return cfg, body, err
}

func noKey(name string) error {
	return fmt.Errorf("there is no %s: give it with --app-key-file, or a config that has it with --conf", name)
}

// appKeyFor is the AppKey of an environment, and its key in the config.
func appKeyFor(cfg plugin.Config, sandbox bool) (key midas.Secret, name string) {
	if sandbox {
		return cfg.SandboxAppKey, "SandboxAppKey"
	}
	return cfg.AppKey, "AppKey"
}

// errNotAnObject: V1's parameters are the fields of one JSON object.
var errNotAnObject = errors.New("the body is not one JSON object of texts and numbers")

// paramsOf reads the parameters of a V1 body, in the order they are in. Numbers are taken as they are written.
func paramsOf(body []byte) ([]midas.Param, error) {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNotAnObject
	}
	var params []midas.Param
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNotAnObject, err)
		}
		v, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNotAnObject, err)
		}
		if _, nested := v.(json.Delim); nested {
			return nil, fmt.Errorf("%w: %v is neither", errNotAnObject, key)
		}
		params = append(params, midas.Param{Key: fmt.Sprint(key), Value: fmt.Sprint(v)})
	}
	return params, nil
}

// without copies the parameters but for some.
func without(params []midas.Param, keys ...string) []midas.Param {
	left := make([]midas.Param, 0, len(params)+2)
next:
	for _, p := range params {
		for _, k := range keys {
			if p.Key == k {
				continue next
			}
		}
		left = append(left, p)
	}
	return left
}

func value(params []midas.Param, key string) string {
	for _, p := range params {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// encoded has the values as a URL has them.
func encoded(params []midas.Param) []midas.Param {
	all := without(params)
	for i := range all {
		all[i].Value = url.QueryEscape(all[i].Value)
	}
	return all
}
