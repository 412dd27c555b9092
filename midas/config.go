package midas

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// OfficialURL is where Midas is (§5).
const OfficialURL = "https://api.weixin.qq.com"

// standardTimeout bounds a call where Config.Timeout is zero.
const standardTimeout = 3 * time.Second

// Config says which mini game a [Client] speaks for, and where to.
type Config struct {
	// BaseURL is scheme and host. Zero value: OfficialURL.
	BaseURL string
	// OtherURLs are further domains by which the same Midas is reached (§3.9, P12), in order of preference. After three
	// failures of the line in a row calls go to the next one, and back to the first once it answers. Zero value: none.
	OtherURLs []string
	// AppID and AppSecret are the mini game's. Required.
	AppID     string
	AppSecret Secret
	// OfferID is the id given by Midas. Required.
	OfferID string
	// AppKey is Midas's key of the environment in use. Required.
	AppKey Secret
	// V2 speaks protocol V2, /wxa/game/… (§3). Zero value: V1.
	V2 bool
	// Sandbox makes calls go to /cgi-bin/midas/sandbox/…, or V2's carry env 1. Zero value: production.
	Sandbox bool
	// NoMPSig leaves V1's mp_sig out, as Midas has allowed since 2020 (§2.1). Zero value: it is sent.
	NoMPSig bool
	// SignOptional sends and signs user_ip, pay_item and app_remark. Zero value: they are not sent (§1.7, field reports).
	SignOptional bool
	// Platform is pf. Zero value: "android".
	Platform string
	// Timeout bounds a whole call, with a token fetched and a repeat if need be. Zero value: 3 s.
	Timeout time.Duration
	// Tokens yields the access token. nil: fetched through stable_token by the client itself.
	Tokens TokenSource
	// TokenStore shares the token with other servers, where the client fetches it itself. nil: it is this client's alone.
	TokenStore TokenStore
	// Transport carries the calls. nil: one that keeps connections alive and bounds every stage by Timeout. An
	// *http.Transport is copied, so that connections which no longer answer can be left for new ones, and its zero HTTP2
	// timeouts are set.
	Transport http.RoundTripper
	// Logger is told of tokens that were replaced. nil: slog.Default().
	Logger *slog.Logger
}

// resolved returns the config with defaults in place, or everything that is wrong with it.
func (c Config) resolved() (Config, error) {
	var faults []error
	need := func(name string, there bool) {
		if !there {
			faults = append(faults, fmt.Errorf("midas: Config.%s is missing", name))
		}
	}
	need("AppID", c.AppID != "")
	need("AppSecret", c.AppSecret != "" || c.Tokens != nil)
	need("OfferID", c.OfferID != "")
	need("AppKey", c.AppKey != "")
	if c.BaseURL == "" {
		c.BaseURL = OfficialURL
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		faults = append(faults, errors.New("midas: Config.BaseURL is not of the form https://host"))
	}
	c.OtherURLs = slices.Clone(c.OtherURLs)
	for i, other := range c.OtherURLs {
		c.OtherURLs[i] = strings.TrimRight(other, "/")
		if u, err := url.Parse(other); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			faults = append(faults, fmt.Errorf("midas: Config.OtherURLs[%d] is not of the form https://host", i))
		}
	}
	if c.Timeout < 0 {
		faults = append(faults, errors.New("midas: Config.Timeout is negative"))
	}
	if c.Timeout == 0 {
		c.Timeout = standardTimeout
	}
	if c.Platform == "" {
		c.Platform = "android"
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Transport == nil {
		c.Transport = newTransport(c.Timeout)
	}
	return c, errors.Join(faults...)
}
