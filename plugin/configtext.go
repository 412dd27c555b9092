package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ConfigText makes the text of a config file fit for json.Unmarshal: a byte order mark, which editors of Windows begin
// a file with, is dropped. The error says in words what JSON's decoder tells as an odd character: a comment, another
// encoding, the same section twice.
func ConfigText(text []byte) ([]byte, error) {
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return nil, errors.New("the config is in UTF-16; save it as UTF-8")
	}
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	err := json.Unmarshal(text, new(any))
	if wrong, ok := errors.AsType[*json.SyntaxError](err); ok {
		line, rest := 1, ""
		if at := min(max(wrong.Offset-1, 0), int64(len(text))); at >= 0 {
			line, rest = 1+bytes.Count(text[:at], []byte("\n")), string(text[at:])
		}
		if strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "#") {
			return nil, fmt.Errorf("line %d has a comment; JSON has none: take it out", line)
		}
		return nil, fmt.Errorf("line %d: %w", line, err)
	}
	if err != nil {
		return nil, err
	}
	for _, key := range repeated(text) {
		return nil, fmt.Errorf("it has %s twice; keep one", key)
	}
	return text, nil
}

// repeated lists the keys, with their paths, that an object of a JSON text has more than once.
func repeated(text []byte) (keys []string) {
	tokens := json.NewDecoder(bytes.NewReader(text))
	type level struct {
		seen  map[string]bool // nil: a list
		path  string
		index int
		key   string // whose value comes next; empty: a key comes next
	}
	var open []*level
	at := func() string {
		if len(open) == 0 {
			return ""
		}
		l := open[len(open)-1]
		if l.seen == nil {
			return fmt.Sprintf("%s[%d]", l.path, l.index)
		}
		return strings.TrimPrefix(l.path+"."+l.key, ".")
	}
	ended := func() { // a value
		if len(open) > 0 {
			l := open[len(open)-1]
			l.index, l.key = l.index+1, ""
		}
	}
	inKey := false
	for {
		token, err := tokens.Token()
		if err != nil {
			return keys
		}
		switch t := token.(type) {
		case json.Delim:
			switch t {
			case '{':
				open, inKey = append(open, &level{seen: map[string]bool{}, path: at()}), true
				continue
			case '[':
				open, inKey = append(open, &level{path: at()}), false
				continue
			}
			open = open[:len(open)-1]
		case string:
			if inKey {
				l := open[len(open)-1]
				l.key = t
				if l.seen[t] {
					keys = append(keys, at())
				}
				l.seen[t], inKey = true, false
				continue
			}
		}
		ended()
		inKey = len(open) > 0 && open[len(open)-1].seen != nil
	}
}
