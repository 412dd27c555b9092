package midas

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"
)

// maxReply bounds a reply, in bytes. Real ones have a few hundred.
const maxReply = 64 << 10

// Client performs the calls of [API]. It is safe for concurrent use. Make one with New and Close it.
type Client struct {
	cfg    Config
	tokens TokenSource
	own    *stableTokens // nil if tokens came with the config
	lines  *lines
	doors  *doors
	*troubles
	dead atomic.Pointer[Secret] // the last token that the log was told is dead
}

var _ API = (*Client)(nil)

// New makes a client. It connects to nothing yet.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.resolved()
	if err != nil {
		return nil, err
	}
	c := &Client{
		cfg: cfg, tokens: cfg.Tokens, lines: newLines(cfg.Transport, cfg.Timeout), doors: newDoors(append([]string{cfg.BaseURL}, cfg.OtherURLs...), cfg.Logger),
		troubles: newTroubles(cfg.Logger),
	}
	if c.tokens == nil {
		c.own = newStableTokens(c)
		c.tokens = c.own
	}
	return c, nil
}

// Close waits for a token that is being fetched and drops idle connections.
func (c *Client) Close() {
	if c.own != nil {
		c.own.close()
	}
	c.lines.close()
}

// exchange sends one request and reads its reply; target is the path with its query, and a nil body makes a GET. Every
// way it can fail is told apart here, and none shows the URL: it holds the access token, or the AppSecret. ctx bounds
// the call, and is looked at directly before sending.
func (c *Client) exchange(ctx context.Context, e Endpoint, billNo, target string, body []byte) ([]byte, error) {
	transport, used := c.lines.pick()
	door, base := c.doors.pick(e == EndpointBalance || e == EndpointQuery || e == EndpointToken)
	began := time.Now()
	text, err := c.overLine(ctx, transport, e, billNo, base+target, body)
	if failed, known := lineFailed(ctx, err, text); known {
		left := c.doors.ended(door, failed)
		if call, ok := errors.AsType[*CallError](err); ok {
			call.left = left
		}
	} else {
		c.doors.unknown(door)
	}
	if err != nil && goneSilent(ctx, err, time.Since(began), c.cfg.Timeout) {
		c.lines.silent(used)
	}
	return text, err
}

func (c *Client) overLine(ctx context.Context, t http.RoundTripper, e Endpoint, billNo, target string, body []byte) ([]byte, error) {
	fail := func(kind error, status int, cause error) error {
		return &CallError{Endpoint: e, BillNo: billNo, Kind: kind, Status: status, Err: cause}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := &sending{ctx: ctx, stop: cancel}
	r, err := out.request(target, body)
	if err != nil {
		return nil, fail(ErrRefusedHere, 0, errors.New("no such URL"))
	}
	if _, traces := t.(*line); body == nil && !traces {
		out.state.Store(maybeSent) // it has no body to be read, and who knows what it does
	}
	if out.passed() {
		kind, cause := out.failure(nil)
		return nil, fail(kind, 0, cause)
	}
	// Not by an http.Client, which would follow a redirect and carry the access token to wherever it points, and which
	// copies every header to be ready for that.
	resp, err := t.RoundTrip(r)
	if err != nil {
		kind, cause := out.failure(err)
		return nil, fail(kind, 0, cause)
	}
	defer resp.Body.Close()
	text, err := readReply(resp)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fail(ErrTruncatedReply, resp.StatusCode, nil)
	case err != nil:
		out.state.Store(maybeSent) // it was answered
		kind, cause := out.failure(err)
		return nil, fail(kind, resp.StatusCode, cause)
	case len(text) > maxReply:
		return nil, fail(ErrReplyTooLarge, resp.StatusCode, nil)
	case resp.StatusCode != http.StatusOK:
		return nil, fail(ErrHTTPStatus, resp.StatusCode, nil)
	}
	return text, nil
}

// transportFailure tells why no reply came in words of the transport.
func transportFailure(err error) (kind, cause error) {
	if inURL, ok := errors.AsType[*url.Error](err); ok {
		err = inURL.Err
	}
	if wait, ok := errors.AsType[net.Error](err); ok && wait.Timeout() {
		return ErrTimeout, nil
	}
	return ErrConnection, withoutUserinfo(err)
}

// userinfo is the name and password in a URL, as an error of a proxy's may show it.
var userinfo = regexp.MustCompile(`//[^/@\s"]*@`)

// withoutUserinfo hides the password of a proxy. It keeps an error that shows none as it is.
func withoutUserinfo(err error) error {
	if text := err.Error(); userinfo.MatchString(text) {
		return errors.New(userinfo.ReplaceAllString(text, "//***@"))
	}
	return err
}

// bounded gives a call its own end, which is told apart from the caller's.
func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, c.cfg.Timeout, ErrTimeout)
}

// jsonBody is the header of every such request. A http.RoundTripper does not change it.
var jsonBody = http.Header{"Content-Type": {"application/json"}}

// withToken makes a call with the access token, and once more with a new one if the token turns out to be dead. The
// token is checked before anything else (§1.8), so the first call did nothing.
func (c *Client) withToken(ctx context.Context, e Endpoint, billNo string, call func(ctx context.Context, token Secret) error) error {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	err := c.tried(ctx, e, billNo, call)
	c.note(e, err)
	return err
}

func (c *Client) tried(ctx context.Context, e Endpoint, billNo string, call func(ctx context.Context, token Secret) error) error {
	without := func(err error) error {
		return &CallError{Endpoint: e, BillNo: billNo, Kind: ErrNotSent, Err: &noToken{err}}
	}
	token, err := c.tokens.Token(ctx)
	if err != nil {
		return without(err)
	}
	err = call(ctx, token)
	if !errors.Is(err, ErrBadToken) {
		return err
	}
	dead := token
	if told := c.dead.Swap(&dead); told == nil || *told != dead { // once for all the calls that meet it
		c.cfg.Logger.Info("midas: access token is dead, fetching another", "endpoint", e, "error", err)
	}
	if token, err = c.tokens.Replace(ctx, dead); err != nil {
		return without(err)
	}
	return call(ctx, token)
}

// readReply reads a reply, or one byte more than it may have; at once where it says how long it is.
func readReply(resp *http.Response) ([]byte, error) {
	if n := resp.ContentLength; n > 0 && n <= maxReply {
		body := make([]byte, n)
		_, err := io.ReadFull(resp.Body, body)
		return body, err
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
}
