package midas

import (
	"context"
	"errors"
	"net/url"
)

// Code2Session exchanges a wx.login code for an openid and a session key (§4.1). Errors: ErrBadCode (wrong, used, or
// older than 5 minutes), ErrRateLimited (100 a minute for one user), ErrUserBlocked. The code is used up by an answer;
// after an error without one the client had better make a new code.
func (c *Client) Code2Session(ctx context.Context, code string) (Session, error) {
	if code == "" {
		return Session{}, &CallError{Endpoint: EndpointLogin, Kind: ErrRefusedHere, Err: errors.New("no code")}
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	session, err := c.code2Session(ctx, code)
	c.note(EndpointLogin, err)
	return session, err
}

func (c *Client) code2Session(ctx context.Context, code string) (Session, error) {
	q := url.Values{
		"appid": {c.cfg.AppID}, "secret": {c.cfg.AppSecret.Reveal()}, "js_code": {code}, "grant_type": {"authorization_code"},
	}
	text, err := c.exchange(ctx, EndpointLogin, "", "/sns/jscode2session?"+q.Encode(), nil)
	if err != nil {
		return Session{}, err
	}
	var reply struct {
		status
		OpenID     string `json:"openid"`
		SessionKey string `json:"session_key"`
		UnionID    note   `json:"unionid"`
	}
	if err := decode(EndpointLogin, "", text, &reply, &reply.status, c.cfg.AppSecret, Secret(code)); err != nil {
		return Session{}, err
	}
	if reply.OpenID == "" || reply.SessionKey == "" {
		return Session{}, &CallError{Endpoint: EndpointLogin, Kind: ErrBadReply, Err: errors.New("no openid or no session key")}
	}
	return Session{OpenID: reply.OpenID, SessionKey: Secret(reply.SessionKey), UnionID: string(reply.UnionID)}, nil
}
