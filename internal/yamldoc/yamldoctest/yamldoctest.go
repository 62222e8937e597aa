// Package yamldoctest helps to test code that reads entries of package yamldoc.
//
// A key is written twice, in its shape and in the code that reads it. Two checks keep
// them in step: [yamldoc.Entry.Get] panics for a key that the shape does not have,
// and [EveryKeyIsRead] finds a key that no code reads.
//
// [Cases] reads archives of a text and what is reported about it.
package yamldoctest

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"winnow/internal/yamldoc"
)

// EveryKeyIsRead changes the values in texts of a shape, one at a time, each to another
// value that the shape allows. For every key of the shape, at least one change at or
// below the key must change the result of read, or make it fail. The texts must have
// every key; objects with the same keys count as one.
func EveryKeyIsRead(t *testing.T, s *yamldoc.Shape, read func(text []byte) (any, error), texts ...[]byte) {
	t.Helper()
	written, matters := map[key]bool{}, map[key]bool{}
	for _, text := range texts {
		before, err := read(text)
		if err != nil {
			t.Fatal(err)
		}
		m := &mutator{shape: s, written: written, matters: matters}
		m.changes = func(text []byte) bool {
			after, err := read(text)
			return err != nil || !reflect.DeepEqual(before, after)
		}
		if err := yaml.Unmarshal(text, &m.doc); err != nil {
			t.Fatal(err)
		}
		m.visit(m.doc.Content[0], s, nil)
	}
	s.Walk(func(in *yamldoc.Shape) {
		for _, f := range in.Fields {
			switch k := keyOf(in, f.Key); {
			case !written[k]:
				t.Errorf("no text has the key %q of %q", k.name, k.of)
			case !matters[k]:
				t.Errorf("no code reads the key %q of %q", k.name, k.of)
			}
		}
	})
}

// key is a key of an object, which is identified by all its keys.
type key struct{ of, name string }

func keyOf(object *yamldoc.Shape, name string) key {
	return key{strings.Join(object.Keys(), " "), name}
}

// mutator changes the values of a document, one at a time.
type mutator struct {
	shape            *yamldoc.Shape
	doc              yaml.Node
	changes          func(text []byte) bool
	written, matters map[key]bool
}

// visit changes every value in a node. above are the keys on the path to it.
func (m *mutator) visit(n *yaml.Node, s *yamldoc.Shape, above []key) {
	switch s = shapeOf(n, s); {
	case s.Kind == yamldoc.Any && n.Kind != yaml.ScalarNode:
		for _, part := range n.Content {
			m.visit(part, s, above)
		}
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			m.visit(item, s.Item, above)
		}
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name, value := n.Content[i].Value, n.Content[i+1]
			if f := slices.IndexFunc(s.Fields, func(f yamldoc.Field) bool { return f.Key == name }); f >= 0 {
				k := keyOf(s, name)
				m.written[k] = true
				m.visit(value, s.Fields[f].Shape, append(slices.Clip(above), k))
			} else {
				m.visit(value, s.Item, above)
			}
		}
	case m.matter(n, s):
		for _, k := range above {
			m.matters[k] = true
		}
	}
}

// matter reports whether another value makes a difference. A choice of one word has
// no other, and passes.
func (m *mutator) matter(n *yaml.Node, s *yamldoc.Shape) bool {
	was := *n
	defer func() { *n = was }()
	for _, other := range others(s, n.Value) {
		n.Value, n.Style, n.Tag = other, 0, ""
		text, err := yaml.Marshal(&m.doc)
		if err != nil {
			panic(err) // a tree that was read always marshals
		}
		anything := yamldoc.Options{Env: func(string) (string, bool) { return "0123456789abcdef", true }}
		if yamldoc.Read("", text, m.shape, anything).Err() == nil && m.changes(text) {
			return true
		}
	}
	return s.Kind == yamldoc.Choice && len(s.Words) == 1
}

// shapeOf is the shape of the node, where a shape allows several.
func shapeOf(n *yaml.Node, s *yamldoc.Shape) *yamldoc.Shape {
	switch {
	case s.Kind == yamldoc.OneOrMore && n.Kind != yaml.SequenceNode:
		return shapeOf(n, s.Item)
	case s.Kind == yamldoc.ItemOrMap && n.Kind == yaml.MappingNode:
		return s.Map
	case s.Kind == yamldoc.ItemOrMap:
		return s.Item
	case s.Kind == yamldoc.OneOf:
		for _, v := range s.Union.Variants {
			for i := 0; i < len(n.Content); i += 2 {
				if n.Content[i].Value == v.Fields[0].Key {
					return v
				}
			}
		}
	case s.ShortFor != "" && n.Kind == yaml.ScalarNode:
		return s.Fields[slices.IndexFunc(s.Fields, func(f yamldoc.Field) bool { return f.Key == s.ShortFor })].Shape
	}
	return s
}

// others are other values that the shape may allow.
func others(s *yamldoc.Shape, written string) []string {
	var list []string
	switch s.Kind {
	case yamldoc.Integer:
		n, _ := strconv.Atoi(written)
		list = []string{strconv.Itoa(n - 1), strconv.Itoa(n + 1)}
	case yamldoc.Bool:
		list = []string{"true", "false"}
	case yamldoc.Duration:
		list = []string{"5h", "6h"}
	case yamldoc.Percent:
		list = []string{"12%", "13%"}
	case yamldoc.Choice:
		list = s.Words
	case yamldoc.Code, yamldoc.Scalar:
		list = []string{"77", "78", "true"}
	case yamldoc.Secret:
		list = []string{"another-token-0123456789"}
	default:
		list = []string{"a" + written, written + "a", "DE", "1" + written}
	}
	return slices.DeleteFunc(slices.Clone(list), func(text string) bool { return text == written })
}
