package yamldoc

import (
	"fmt"
	"time"

	"gopkg.in/yaml.v3"

	"winnow/hygiene"
)

// Entry is what stands at a place and has the shape it should have. A nil entry
// is what is not there, or has a problem that was reported: everything asked of
// it is answered with nothing, so one mistake is reported once.
type Entry struct {
	doc   *Document
	place *place
	shape *Shape // of an object: the one whose keys it has

	text     string
	number   int64
	truth    bool
	duration time.Duration
	share    float64
	value    hygiene.Value
	unset    bool

	variant string
	items   []*Entry
	fields  map[string]*Entry
	keys    map[string]*yaml.Node // the keys that are written
	flawed  bool                  // a key, value or item of it could not be read
}

// Get is the value of a key of an object: as written, or else its default.
func (e *Entry) Get(key string) *Entry {
	if e == nil {
		return nil
	}
	if e.shape == nil || e.shape.field(key) == nil {
		panic(fmt.Sprintf("yamldoc: %s: no shape has the key %q here", e.place, key))
	}
	return e.fields[key]
}

// Has reports whether the key is written, rightly or not.
func (e *Entry) Has(key string) bool { return e != nil && e.keys[key] != nil }

// Len is how many keys of an object or map are written.
func (e *Entry) Len() int {
	if e == nil {
		return 0
	}
	return len(e.keys)
}

// Items is the items of a list, or the values of a map in the file's order; those
// that could not be read are left out.
func (e *Entry) Items() []*Entry {
	if e == nil {
		return nil
	}
	return e.items
}

// Key is the key at which the value of an object or map stands; empty for an item
// of a list.
func (e *Entry) Key() string { return e.place.word }

// Variant is the key that tells which variant of a union this is.
func (e *Entry) Variant() string { return e.variant }

// IsScalar reports whether it is written as one value: no list and no keys.
func (e *Entry) IsScalar() bool { return e != nil && e.place.node.Kind == yaml.ScalarNode }

// KindName is what people call what is written: "a list", "a number".
func (e *Entry) KindName() string { return kindOf(e.place.node) }

// IsText reports whether it is written as a text, and not as a number, a truth
// value, a list or keys.
func (e *Entry) IsText() bool { return e.IsScalar() && e.place.node.ShortTag() == "!!str" }

// Valid reports whether it is there and all of it could be read, so that what is
// missing below it is missing, and not misspelt.
func (e *Entry) Valid() bool { return e != nil && !e.flawed }

// Text is a scalar as text, with its variables replaced; of [Any] the text as it
// is written.
func (e *Entry) Text() string {
	if e == nil {
		return ""
	}
	return e.text
}

// Written is a scalar as it is written, with ${NAME} in it.
func (e *Entry) Written() string { return e.place.node.Value }

// Unset reports whether it is a secret whose variable is not set. It is empty
// then, see [Options].
func (e *Entry) Unset() bool { return e != nil && e.unset }

// Int is an [Integer].
func (e *Entry) Int() int {
	if e == nil {
		return 0
	}
	return int(e.number)
}

// Bool is a [Bool].
func (e *Entry) Bool() bool { return e != nil && e.truth }

// Duration is a [Duration].
func (e *Entry) Duration() time.Duration {
	if e == nil {
		return 0
	}
	return e.duration
}

// Share is a [Percent]; 1 is 100%.
func (e *Entry) Share() float64 {
	if e == nil {
		return 0
	}
	return e.share
}

// Value is a [Scalar].
func (e *Entry) Value() hygiene.Value {
	if e == nil {
		return hygiene.Value{}
	}
	return e.value
}

// Line is the line of the file on which it begins, from 1.
func (e *Entry) Line() int { return e.place.node.Line }

// Compare orders entries as they stand in the file.
func (e *Entry) Compare(other *Entry) int {
	a, b := e.place.node, other.place.node
	return ByPlace(Problem{Line: a.Line, Col: a.Column}, Problem{Line: b.Line, Col: b.Column})
}

// MarkSecret sees to it that no problem shows the value.
func (e *Entry) MarkSecret() {
	if e != nil {
		e.doc.markSecret(e.place.node)
	}
}

// Report reports a problem at the value. At a nil entry nothing is reported: its
// problem was.
func (e *Entry) Report(text, hint string) {
	if e != nil {
		e.doc.report(e.place.node, e.place, text, hint)
	}
}

// ReportKey reports a problem at one of its keys, if that is written.
func (e *Entry) ReportKey(key, text, hint string) {
	if e.Has(key) {
		e.doc.report(e.keys[key], e.place, text, hint)
	}
}

// ReportWhole reports a problem of the whole at the key that it belongs to, or,
// for an item of a list, where it begins.
func (e *Entry) ReportWhole(text, hint string) {
	if e != nil {
		e.doc.report(e.place.at, e.place, text, hint)
	}
}

// Warning is a warning at the value, once [Document.Err] has ended the reading.
func (e *Entry) Warning(text, hint string) Problem {
	return e.doc.warning(e.place.node, e.place, text, hint)
}

// KeyWarning is a warning at one of its keys, which must be written.
func (e *Entry) KeyWarning(key, text, hint string) Problem {
	return e.doc.warning(e.keys[key], e.place, text, hint)
}

func (d *Document) warning(n *yaml.Node, p *place, text, hint string) Problem {
	w := d.problemOf(n, p, text, hint)
	w.warning = true
	d.showLine(&w)
	return w
}
