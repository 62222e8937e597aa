package yamldoc

import (
	"regexp"
	"slices"
	"time"

	"gopkg.in/yaml.v3"
)

// Kind is the kind of a value.
type Kind uint8

// The kinds of values.
const (
	Text      Kind = iota + 1 // text
	Secret                    // text that no message shows
	Choice                    // one of a few words
	Integer                   // a whole number
	Bool                      // true or false
	Duration                  // like 7d
	Percent                   // like 30%
	Code                      // a provider's code: a whole number or text
	Scalar                    // text, a number, true or false, see [Entry.Value]
	Any                       // anything, see [Entry.JSON]
	List                      // items
	OneOrMore                 // an item, or a list of them
	Object                    // known keys
	Map                       // keys of the file's own choice
	ItemOrMap                 // an item, or a map
	OneOf                     // one of several objects, see [Union]
)

// Shape describes the value at a place. The shapes of a file are the only place
// where its keys are known.
type Shape struct {
	Kind Kind
	// Expect completes "expected …" and "it must be …": "a duration like 7d". For an
	// object without it, problems expect "keys and values" and hints list its keys.
	Expect string

	Hints Hints

	Pattern       *regexp.Regexp // what text or a secret must match
	EditorPattern string         // of text: a pattern for editors only, where code reports better than a pattern
	Noun          string         // of a choice: what its words are
	Words         []string       // of a choice; of text: what editors also offer
	OtherWords    []string       // of a choice: other spellings, which no hint shows

	Min, Max                 int           // of integers and percentages; of the bytes of text; of the number of items or keys. Max 0: no limit
	MinDuration, MaxDuration time.Duration // of a duration. MaxDuration 0: no limit
	Because                  string        // the reason for the limits, shown as a hint; may be empty
	ZeroAllowed              bool          // a duration or percentage may be 0, a secret may be empty

	Unordered bool // of a list: the order of its items means nothing

	Item   *Shape  // of List, OneOrMore, Map, ItemOrMap
	Map    *Shape  // of ItemOrMap
	MapKey *Shape  // of a map: the shape of its keys, for editors; nil for any
	Fields []Field // of an object
	Union  *Union  // of OneOf

	// Limits of an object, for editors; the code that reads it checks them: at least
	// one of these keys, not both of these two, at most so many keys.
	AnyOf, NotBoth []string
	MaxKeys        int

	Misplaced map[string]Misplaced // of an object: keys that belong to another place

	ShortFor   string            // of an object: a scalar instead of the object is the value of this key
	ShortWords map[string]string // of an object: words that may be written instead, and the YAML that each means
}

// Union is several objects, one of which is written.
type Union struct {
	Variants  []*Shape             // objects; the first field of each identifies it
	Noun      string               // what the whole is called: "condition"
	Each      string               // what a variant is called: "test"
	Join      string               // the key of the variant that joins several
	Misplaced map[string]Misplaced // keys that belong to another place; "test.key" for a key beside one test
	Name, Doc string               // of the JSON Schema's definition: a union may hold itself
}

// Hints are what to do about a value of another kind: a scalar, a list, keys. An
// empty one is made from the shape.
type Hints struct {
	Scalar, List, Keys string
	Number             string // for a number instead of text, with %s for the number
}

// Misplaced is the problem of a key that belongs to another place.
type Misplaced struct{ Text, Hint string }

// Field is one key of an object.
type Field struct {
	Key      string
	Shape    *Shape
	Required bool
	Default  string // the value, as YAML, of a key that is not written; empty for none
	Omit     bool   // left out of [Entry.Canonical]
	Literal  bool   // ${NAME} is not expanded in it
	Doc      string // a sentence for people who edit the file
}

const keysAndValues = "keys and values"

// expects is what problems expect.
func (s *Shape) expects() string {
	if s.Kind == Object && s.Expect == "" {
		return keysAndValues
	}
	return s.Expect
}

// Several is the shape of an item, or a list of at least one.
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

// onlyRequired is the required field, if there is exactly one.
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

// field is the field of that key, or nil.
func (s *Shape) field(key string) *Field {
	for i := range s.Fields {
		if s.Fields[i].Key == key {
			return &s.Fields[i]
		}
	}
	return nil
}

// variant is the variant that the key identifies, or nil.
func (u *Union) variant(key string) *Shape {
	for _, v := range u.Variants {
		if v.Fields[0].Key == key {
			return v
		}
	}
	return nil
}

// Keys lists the keys that identify the variants.
func (u *Union) Keys() []string {
	var list []string
	for _, v := range u.Variants {
		list = append(list, v.Fields[0].Key)
	}
	return list
}

// accompanies reports whether the key belongs to a variant without identifying one.
func (u *Union) accompanies(key string) bool {
	return u.variant(key) == nil && slices.ContainsFunc(u.Variants, func(v *Shape) bool { return v.field(key) != nil })
}

// kindOf names what is written, for a problem.
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
