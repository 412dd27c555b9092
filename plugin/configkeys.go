package plugin

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// look takes the keys out of a section that the struct it is for does not have, at every depth, and tells them. It
// notes what is given as zero: decoded, that is as if it were not there.
func (c *Config) look(section map[string]any, t reflect.Type, path string) {
	for key, value := range section {
		field, known := t.FieldByName(key)
		if !known || !field.IsExported() {
			c.faults = append(c.faults, Fault{path + key, unknownKey(key, t, path)})
			delete(section, key)
			continue
		}
		if isZero(value, field.Type) {
			c.zeros[path+key] = true
		}
		switch inner := value.(type) {
		case map[string]any:
			if field.Type.Kind() == reflect.Struct {
				c.look(inner, field.Type, path+key+".")
			}
		case []any:
			if field.Type.Kind() != reflect.Slice || field.Type.Elem().Kind() != reflect.Struct {
				continue
			}
			for i, one := range inner {
				if object, ok := one.(map[string]any); ok {
					c.look(object, field.Type.Elem(), fmt.Sprintf("%s%s[%d].", path, key, i))
				}
			}
		}
	}
}

// isZero tells whether a value of the text is the zero of a number or of a duration.
func isZero(value any, t reflect.Type) bool {
	switch v := value.(type) {
	case json.Number:
		f, err := v.Float64()
		return err == nil && f == 0
	case string:
		d, err := time.ParseDuration(v)
		return t == reflect.TypeFor[time.Duration]() && err == nil && d == 0
	default:
		return false
	}
}

// unknownKey names the key that was probably meant, or else those there are.
func unknownKey(key string, t reflect.Type, path string) string {
	here := keysOf(t)
	for _, k := range here {
		if plainKey(k) == plainKey(key) {
			return fmt.Sprintf("is not a key; %q is", k)
		}
	}
	if near, found := nearest(key, here); found {
		return fmt.Sprintf("is not a key; did you mean %q?", near)
	}
	for _, place := range slices.Sorted(maps.Keys(everywhere)) {
		if place == path {
			continue
		}
		for _, k := range everywhere[place] {
			if plainKey(k) == plainKey(key) {
				return fmt.Sprintf("is not a key here; did you mean %q?", place+k)
			}
		}
	}
	return "is not a key; there are " + strings.Join(here, ", ")
}

// everywhere has the keys of the config and of its sections, by what stands before them.
var everywhere = func() map[string][]string {
	t := reflect.TypeFor[Config]()
	all := map[string][]string{"": keysOf(t)}
	for f := range t.Fields() {
		if f.IsExported() && f.Type.Kind() == reflect.Struct {
			all[f.Name+"."] = keysOf(f.Type)
		}
	}
	return all
}()

func keysOf(t reflect.Type) (keys []string) {
	for f := range t.Fields() {
		if f.IsExported() {
			keys = append(keys, f.Name)
		}
	}
	return keys
}

// plainKey is a key without what other styles write differently: app_id, appId and AppID are one.
func plainKey(key string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(key))
}

// nearest is the text that a slip of the fingers makes of another: at most a third of its characters, and not more than
// 3, are others.
func nearest(text string, among []string) (near string, found bool) {
	best := min(max(len([]rune(plainKey(text)))/3, 1), 3) + 1
	for _, candidate := range among {
		if n := distance([]rune(plainKey(text)), []rune(plainKey(candidate))); n < best {
			near, best, found = candidate, n, true
		}
	}
	return near, found
}

// distance is how many characters have to be put in, left out, replaced or swapped with the next to make b of a.
func distance(a, b []rune) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j+1]+1, next[j]+1, row[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

// didYouMean is what follows a value that is none of those allowed: the one that was probably meant, if any.
func didYouMean(value string, allowed []string) string {
	if near, found := nearest(value, allowed); found {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// platforms are those on which WeChat sells (§3.9), as pf has them.
var platforms = []string{"android", "ios", "windows", "mac", "ohos"}

// checkPlatform says what is wrong with a platform; "" nothing.
func checkPlatform(platform string) string {
	if slices.Contains(platforms, platform) {
		return ""
	}
	return fmt.Sprintf("%q is none of %s%s", platform, strings.Join(platforms, ", "), didYouMean(platform, platforms))
}
