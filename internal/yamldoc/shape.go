package yamldoc

import (
	"regexp"
	"slices"
	"time"

	"gopkg.in/yaml.v3"
)

// Kind is what sort of value may stand at a place.
type Kind uint8

// The kinds of values.
const (
	Text      Kind = iota + 1 // a text
	Secret                    // a text that no message shows
	Choice                    // one of a few words
	Integer                   // a whole number
	Bool                      // true or false
	Duration                  // like 7d
	Percent                   // like 30%
	Code                      // a provider's code: a whole number or a text
	Scalar                    // a text, a number, true or false, see [Entry.Value]
	Any                       // anything, see [Entry.JSON]
	List                      // items
	OneOrMore                 // an item, or a list of them
	Object                    // known keys
	Map                       // keys of the file's own choice
	ItemOrMap                 // an item, or a map
	OneOf                     // an object that is one of several, see [Union]
)

// Shape is what may stand at a place. The shapes together are the only place that
// knows the keys of a file.
type Shape struct {
	Kind Kind
	// Expect completes "expected …" and "it is …": "a duration like 7d". An object
	// without it is "keys and values", and hints list its keys.
	Expect string

	Hints Hints

	Pattern       *regexp.Regexp // what a text or secret must match
	EditorPattern string         // what editors demand of a text, where its reader reports better than a pattern can
	Noun          string         // of a choice: what its words are
	Words         []string       // of a choice; of a text: what editors offer beside EditorPattern
	OtherWords    []string       // of a choice: other spellings, which no list of words shows

	Min, Max                 int           // of integers, percentages, the bytes of a text, and of how many items or keys; Max 0 for any
	MinDuration, MaxDuration time.Duration // of a duration; MaxDuration 0 for any
	Because                  string        // why the limits are so, shown as a hint; empty when it is plain
	ZeroAllowed              bool          // a duration or percentage may be 0, a secret empty

	Item   *Shape  // of List, OneOrMore, Map, ItemOrMap
	Map    *Shape  // of ItemOrMap
	MapKey *Shape  // of a map: what its keys are, for editors; nil for any
	Fields []Field // of an object
	Union  *Union  // of OneOf

	// What the code that reads an object demands, for editors: at least one of
	// these keys, not both of these two, so many keys at most.
	AnyOf, NotBoth []string
	MaxKeys        int

	ShortFor   string            // of an object: a scalar may stand for the whole, and is the value of this key
	ShortWords map[string]string // of an object: words that may stand for the whole, and the YAML that each means
}

// Union is several objects of which one stands at a place.
type Union struct {
	Variants  []*Shape             // objects; the key of the first field tells them apart
	Noun      string               // what the whole is called: "condition"
	Each      string               // what a variant is called: "test"
	Join      string               // the key of the variant that joins several
	Misplaced map[string]Misplaced // keys that belong elsewhere
	Name, Doc string               // of the JSON Schema's definition: a union may hold itself
}

// Hints are what to do when something else stands at a place; empty for what the
// shape itself suggests.
type Hints struct {
	Scalar, List, Keys string
	Number             string // for a number where a text should be, with %s for it
}

// Misplaced is the problem of a key that belongs elsewhere.
type Misplaced struct{ Text, Hint string }

// Field is one key of an object.
type Field struct {
	Key      string
	Shape    *Shape
	Required bool
	Default  string // YAML that stands for a key that is not written; empty for none
	Literal  bool   // ${NAME} is not read in or below it
	Doc      string // one sentence for whoever edits the file
}

const keysAndValues = "keys and values"

// expects is what people are told is expected.
func (s *Shape) expects() string {
	if s.Kind == Object && s.Expect == "" {
		return keysAndValues
	}
	return s.Expect
}

// Several is an item, or a list of at least one.
func Several(item *Shape) *Shape {
	return &Shape{Kind: OneOrMore, Item: item, Min: 1, Expect: item.Expect + ", or a list of them"}
}

// Keys lists the keys of an object.
func (s *Shape) Keys() []string {
	var list []string
	for _, f := range s.Fields {
		list = append(list, f.Key)
	}
	return list
}

// Walk visits the shape and every shape in it, once each.
func (s *Shape) Walk(visit func(*Shape)) { s.walk(map[*Shape]bool{}, visit) }

func (s *Shape) walk(seen map[*Shape]bool, visit func(*Shape)) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	visit(s)
	for _, part := range []*Shape{s.Item, s.Map, s.MapKey} {
		part.walk(seen, visit)
	}
	for i := range s.Fields {
		s.Fields[i].Shape.walk(seen, visit)
	}
	if s.Union != nil {
		for _, v := range s.Union.Variants {
			v.walk(seen, visit)
		}
	}
}

// onlyRequired is the key that must be written, when it is one alone.
func (s *Shape) onlyRequired() *Field {
	var only *Field
	for i := range s.Fields {
		switch {
		case !s.Fields[i].Required:
		case only != nil:
			return nil
		default:
			only = &s.Fields[i]
		}
	}
	return only
}

// field finds the field of that key.
func (s *Shape) field(key string) *Field {
	for i := range s.Fields {
		if s.Fields[i].Key == key {
			return &s.Fields[i]
		}
	}
	return nil
}

// variant finds the variant that this key tells.
func (u *Union) variant(key string) *Shape {
	for _, v := range u.Variants {
		if v.Fields[0].Key == key {
			return v
		}
	}
	return nil
}

// Keys lists the keys that tell the variants apart.
func (u *Union) Keys() []string {
	var list []string
	for _, v := range u.Variants {
		list = append(list, v.Fields[0].Key)
	}
	return list
}

// accompanies reports whether the key belongs to a variant and tells none.
func (u *Union) accompanies(key string) bool {
	return u.variant(key) == nil && slices.ContainsFunc(u.Variants, func(v *Shape) bool { return v.field(key) != nil })
}

// kindOf is what people call what stands there.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return keysAndValues
	case n.ShortTag() == "!!null":
		return "nothing"
	case n.ShortTag() == "!!bool":
		return "a boolean"
	case n.ShortTag() == "!!int", n.ShortTag() == "!!float":
		return "a number"
	default:
		return "text"
	}
}
