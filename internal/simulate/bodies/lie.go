package bodies

import (
	"winnow/hygiene"
	"winnow/internal/simulate/traffic"
)

// What nobody knows.
const (
	unknownCode  = "98765"
	unknownEvent = "simulated_unknown"
	unknownField = "simulated_field"
)

// lie makes the template of a lie; nil where the source's callbacks can't tell it.
func (m *Maker) lie(lie traffic.Lie) *template {
	s := &m.source
	base := m.honest[hygiene.Delivered][0]
	line := base.line
	var change func(*draft)
	switch lie {
	case traffic.UnknownCode:
		line.Code = unknownCode
		change = func(*draft) {}
	case traffic.UnknownEvent:
		line.Event = unknownEvent
		change = func(*draft) {}
	case traffic.UnknownFields:
		change = func(d *draft) { d.addFields() }
	case traffic.WrongType:
		change = func(d *draft) {
			if in := d.doc.events(); !in.isForm {
				in.set(d.path(d.shape.ID[0]), map[string]any{"of": markID})
			}
		}
	default:
		return m.spoiled(base, lie)
	}
	for _, x := range s.ranked(base.line) {
		for i := range s.Format.Shapes {
			if s.try(x, &s.Format.Shapes[i], base.line, nil) == nil {
				continue
			}
			t := s.try(x, &s.Format.Shapes[i], line, change)
			if t == nil || lie == traffic.WrongType && t.kind != typeJSON || lie == traffic.UnknownCode && len(s.Format.Shapes[i].Code) == 0 {
				continue
			}
			t.lie, t.expect = lie, s.expects(t)
			return t
		}
	}
	return nil
}

// spoiled is an honest template whose text, URL or signature is spoiled when it is sent.
func (m *Maker) spoiled(base *template, lie traffic.Lie) *template {
	t := *base
	t.lie = lie
	switch lie {
	case traffic.Broken:
		t.expect = m.source.expects(&t)
	case traffic.Oversized:
		if t.method == "GET" {
			return nil
		}
		t.expect = AsQuarantine
		if m.source.Format.RefuseMore || m.source.Signed == RejectsUnsigned {
			t.expect = AsRefused
		}
	case traffic.WrongSignature:
		switch m.source.Signed {
		case Unsigned:
			return nil
		case KeepsUnsigned:
			t.expect = AsQuarantine
		case RejectsUnsigned:
			t.expect = AsRefused
		}
	case traffic.WrongToken:
		t.expect = AsRefused
	default:
		return nil
	}
	return &t
}

// expects is what the source's reader makes of a template.
func (s *Source) expects(t *template) Expect {
	is, err := s.read(t, &sample)
	switch {
	case err != nil:
		return AsRefused
	case len(is.Events) > 0:
		return AsEvent
	case len(is.Unreadable) > 0:
		return AsQuarantine
	}
	return AsNothing
}

// addFields adds fields that nobody knows to the event.
func (d *draft) addFields() {
	in := d.doc.events()
	if in.isForm {
		in.set([]string{unknownField}, "a b&c")
		return
	}
	if _, isObject := in.get(d.base).(map[string]any); isObject {
		in.set(append(d.base[:len(d.base):len(d.base)], unknownField), map[string]any{"list": []any{1, nil, true, "\u00e9\n"}, "object": map[string]any{}})
	}
}
