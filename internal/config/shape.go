package config

import (
	"regexp"
	"time"

	"gopkg.in/yaml.v3"
)

// kind is what sort of value may stand at a place.
type kind uint8

const (
	text        kind = iota + 1 // words
	secret                      // words that no message shows
	choice                      // one of a few words
	whole                       // a whole number
	truth                       // true or false
	duration                    // like 7d
	percent                     // like 30%
	code                        // a provider's code: a whole number or words
	scalar                      // what an attribute is compared with
	list                        // items
	oneOrMore                   // an item, or a list of them
	mapping                     // known keys
	table                       // keys of the file's own choice
	itemOrTable                 // an item, or a table
	condition                   // a mapping that is one of several tests
)

// shape is what may stand at a place. The shapes together are the table that
// drives the reading of the file; nothing else knows the keys.
type shape struct {
	kind     kind
	says     string         // what people are told is expected: "a duration like 7d"
	pattern  *regexp.Regexp // of texts and secrets
	like     string         // of a text: a pattern for editors; its reader says better what is wrong
	noun     string         // of a choice: what its words are
	words    []string       // of a choice; of a text: what editors offer beside what is like the pattern
	also     []string       // of a choice: other spellings of them, which no list of words shows
	min, max int            // of whole numbers and percentages, and of how many items or keys; max 0 for any
	because  string         // why the limits are so; empty when it is plain
	zero     bool           // a duration, a percentage or a secret may be none

	shortest, longest time.Duration // of a duration; 0 for any

	item   *shape   // of list, oneOrMore, table, itemOrTable
	table  *shape   // of itemOrTable
	keys   *shape   // of a table: what its keys are, for editors; nil for any
	fields []field  // of a mapping
	tests  []*shape // of a condition: mappings whose first field names the test

	// What the reader of a mapping demands, for editors: at least one of these
	// keys, not both of these two, so many keys at most.
	either, notBoth []string
	most            int
}

// field is one key of a mapping.
type field struct {
	name     string
	doc      string // one sentence for whoever edits the file
	shape    *shape
	required bool
	standard string // YAML that stands for a key that is not written; empty for none
	literal  bool   // ${NAME} is not read in or below it
}

// optional is a key that may be left out.
func optional(name string, s *shape, doc string) field {
	return field{name: name, shape: s, doc: doc}
}

// standing is a key that, left out, has the value written here.
func standing(name, standard string, s *shape, doc string) field {
	return field{name: name, shape: s, doc: doc, standard: standard}
}

// required is a key that must be written.
func required(name string, s *shape, doc string) field {
	return field{name: name, shape: s, doc: doc, required: true}
}

// plain makes ${NAME} be refused in and below a key.
func plain(f field) field {
	f.literal = true
	return f
}

func words(says, noun string, words []string) *shape {
	return &shape{kind: choice, says: says, noun: noun, words: words}
}

func pattern(says, expression string) *shape {
	return &shape{kind: text, says: says, pattern: regexp.MustCompile(expression)}
}

// listOf is a list of at least least items.
func listOf(least int, item *shape, says string) *shape {
	return &shape{kind: list, item: item, min: least, says: says}
}

func several(item *shape) *shape {
	return &shape{kind: oneOrMore, item: item, min: 1, says: item.says + ", or a list of them"}
}

// keysOf is a mapping of known keys, at least least of them.
func keysOf(least int, fields ...field) *shape {
	return &shape{kind: mapping, fields: fields, min: least, says: keysAndValues}
}

const keysAndValues = "keys and values"

// needs is a copy of the mapping of which at least one of these keys is written.
func (s *shape) needs(either ...string) *shape {
	t := *s
	t.either = either
	return &t
}

// orElse is a copy of the mapping in which these two keys don't stand together.
func (s *shape) orElse(one, other string) *shape {
	t := *s
	t.notBoth = []string{one, other}
	return &t
}

// atMost is a copy of the mapping that has so many keys at most.
func (s *shape) atMost(keys int) *shape {
	t := *s
	t.most = keys
	return &t
}

// names lists the keys.
func (s *shape) names() []string {
	var list []string
	for _, f := range s.fields {
		list = append(list, f.name)
	}
	return list
}

// onlyRequired is the key that must be written, when it is one alone.
func (s *shape) onlyRequired() *field {
	var only *field
	for i := range s.fields {
		switch {
		case !s.fields[i].required:
		case only != nil:
			return nil
		default:
			only = &s.fields[i]
		}
	}
	return only
}

// field finds the key of that name.
func (s *shape) field(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

// test finds the test of that name.
func (s *shape) test(name string) *shape {
	for _, t := range s.tests {
		if t.fields[0].name == name {
			return t
		}
	}
	return nil
}

// testNames lists the tests of a condition.
func (s *shape) testNames() []string {
	var list []string
	for _, t := range s.tests {
		list = append(list, t.fields[0].name)
	}
	return list
}

// kindOf is what people call what stands there.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Kind == yaml.MappingNode:
		return "keys and values"
	case n.ShortTag() == "!!null":
		return "nothing"
	case n.ShortTag() == "!!bool":
		return "a truth value"
	case n.ShortTag() == "!!int", n.ShortTag() == "!!float":
		return "a number"
	default:
		return "a text"
	}
}
