package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
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
	// answer is the answer's body, and may have something behind it.
	answer []byte
}

// parseCapture reads a curl command with or without what it printed, or a request as it goes over the wire, with or
// without the answer behind it. No error says what it read: that may hold a token.
func parseCapture(text string) (capture, error) {
	trimmed := strings.TrimPrefix(strings.TrimSpace(text), "$ ")
	switch {
	case trimmed == "":
		return capture{}, errors.New("there is no request in it")
	case strings.HasPrefix(trimmed, "curl ") || strings.HasPrefix(trimmed, "curl\t"):
		command, printed := cutCommand(trimmed)
		c, err := parseCurl(command)
		if err == nil {
			c.hear(unmarked(printed))
		}
		return c, err
	case marks.MatchString(trimmed):
		return parseDump(unmarked(trimmed))
	default:
		return parseDump(text)
	}
}

// cutCommand cuts a text where a shell sees the end of the first command.
func cutCommand(text string) (command, rest string) {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b == '\\' && quote != '\'':
			if i++; strings.HasPrefix(text[i:], "\r\n") {
				i++
			}
		case b == quote:
			quote = 0
		case quote == 0 && (b == '\'' || b == '"'):
			quote = b
		case quote == 0 && b == '\n':
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// Options of curl's that take a value: one letter, and those that say nothing about what is signed.
const lettersWithValue = "AbcCdDeEFHKmoPQrtTuUwxXyYz"

var withValue = map[string]bool{
	"--header": true, "--output": true, "--user": true, "--user-agent": true, "--max-time": true, "--connect-timeout": true, "--proxy": true,
	"--referer": true, "--cookie": true, "--cookie-jar": true, "--write-out": true, "--cacert": true, "--cert": true, "--key": true,
	"--resolve": true, "--connect-to": true, "--retry": true, "--dump-header": true, "--stderr": true, "--trace": true, "--trace-ascii": true,
	"--interface": true, "--limit-rate": true, "--form": true,
}

var withBody = map[string]bool{"-d": true, "--data": true, "--data-raw": true, "--data-binary": true, "--data-ascii": true, "--json": true}

func parseCurl(line string) (capture, error) {
	words, err := shellwords.NewParser().Parse(strings.NewReplacer("\\\r\n", " ", "\\\n", " ").Replace(line))
	if err != nil {
		return capture{}, fmt.Errorf("read the curl line: %w", err)
	}
	c := capture{}
	var data []string
	address, inQuery := "", false
	for i := 1; i < len(words); i++ {
		option, inline, hasInline := words[i], "", false
		switch {
		case strings.HasPrefix(option, "--"):
			option, inline, hasInline = strings.Cut(option, "=")
		case strings.HasPrefix(option, "-"): // switches, and at most one that takes a value, at the end
			switches := option[1:]
			if at := strings.IndexAny(switches, lettersWithValue); at >= 0 {
				option, inline, switches = "-"+switches[at:at+1], switches[at+1:], switches[:at]
				hasInline = inline != ""
			}
			inQuery = inQuery || strings.Contains(switches, "G")
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
		case withBody[option]:
			var v string
			if v, err = next(); strings.HasPrefix(v, "@") && option != "--data-raw" {
				err = bodyInFile(v[1:])
			}
			data = append(data, v)
		case option == "--data-urlencode":
			var v string
			if v, err = next(); err == nil {
				v, err = urlEncoded(v)
			}
			data = append(data, v)
		case option == "--get":
			inQuery = true
		case option == "--url":
			address, err = next()
		case withValue[option], len(option) == 2 && strings.Contains(lettersWithValue, option[1:]):
			_, err = next()
		case strings.HasPrefix(option, "-"): // a switch
		default:
			address = words[i]
		}
		if err != nil {
			return c, err
		}
	}
	sent := strings.Join(data, "&")
	standard := http.MethodGet
	switch {
	case inQuery && data != nil:
		joint := "?"
		if strings.Contains(address, "?") {
			joint = "&"
		}
		address += joint + sent
	case data != nil:
		c.body, standard = []byte(sent), http.MethodPost
	}
	if c.method == "" {
		c.method = standard
	}
	return c, c.address(address)
}

func bodyInFile(name string) error {
	return fmt.Errorf("the body is in the file %s: put what is in it into the line", name)
}

// urlEncoded is what --data-urlencode makes of its value: "text", "=text" or "name=text".
func urlEncoded(v string) (string, error) {
	name, text, named := strings.Cut(v, "=")
	if !named {
		if _, file, there := strings.Cut(v, "@"); there {
			return "", bodyInFile(file)
		}
		name, text = "", v
	}
	text = strings.ReplaceAll(url.QueryEscape(text), "+", "%20")
	if name == "" {
		return text, nil
	}
	return name + "=" + text, nil
}

var methodForm = regexp.MustCompile(`^[A-Za-z]{1,20}$`)

func (c *capture) address(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Path == "" {
		return errors.New("the request has no URL that can be read")
	}
	if !methodForm.MatchString(c.method) {
		return errors.New("the request has no method that can be read")
	}
	c.url = u
	return nil
}

// marks are curl -v's before a request that it sends.
var marks = regexp.MustCompile(`(?m)^> [A-Z]+ \S+ HTTP/`)

// unmarked takes the marks off what curl -v printed, and leaves its own remarks and its meter out. What is not marked
// is a body, and Midas's are JSON objects.
func unmarked(text string) string {
	if !marks.MatchString(text) {
		return text
	}
	var b strings.Builder
	inBody, tunnel := false, false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		marked := strings.HasPrefix(line, ">") || strings.HasPrefix(line, "<")
		switch {
		case strings.HasPrefix(line, "> CONNECT "): // to a proxy, which answers it too
			tunnel = true
		case marks.MatchString(line):
			tunnel = false
		}
		switch {
		case tunnel || strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "{ [") || strings.HasPrefix(line, "} ["):
		case marked:
			inBody = false
			b.WriteString(strings.TrimPrefix(line[1:], " ") + "\n")
		case inBody || strings.HasPrefix(line, "{"):
			inBody = true
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// parseDump reads HTTP as tcpdump, mitmproxy or net/http/httputil show it. Line ends may have lost their CR, and what
// lies around the request may be indented.
func parseDump(text string) (capture, error) {
	head, body, _ := strings.Cut(strings.ReplaceAll(strings.TrimLeft(text, "\r\n\t "), "\r\n", "\n"), "\n\n")
	first, fields, _ := strings.Cut(head, "\n")
	words := strings.Fields(first)
	if len(words) < 2 || !strings.HasPrefix(words[1], "/") && !strings.Contains(words[1], "://") {
		return capture{}, errors.New("it begins neither with a curl command nor with an HTTP request, as POST /cgi-bin/midas/pay?… HTTP/1.1")
	}
	c := capture{method: words[0]}
	request := body
	if at := answerLine.FindStringIndex(body); at != nil {
		request = body[:at[0]]
		c.hear(body[at[0]:])
	}
	c.body = []byte(strings.TrimRight(request, "\n"))
	n, err := strconv.Atoi(field(fields, "Content-Length"))
	if err == nil && n > 0 && len(c.body) == 0 {
		return c, errors.New("the request's body is not in it; curl -v shows none: put the command in front of what it printed")
	}
	if err == nil && n > 0 && n <= len(request) {
		c.body = []byte(request[:n])
	}
	return c, c.address(words[1])
}

var answerLine = regexp.MustCompile(`(?m)^HTTP/[123](?:\.[01])? +([1-5])[0-9][0-9].*\n`)

// hear takes what was answered, which may be a body alone.
func (c *capture) hear(text string) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	for {
		at := answerLine.FindStringSubmatchIndex(text)
		if at == nil {
			break
		}
		interim := text[at[2]:at[3]] == "1" // as 100 Continue
		var head string
		head, text, _ = strings.Cut(text[at[1]-1:], "\n\n")
		if !interim {
			c.date, _ = http.ParseTime(field(head, "Date"))
			break
		}
	}
	if at := strings.IndexByte(text, '{'); at >= 0 { // whatever it is sent in, chunks too
		c.answer = []byte(text[at:])
	}
}

// errcode is what Midas answered; ok is false if that was not captured.
func (c *capture) errcode() (code int, text string, ok bool) {
	var a struct {
		Code *int   `json:"errcode"`
		Text string `json:"errmsg"`
	}
	// A decoder, as curl may go on in the line that the answer ends in.
	if json.NewDecoder(bytes.NewReader(c.answer)).Decode(&a) != nil || a.Code == nil {
		return 0, "", false
	}
	return *a.Code, a.Text, true
}

// field is a header's value: "" if it is not there.
func field(head, name string) string {
	for line := range strings.Lines(head) {
		if key, v, _ := strings.Cut(line, ":"); strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
