package yamldoc

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// place is where in the file something stands, in the file's own words.
type place struct {
	parent  *place
	word    string     // the key; empty for an item of a list
	index   int        // of an item, from 0; -1 for a value of a key
	at      *yaml.Node // the key, or the item itself
	node    *yaml.Node
	implied []string // see [Options]; of the root
}

// key is the place of a mapping's value.
func (p *place) key(key, node *yaml.Node) *place {
	return &place{parent: p, word: key.Value, index: -1, at: key, node: node}
}

// item is the place of a list's item.
func (p *place) item(i int, node *yaml.Node) *place {
	return &place{parent: p, index: i, at: node, node: node}
}

// steps is how many steps of a path are shown at its beginning and at its end.
// Only a machine nests deeper than both.
const steps = 12

// String is the path: hygiene.rules[2] "rest".where.all[1].
func (p *place) String() string {
	var way []*place
	var implied []string
	for ; p != nil; p = p.parent {
		way, implied = append(way, p), p.implied
	}
	if len(way) > 0 {
		way = way[:len(way)-1] // the root has no name
	}
	slices.Reverse(way)
	var b strings.Builder
	for i, q := range way {
		switch {
		case i == steps && len(way) > 2*steps:
			b.WriteString(".…")
		case i < steps || i >= len(way)-steps:
			q.write(&b, implied)
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

// write adds one step of the path.
func (p *place) write(b *strings.Builder, implied []string) {
	switch {
	case p.index >= 0:
		fmt.Fprintf(b, "[%d]%s", p.index, p.name())
	case p.parent.index < 0 || !slices.Contains(implied, p.word):
		b.WriteString("." + Shorten(p.word, 60))
	}
}

// name is how people call the item of a list, if it has a name.
func (p *place) name() string {
	if p.node.Kind != yaml.MappingNode {
		return ""
	}
	for key, node := range pairs(p.node) {
		if key.Value == "name" && node.Kind == yaml.ScalarNode && node.Value != "" {
			return " " + Quote(node.Value)
		}
	}
	return ""
}
