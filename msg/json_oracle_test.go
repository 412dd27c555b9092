package msg_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/leafmidas/leafmidas/msg"
)

// readByReflection is the rule of how JSON is read, written with nothing but encoding/json and the schema: the
// generated methods have to come to the same.
func readByReflection(m protoreflect.Message, data []byte) (ok bool) {
	var values map[protoreflect.Name]json.RawMessage
	if json.Unmarshal(data, &values) != nil {
		return false
	}
	ok = true
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		raw, present := values[fd.Name()]
		if !present || string(raw) == "null" {
			continue
		}
		if v, readable := valueByReflection(m, fd, raw); readable {
			m.Set(fd, v)
		} else {
			ok = false
		}
	}
	return ok
}

func valueByReflection(m protoreflect.Message, fd protoreflect.FieldDescriptor, raw []byte) (v protoreflect.Value, ok bool) {
	switch {
	case fd.IsList():
		var elements []json.RawMessage
		if json.Unmarshal(raw, &elements) != nil {
			return v, false
		}
		v = m.NewField(fd)
		for _, e := range elements {
			element := v.List().NewElement()
			if !readByReflection(element.Message(), e) {
				return v, false
			}
			v.List().Append(element)
		}
		return v, true
	case fd.Kind() == protoreflect.MessageKind:
		v = m.NewField(fd)
		return v, readByReflection(v.Message(), raw)
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
		return protoreflect.ValueOfInt64(n), err == nil && -msg.MaxInt <= n && n <= msg.MaxInt
	}
}

// sameAsByReflection has m, which was read from data, be what the rule makes of it.
func sameAsByReflection(t *testing.T, m proto.Message, data []byte) {
	t.Helper()
	want := m.ProtoReflect().New()
	ok := readByReflection(want, data)
	if fault := msg.Fault(m); ok != (fault == "") {
		t.Errorf("%q: fault %q; by the rule it can be read: %t", data, fault, ok)
	}
	got := proto.Clone(m)
	got.ProtoReflect().SetUnknown(nil)
	if json.Valid(data) && !proto.Equal(got, want.Interface()) {
		t.Errorf("%q was read as %v; by the rule it is %v", data, got, want.Interface())
	}
}
