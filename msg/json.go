package msg

import (
	"fmt"
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

// fields is a message of ours, field by field. Its methods are generated.
type fields interface {
	Message
	// visit passes every field that is to be written to v, in the order of the schema.
	visit(v visitor)
	// read reads the field of that name; at is its place in the schema, or unknownField. ok is false, and the field zero,
	// if it cannot be read.
	read(name string, from value) (at int, ok bool)
}

// visitor is told the fields of a message.
type visitor interface {
	text(name, s string)
	truth(name string, b bool)
	enum(name string, n int32)
	integer(name string, n int64)
	object(name string, m fields)
	list(name string, length int, at func(int) fields)
}

func visitList[M fields](v visitor, name string, all []M) {
	v.list(name, len(all), func(i int) fields { return all[i] })
}

// Unwritable tells why a message could not be written, in JSON or in protobuf; nil if it can. Leaf only logs such a
// failure, and the client hears nothing.
func Unwritable(m proto.Message) error {
	ours, known := m.(fields)
	if !known {
		return nil
	}
	var c checker
	c.message(ours)
	return c.err
}

// checker is a visitor that looks for what cannot be written.
type checker struct{ err error }

func (c *checker) message(m fields) {
	if c.err != nil {
		return
	}
	if m.visit(c); c.err != nil {
		c.err = fmt.Errorf("%s.%w", m.ProtoReflect().Descriptor().Name(), c.err)
	}
}

func (c *checker) text(name, s string) {
	if c.err == nil && !utf8.ValidString(s) {
		c.err = fmt.Errorf("%s is not UTF-8", name)
	}
}

func (c *checker) integer(name string, n int64) {
	if c.err == nil {
		c.err = checkInt(name, n)
	}
}

func (*checker) truth(string, bool)          {}
func (*checker) enum(string, int32)          {}
func (c *checker) object(_ string, m fields) { c.message(m) }
func (c *checker) list(_ string, n int, at func(int) fields) {
	for i := range n {
		c.message(at(i))
	}
}

// checkInt refuses what a JavaScript client would hold as another number.
func checkInt(name string, n int64) error {
	if n < -MaxInt || n > MaxInt {
		return fmt.Errorf("%s: %d is beyond 2^53-1 and would reach the client as another number", name, n)
	}
	return nil
}
