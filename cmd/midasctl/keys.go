package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/leafmidas/leafmidas/midas"
	"github.com/leafmidas/leafmidas/plugin"
)

// calls make one harmless signed call in each environment that the config has a key for.
func (d *doctor) calls(ctx context.Context) {
	invented := d.player.OpenID == ""
	if invented {
		d.player.OpenID = "leafmidas-doctor-asks"
	}
	if d.player.SessionKey == "" {
		invented = true
		d.player.SessionKey = "bGVhZm1pZGFzIGRvY3Rvcg==" // nobody's
	}
	token := false
	for _, env := range []string{"production", "sandbox"} {
		key, name := appKeyFor(d.cfg, env == "sandbox")
		if key == "" {
			continue
		}
		err := d.probe(ctx, env, key, nil)
		if aboutToken(err) {
			d.sayToken(err)
			return
		}
		if !token {
			token = true
			d.ok("access token", "WeChat gives one")
		}
		d.sayKey(ctx, env, key, name, err, invented)
	}
}

// aboutToken tells whether a call was not made for want of an access token.
func aboutToken(err error) bool {
	var call *midas.CallError
	var said *midas.Error
	for errors.As(err, &call) {
		if call.Endpoint == midas.EndpointToken {
			return true
		}
		err = call.Err
	}
	return errors.As(err, &said) && said.Endpoint == midas.EndpointToken
}

func (d *doctor) sayToken(err error) {
	switch {
	case errors.Is(err, midas.ErrBadSecret):
		d.wrong("access token", "correct Midas.AppSecret; it is the mini game's, from the WeChat console", "%v", err)
	default:
		d.wrong("access token", adviceOf(err), "%v", err)
	}
}

// probe asks for a balance with one thing changed in the config; nil: nothing.
func (d *doctor) probe(ctx context.Context, env string, key midas.Secret, change func(*plugin.Config)) error {
	cfg := d.cfg
	cfg.Env, cfg.AppKey, cfg.SandboxAppKey = env, key, key
	if change != nil {
		change(&cfg)
	}
	client, err := cfg.Client(slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	_, err = client.Balance(ctx, d.player)
	return err
}

func omitOptional(c *plugin.Config) { c.OptionalParams = "omit" }
func omitMPSig(c *plugin.Config)    { c.MPSig = new(bool) }

// badSignature: Midas found that what the AppKey signs does not fit.
func badSignature(err error) bool { return errors.Is(err, midas.ErrBadSig) }

// badPlayer: Midas did not like the player's signature, and looks at the AppKey's only after it (§1.8).
func badPlayer(err error) bool {
	return errors.Is(err, midas.ErrBadMPSig) || errors.Is(err, midas.ErrSessionExpired)
}

// taken: Midas looked at the AppKey's signature, and found that it fits. Of a balance it says no only before that, but
// in V1 where it does not like a value (§1.8). Silence, a gateway's answer and the rest prove nothing.
func (d *doctor) taken(err error) bool {
	return err == nil || d.cfg.Protocol == "v1" && errors.Is(err, midas.ErrBadParameter)
}

// sayKey judges by Midas's answer whether the key is right, and where it is not, what else is.
func (d *doctor) sayKey(ctx context.Context, env string, key midas.Secret, name string, err error, invented bool) {
	v1 := d.cfg.Protocol == "v1"
	if (badSignature(err) || badPlayer(err)) && v1 && d.cfg.OptionalParams == "sign" {
		switch without := d.probe(ctx, env, key, omitOptional); {
		case d.taken(without):
			d.wrong("OptionalParams", `set Midas.OptionalParams to "omit"`,
				"%s refuses signatures over user_ip, pay_item and app_remark, and takes them without", env)
			return
		case !badSignature(without) && !badPlayer(without):
			tell := d.unknown // the player's signature may be stale
			if badSignature(err) {
				tell = d.wrong
			}
			tell(name, "try again", "%s refuses the signature, and whether it takes one without user_ip, pay_item and app_remark could not be tried: %v", env, without)
			return
		}
	}
	var change func(*plugin.Config)
	if badPlayer(err) {
		if !invented {
			d.unknown("session key", "have the player log in", "%s does not take the player's any more", env)
		}
		if v1 { // which Midas takes without the player's signature since 2020 (§2.1)
			change = omitMPSig
			err = d.probe(ctx, env, key, change)
		}
	}
	other, elsewhere := "sandbox", "SandboxAppKey"
	if env == "sandbox" {
		other, elsewhere = "production", "AppKey"
	}
	switch {
	case badSignature(err):
		const compare = "compare it with the one in Midas's console, letter by letter"
		switch there := d.probe(ctx, other, key, change); {
		case d.taken(there):
			d.wrong(name, fmt.Sprintf("Midas.%s has to be the key of %s; this one belongs into Midas.%s", name, env, elsewhere), "it is the key of %s", other)
		case badSignature(there):
			d.wrong(name, compare, "Midas refuses the signature, and takes it in no other environment: %v", err)
		default:
			d.wrong(name, compare+", or try again", "Midas refuses the signature, and whether it is the key of %s could not be tried: %v", other, there)
		}
	case err == nil:
		d.ok(name, "a signed call in %s was answered", env)
	case badPlayer(err), errors.Is(err, midas.ErrParameterMissing) && v1:
		d.unknown(name, "use --player with somebody who has logged in lately",
			"%s refused the call for want of a session before it looked at the key", env)
	case errors.Is(err, midas.ErrBadOpenID) && invented:
		d.unknown(name, "use --player with somebody who has logged in lately", "%s does not know the invented player that was asked for", env)
	default:
		d.wrong(name, adviceOf(err), "%s: %v", env, err)
	}
}

// adviceOf tells what to do about an error.
func adviceOf(err error) string {
	if said, ok := errors.AsType[*midas.Error](err); ok {
		return said.Advice()
	}
	return "see that this machine reaches Midas, and try again"
}
