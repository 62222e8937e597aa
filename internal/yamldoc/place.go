package yamldoc

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// place is a position in the tree of the file, and the path to it.
type place struct {
	parent  *place
	word    string     // the key; empty for an item of a list
	index   int        // of an item, from 0; -1 for a value of a key
	at      *yaml.Node // the key, or the item itself
	node    *yaml.Node
	implied []string // see [Options]; of the root
	named   *string  // see name; nil until it is asked for
}

// key is the place of a mapping's value.
func (p *place) key(key, node *yaml.Node) *place {
	return &place{parent: p, word: key.Value, index: -1, at: key, node: node}
}

// item is the place of a list's item.
func (p *place) item(i int, node *yaml.Node) *place {
	return &place{parent: p, index: i, at: node, node: node}
}

// steps is how many steps of a long path are shown at its start and at its end.
const steps = 12

// String is the path: hygiene.rules[2] "rest".where.all[1].
func (p *place) String() string {
	var path []*place
	var implied []string
	for ; p != nil; p = p.parent {
		path, implied = append(path, p), p.implied
	}
	if len(path) > 0 {
		path = path[:len(path)-1] // the root has no name
	}
	slices.Reverse(path)
	var b strings.Builder
	for i, q := range path {
		switch {
		case i == steps && len(path) > 2*steps:
			b.WriteString(".…")
		case i < steps || i >= len(path)-steps:
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

// name is the name of a list item, quoted, if it has one.
func (p *place) name() string {
	if p.named == nil {
		name := p.findName()
		p.named = &name
	}
	return *p.named
}

func (p *place) findName() string {
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
