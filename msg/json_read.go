package msg

import (
	"encoding/json"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/encoding/protowire"
)

// value is a piece of JSON that is known to be valid.
type value = gjson.Result

// Places that are no field's.
const (
	unknownField = -1
	notAnObject  = -2
)

// unmarshalJSON reads data into m, whose earlier content is lost. It never fails: see Fault for what it could not read.
//
// Names are matched exactly, as payment.proto spells them; a field of any other name, camelCase included, is ignored.
// Of two fields with one name the last counts. null is the same as leaving a field out. An integer is digits with an
// optional minus: 1.0 and 1e3 are faults, because a rule that a reader can apply by eye is worth more than the
// leniency, and no client writes them for a count of coins.
func unmarshalJSON(m fields, data []byte) {
	m.Reset()
	at, ok := notAnObject, false
	if gjson.ValidBytes(data) {
		at, ok = readFields(m, gjson.ParseBytes(data))
	}
	if ok {
		return
	}
	r := m.ProtoReflect()
	var number uint64
	if at != notAnObject {
		number = uint64(r.Descriptor().Fields().Get(at).Number())
	}
	r.SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, faultField, protowire.VarintType), number))
}

// readFields sets every field of m that from has and that can be read. If not all could, ok is false and at is the
// place of the first that could not, in the order of the schema.
func readFields(m fields, from value) (at int, ok bool) {
	if from.Type == gjson.Null {
		return 0, true
	}
	if !from.IsObject() {
		return notAnObject, false
	}
	var faults uint64 // a bit for each field
	from.ForEach(func(name, v value) bool {
		at, ok := m.read(name.Str, v)
		switch {
		case at == unknownField:
		case ok:
			faults &^= 1 << at
		default:
			faults |= 1 << at
		}
		return true
	})
	return bits.TrailingZeros64(faults), faults == 0
}

func readText(from value, to *string) bool {
	*to = ""
	switch {
	case from.Type == gjson.Null:
		return true
	case from.Type != gjson.String:
		return false
	case strings.IndexByte(from.Raw, '\\') < 0 && utf8.ValidString(from.Raw):
		*to = from.Raw[1 : len(from.Raw)-1]
		return true
	default: // halves of surrogates, and bytes that are no UTF-8, become what encoding/json makes of them
		return json.Unmarshal([]byte(from.Raw), to) == nil
	}
}

func readTruth(from value, to *bool) bool {
	*to = from.Type == gjson.True
	return *to || from.Type == gjson.False || from.Type == gjson.Null
}

func readEnum[E ~int32](from value, to *E) bool {
	*to = 0
	if from.Type == gjson.Null {
		return true
	}
	n, err := strconv.ParseInt(from.Raw, 10, 32)
	if err == nil {
		*to = E(n)
	}
	return err == nil
}

func readInteger(from value, to *int64) bool {
	*to = 0
	if from.Type == gjson.Null {
		return true
	}
	n, err := strconv.ParseInt(from.Raw, 10, 64)
	if err != nil || n < -MaxInt || n > MaxInt {
		return false
	}
	*to = n
	return true
}

func readObject[M any, P interface {
	*M
	fields
}](from value, to **M,
) bool {
	*to = nil
	if from.Type == gjson.Null {
		return true
	}
	one := new(M)
	if _, ok := readFields(P(one), from); !ok {
		return false
	}
	*to = one
	return true
}

func readList[M any, P interface {
	*M
	fields
}](from value, to *[]*M,
) bool {
	*to = nil
	if from.Type == gjson.Null {
		return true
	}
	if !from.IsArray() {
		return false
	}
	var all []*M
	ok := true
	from.ForEach(func(_, element value) bool {
		one := new(M)
		_, ok = readFields(P(one), element)
		all = append(all, one)
		return ok
	})
	if ok {
		*to = all
	}
	return ok
}
