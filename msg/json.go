package msg

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaxInt bounds every integer that travels, in both directions: 2^53-1, the largest that a JavaScript client holds
// exactly. The smallest is -MaxInt.
const MaxInt = 1<<53 - 1

// faultField is where a message remembers what could not be read of it: an unknown field of its protobuf form, which
// payment.proto reserves. Its value is the number of the field at fault, or 0 for the message as a whole.
const faultField protowire.Number = 1000

// Fault says what was wrong with the JSON that m was read from, in words for the client's developer. It is empty if
// all was well.
//
// Leaf closes the connection when a message cannot be read. Ours are always read: a field of the wrong type stays zero
// and is remembered, while the other fields, request_id above all, tell whom to answer. Whoever handles a message looks
// here first and refuses it with INVALID_ARGUMENT.
//
// A protobuf client can send the remembered field itself, and has nothing but its own request refused. The words are
// never the client's.
func Fault(m proto.Message) string {
	unknown := m.ProtoReflect().GetUnknown()
	for len(unknown) > 0 {
		num, typ, n := protowire.ConsumeTag(unknown)
		if n < 0 {
			return ""
		}
		unknown = unknown[n:]
		size := protowire.ConsumeFieldValue(num, typ, unknown)
		if size < 0 {
			return ""
		}
		if num == faultField {
			// Of another wire type it is not a number of ours: 0, the message as a whole.
			var at uint64
			if typ == protowire.VarintType {
				at, _ = protowire.ConsumeVarint(unknown)
			}
			return faultText(m.ProtoReflect().Descriptor(), at)
		}
		unknown = unknown[size:]
	}
	return ""
}

func faultText(md protoreflect.MessageDescriptor, at uint64) string {
	var fd protoreflect.FieldDescriptor
	if at > 0 && at <= uint64(protowire.MaxValidNumber) {
		fd = md.Fields().ByNumber(protoreflect.FieldNumber(at))
	}
	if fd == nil {
		return string(md.Name()) + " is not a JSON object"
	}
	return string(fd.Name()) + " is not " + wanted(fd)
}

func wanted(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.IsList():
		return "an array of well-formed objects"
	case fd.Kind() == protoreflect.MessageKind:
		return "a well-formed object"
	case fd.Kind() == protoreflect.StringKind:
		return "a string"
	case fd.Kind() == protoreflect.BoolKind:
		return "true or false"
	case fd.Kind() == protoreflect.EnumKind:
		return "an enum's number"
	default:
		return "a whole number, written without fraction or exponent, of at most 2^53-1"
	}
}

// unmarshalJSON reads data into m, whose earlier content is lost. It never fails: see Fault for what it could not read.
//
// Names are matched exactly, as payment.proto spells them; a field of any other name, camelCase included, is ignored. Of
// two fields with one name the last counts. null is the same as leaving a field out. An integer is digits with an
// optional minus: 1.0 and 1e3 are faults, because a rule that a reader can apply by eye is worth more than the
// leniency, and no client writes them for a count of coins.
func unmarshalJSON(m proto.Message, data []byte) {
	proto.Reset(m)
	r := m.ProtoReflect()
	if at, ok := readObject(r, data); !ok {
		r.SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, faultField, protowire.VarintType), at))
	}
}

// readObject sets every field of m that data has and that can be read. If not all could, ok is false and at is the
// number of the first that could not, in the order of the schema; 0 if data is no object at all.
func readObject(m protoreflect.Message, data []byte) (at uint64, ok bool) {
	var values map[protoreflect.Name]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return 0, false
	}
	ok = true
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		raw, present := values[fd.Name()]
		if !present || string(raw) == "null" {
			continue
		}
		v, readable := readField(m, fd, raw)
		if readable {
			m.Set(fd, v)
		} else if ok {
			at, ok = uint64(fd.Number()), false
		}
	}
	return at, ok
}

func readField(m protoreflect.Message, fd protoreflect.FieldDescriptor, raw []byte) (v protoreflect.Value, ok bool) {
	switch {
	case fd.IsList():
		var elements []json.RawMessage
		if json.Unmarshal(raw, &elements) != nil {
			return v, false
		}
		v = m.NewField(fd)
		for _, e := range elements {
			element := v.List().NewElement()
			if _, ok := readObject(element.Message(), e); !ok {
				return v, false
			}
			v.List().Append(element)
		}
		return v, true
	case fd.Kind() == protoreflect.MessageKind:
		v = m.NewField(fd)
		_, ok = readObject(v.Message(), raw)
		return v, ok
	case fd.Kind() == protoreflect.StringKind:
		var s string
		err := json.Unmarshal(raw, &s)
		return protoreflect.ValueOfString(s), err == nil
	case fd.Kind() == protoreflect.BoolKind:
		return protoreflect.ValueOfBool(string(raw) == "true"), string(raw) == "true" || string(raw) == "false"
	case fd.Kind() == protoreflect.EnumKind:
		n, err := strconv.ParseInt(string(raw), 10, 32)
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), err == nil
	default:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		return protoreflect.ValueOfInt64(n), err == nil && -MaxInt <= n && n <= MaxInt
	}
}

// marshalJSON writes m with every field under its name in payment.proto: zeros and empty strings too, an absent message
// not at all, an empty list as [], an enum as its number. A field that the message has got later is left out while it is zero, so that
// older clients are sent what they always were. It fails if an integer exceeds MaxInt, rather than letting a
// client see a wrong amount of coins. Text that is not UTF-8 is repaired. What Fault would say does not travel.
func marshalJSON(m proto.Message) ([]byte, error) {
	return appendObject(make([]byte, 0, 256), m.ProtoReflect())
}

// Unwritable tells why a message could not be written, in JSON or in protobuf; nil if it can. Leaf only logs such a failure, and the
// client hears nothing.
func Unwritable(m proto.Message) error { return unwritable(m.ProtoReflect()) }

func unwritable(m protoreflect.Message) (err error) {
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.IsList():
			for i := 0; err == nil && i < v.List().Len(); i++ {
				err = unwritable(v.List().Get(i).Message())
			}
		case fd.Kind() == protoreflect.MessageKind:
			err = unwritable(v.Message())
		case fd.Kind() == protoreflect.StringKind:
			if !utf8.ValidString(v.String()) {
				err = fmt.Errorf("%s is not UTF-8", fd.FullName())
			}
		case fd.Kind() == protoreflect.Int64Kind:
			err = checkInt(fd, v.Int())
		}
		return err == nil
	})
	return err
}

// checkInt refuses what a JavaScript client would hold as another number.
func checkInt(fd protoreflect.FieldDescriptor, n int64) error {
	if n < -MaxInt || n > MaxInt {
		return fmt.Errorf("%s: %d is beyond 2^53-1 and would reach the client as another number", fd.Name(), n)
	}
	return nil
}

// firstFields has, of messages that got fields later, the highest number of those that they have always had.
var firstFields = map[protoreflect.Name]protoreflect.FieldNumber{
	"MidasLogin": 3, "MidasPurchase": 3, "MidasBuyGoods": 3, "MidasBalance": 11, "MidasRechargeOptions": 9, "MidasError": 5,
}

// isLater reports whether a field was added to a message that older clients know.
func isLater(fd protoreflect.FieldDescriptor) bool {
	first, grown := firstFields[fd.Parent().Name()]
	return grown && fd.Number() > first
}

func appendObject(b []byte, m protoreflect.Message) (_ []byte, err error) {
	fields := m.Descriptor().Fields()
	b = append(b, '{')
	for i := range fields.Len() {
		fd := fields.Get(i)
		if (fd.Kind() == protoreflect.MessageKind && !fd.IsList() || isLater(fd)) && !m.Has(fd) {
			continue
		}
		if !bytes.HasSuffix(b, []byte{'{'}) {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, fd.Name()...)
		b = append(b, '"', ':')
		if b, err = appendField(b, fd, m.Get(fd)); err != nil {
			return nil, fmt.Errorf("%s.%w", m.Descriptor().Name(), err)
		}
	}
	return append(b, '}'), nil
}

func appendField(b []byte, fd protoreflect.FieldDescriptor, v protoreflect.Value) (_ []byte, err error) {
	switch {
	case fd.IsList():
		b = append(b, '[')
		for i := range v.List().Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendObject(b, v.List().Get(i).Message()); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	case fd.Kind() == protoreflect.MessageKind:
		return appendObject(b, v.Message())
	case fd.Kind() == protoreflect.StringKind:
		s, err := json.Marshal(v.String())
		return append(b, s...), err
	case fd.Kind() == protoreflect.BoolKind:
		return strconv.AppendBool(b, v.Bool()), nil
	case fd.Kind() == protoreflect.EnumKind:
		return strconv.AppendInt(b, int64(v.Enum()), 10), nil
	default:
		return strconv.AppendInt(b, v.Int(), 10), checkInt(fd, v.Int())
	}
}
