package yamldoc

import (
	"fmt"
	"regexp"
	"time"

	"gopkg.in/yaml.v3"

	"winnow/hygiene"
)

// Entry is a value of the file that matches its shape. A nil entry is a value that is
// missing or has been reported. All methods that read a value accept a nil entry
// and return zero values, so one mistake is reported once.
type Entry struct {
	doc   *Document
	place *place
	shape *Shape // of an object: the one whose keys it has

	kind      Kind
	unordered bool // of a list: the order of its items means nothing
	isDefault bool // it is not written

	text     string
	number   int64
	truth    bool
	duration time.Duration
	share    float64
	value    hygiene.Value
	unset    bool
	secret   bool // of the kind Secret
	open     bool // it may be any text, and is not in a part of the file that shows what it does

	variant string
	items   []*Entry
	fields  map[string]*Entry
	keys    map[string]*yaml.Node // the keys that are written
	flawed  bool                  // a key, value or item of it could not be read
}

// Get is the value of a key of an object: as written, or else its default. It panics
// when the object's shape does not have the key.
func (e *Entry) Get(key string) *Entry {
	if e == nil {
		return nil
	}
	if e.shape == nil || e.shape.field(key) == nil {
		panic(fmt.Sprintf("yamldoc: %s: the shape has no key %q", e.place, key))
	}
	return e.fields[key]
}

// Has reports whether the key is written, with a valid value or not.
func (e *Entry) Has(key string) bool { return e != nil && e.keys[key] != nil }

// Len is the number of keys of an object or map that are written.
func (e *Entry) Len() int {
	if e == nil {
		return 0
	}
	return len(e.keys)
}

// Items is the items of a list, or the values of a map in the order of the file.
// Invalid ones are left out.
func (e *Entry) Items() []*Entry {
	if e == nil {
		return nil
	}
	return e.items
}

// Key is the key of a value in an object or map; empty for a list item.
func (e *Entry) Key() string { return e.place.word }

// Variant is the key that identifies the variant of a [OneOf].
func (e *Entry) Variant() string { return e.variant }

// IsScalar reports whether it is a single value, not a list or keys.
func (e *Entry) IsScalar() bool { return e != nil && e.place.node.Kind == yaml.ScalarNode }

// IsMap reports whether it is keys and values.
func (e *Entry) IsMap() bool { return e != nil && e.place.node.Kind == yaml.MappingNode }

// KindName names what is written, for a problem: "a list", "a number".
func (e *Entry) KindName() string { return kindOf(e.place.node) }

// IsText reports whether it is text, and not a number, a boolean, a list or keys.
func (e *Entry) IsText() bool { return e.IsScalar() && e.place.node.ShortTag() == "!!str" }

// Valid reports whether it is there and everything in it could be read. Only then is
// a missing key really missing, and not misspelt.
func (e *Entry) Valid() bool { return e != nil && !e.flawed }

// Text is the text of a scalar, with variables expanded; of [Any], as written.
func (e *Entry) Text() string {
	if e == nil {
		return ""
	}
	return e.text
}

// Written is the text of a scalar before variables are expanded.
func (e *Entry) Written() string { return e.place.node.Value }

// Unset reports whether it is a secret whose variable is not set, see [Options]. Its
// text is empty.
func (e *Entry) Unset() bool { return e != nil && e.unset }

// LiteralSecrets returns the secrets in the entry and below it that are written in the
// file itself and do not come from the environment.
func (e *Entry) LiteralSecrets() []*Entry {
	if e == nil {
		return nil
	}
	if e.secret {
		if e.text == "" || plainVariables.MatchString(e.place.node.Value) {
			return nil
		}
		return []*Entry{e}
	}
	var list []*Entry
	for _, item := range e.items {
		list = append(list, item.LiteralSecrets()...)
	}
	for _, field := range e.fields {
		list = append(list, field.LiteralSecrets()...)
	}
	return list
}

// plainVariables matches a secret that is made of variables without defaults, and of
// little else.
var plainVariables = regexp.MustCompile(`^[^$]{0,8}(\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\}[^$]{0,8})+$`)

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

// Line is its line in the file, from 1.
func (e *Entry) Line() int { return e.place.node.Line }

// Compare orders entries by their position in the file.
func (e *Entry) Compare(other *Entry) int {
	a, b := e.place.node, other.place.node
	return ByPlace(Problem{Line: a.Line, Col: a.Column}, Problem{Line: b.Line, Col: b.Column})
}

// MarkSecret hides the value in the source lines of all problems.
func (e *Entry) MarkSecret() {
	if e != nil {
		e.doc.markSecret(e.place.node)
	}
}

// Report adds a problem at the value. It ignores a nil entry, whose problem has been
// reported.
func (e *Entry) Report(text, hint string) {
	if e != nil {
		if e.open {
			e.doc.markIfToken(e.place.node)
		}
		e.doc.report(e.place.node, e.place, text, hint)
	}
}

// ReportNew is like Report, for what earlier versions accepted: a file that was in
// force then gets a warning, so that an upgrade does not stop a daemon. It reports
// whether the value is refused.
func (e *Entry) ReportNew(text, hint string) bool {
	if e == nil {
		return false
	}
	p := e.doc.problemOf(e.place.node, e.place, text, hint)
	p.isNew = true
	if e.doc.options.WasInForce {
		p.warning = true
		e.doc.accepted = append(e.doc.accepted, p)
		return false
	}
	e.doc.problems = append(e.doc.problems, p)
	return true
}

// ReportKey adds a problem at one of its keys, if the key is written.
func (e *Entry) ReportKey(key, text, hint string) {
	if e.Has(key) {
		e.doc.report(e.keys[key], e.place, text, hint)
	}
}

// ReportWhole adds a problem at the key of the value, or, for a list item, at the
// start of the item.
func (e *Entry) ReportWhole(text, hint string) {
	if e != nil {
		e.doc.report(e.place.at, e.place, text, hint)
	}
}

// Warning makes a warning at the value, after [Document.Err] has ended the reading.
func (e *Entry) Warning(text, hint string) Problem {
	return e.doc.warning(e.place.node, e.place, text, hint)
}

// KeyWarning makes a warning at one of its keys, which must be written.
func (e *Entry) KeyWarning(key, text, hint string) Problem {
	return e.doc.warning(e.keys[key], e.place, text, hint)
}

func (d *Document) warning(n *yaml.Node, p *place, text, hint string) Problem {
	w := d.problemOf(n, p, text, hint)
	w.warning = true
	d.hide(&w)
	return w
}
