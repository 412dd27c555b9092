package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mattn/go-shellwords"
)

// capture is a request that somebody has sent to Midas.
type capture struct {
	method string
	url    *url.URL
	body   []byte
	// date is the server's clock when it answered; zero: the answer was not captured.
	date time.Time
	// answer is the answer's body.
	answer []byte
}

// parseCapture reads a curl line, or a request as it goes over the wire, with or without the answer behind it.
func parseCapture(text string) (capture, error) {
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
		return capture{}, errors.New("there is no request in it")
	case strings.HasPrefix(trimmed, "curl ") || strings.HasPrefix(trimmed, "curl\t") || strings.HasPrefix(trimmed, "$ curl "):
		return parseCurl(strings.TrimPrefix(trimmed, "$ "))
	default:
		return parseDump(text)
	}
}

// withValue are curl's options that take a value and say nothing about what is signed.
var withValue = map[string]bool{
	"-H": true, "--header": true, "-o": true, "--output": true, "-u": true, "--user": true, "-A": true, "--user-agent": true, "-m": true,
	"--max-time": true, "--connect-timeout": true, "-x": true, "--proxy": true, "-e": true, "--referer": true, "-b": true, "--cookie": true,
	"-w": true, "--write-out": true, "--cacert": true, "--resolve": true, "--retry": true,
}

func parseCurl(line string) (capture, error) {
	p := shellwords.NewParser()
	words, err := p.Parse(strings.NewReplacer("\\\r\n", " ", "\\\n", " ").Replace(line))
	if err != nil {
		return capture{}, fmt.Errorf("read the curl line: %w", err)
	}
	c := capture{}
	var data []string
	address := ""
	for i := 1; i < len(words); i++ {
		option, inline, hasInline := strings.Cut(words[i], "=")
		if !strings.HasPrefix(words[i], "--") {
			option, hasInline = words[i], false
			if len(option) > 2 && strings.HasPrefix(option, "-") && (option[1] == 'd' || option[1] == 'X') {
				option, inline, hasInline = option[:2], option[2:], true
			}
		}
		next := func() (string, error) {
			if hasInline {
				return inline, nil
			}
			if i++; i >= len(words) {
				return "", fmt.Errorf("read the curl line: %s has no value", option)
			}
			return words[i], nil
		}
		switch {
		case option == "-X" || option == "--request":
			c.method, err = next()
		case option == "-d" || option == "--data" || option == "--data-raw" || option == "--data-binary" || option == "--data-ascii" || option == "--json":
			var v string
			if v, err = next(); strings.HasPrefix(v, "@") && option != "--data-raw" {
				err = fmt.Errorf("the body is in the file %s: put it into the line in place of %s", v[1:], v)
			}
			data = append(data, v)
		case option == "--url":
			address, err = next()
		case withValue[option]:
			_, err = next()
		case strings.HasPrefix(option, "-"): // a switch
		default:
			address = words[i]
		}
		if err != nil {
			return c, err
		}
	}
	c.body = []byte(strings.Join(data, "&"))
	if c.method == "" {
		if c.method = http.MethodGet; data != nil {
			c.method = http.MethodPost
		}
	}
	return c, c.address(address)
}

func (c *capture) address(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Path == "" {
		return errors.New("the request has no URL that can be read") // whose text may hold a token
	}
	c.url = u
	return nil
}

// parseDump reads HTTP/1.1 as tcpdump, mitmproxy or net/http/httputil show it. Line ends may have lost their CR, and what
// lies around the request may be indented.
func parseDump(text string) (capture, error) {
	head, body, _ := strings.Cut(strings.ReplaceAll(strings.TrimLeft(text, "\r\n\t "), "\r\n", "\n"), "\n\n")
	first, _, _ := strings.Cut(head, "\n")
	words := strings.Fields(first)
	if len(words) < 2 || !strings.HasPrefix(words[1], "/") && !strings.Contains(words[1], "://") {
		return capture{}, fmt.Errorf("neither a curl line nor an HTTP request: it begins with %q", clip(first))
	}
	c := capture{method: words[0]}
	request, rest, answered := strings.Cut(body, "\nHTTP/1.")
	c.body = []byte(strings.TrimRight(request, "\n"))
	if r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n"))); err == nil {
		if n := r.ContentLength; n > 0 && int(n) <= len(request) {
			c.body = []byte(request[:n])
		}
	}
	if answered {
		r, err := http.ReadResponse(bufio.NewReader(strings.NewReader("HTTP/1."+restoreCR(rest))), nil)
		if err == nil {
			c.date, _ = http.ParseTime(r.Header.Get("Date"))
			c.answer, _ = io.ReadAll(r.Body) // as much of it as was captured
			c.answer = bytes.TrimSpace(c.answer)
			_ = r.Body.Close()
		}
	}
	return c, c.address(words[1])
}

// restoreCR puts the line ends of a head back.
func restoreCR(text string) string {
	head, body, _ := strings.Cut(text, "\n\n")
	return strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
