package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// lengthen writes the short forms of a file of rule tests out, at their places,
// so that the table of keys knows one form of each. Of what has not the shape
// that it should have nothing is changed: whoever walks it will tell.
func (t *testReader) lengthen(root *yaml.Node) {
	for _, test := range itemsOf(valueOf(root, "tests")) {
		for _, event := range itemsOf(valueOf(test, "events")) {
			t.setBodyAside(event)
			replace(event, "suppress", func(n *yaml.Node) *yaml.Node { return inKey("reason", n) })
			replace(event, "allow", func(n *yaml.Node) *yaml.Node { return inKey("reason", n) })
		}
		replace(test, "never", inStatus)
		if never := valueOf(test, "never"); never != nil && never.Kind == yaml.SequenceNode {
			for i, item := range never.Content {
				never.Content[i] = inStatus(item)
			}
		}
		for _, expected := range append(itemsOf(valueOf(test, "expect")), itemsOf(valueOf(test, "never"))...) {
			replace(expected, "retry", noRetry)
		}
	}
}

// setBodyAside puts a text in the place of a body, which may be of any shape.
func (t *testReader) setBodyAside(event *yaml.Node) {
	replace(event, "body", func(n *yaml.Node) *yaml.Node {
		if n.ShortTag() == "!!null" {
			return n
		}
		aside := scalarAt("!!str", "body", n)
		t.bodies[aside] = n
		return aside
	})
}

// inStatus is the long form of never: suppressed.
func inStatus(n *yaml.Node) *yaml.Node { return inKey("status", n) }

// inKey is a mapping of that key, if n is the text alone.
func inKey(key string, n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return n
	}
	mapping := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column}
	mapping.Content = []*yaml.Node{scalarAt("!!str", key, n), n}
	return mapping
}

// noRetry is the long form of retry: none.
func noRetry(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.ScalarNode || n.Value != "none" {
		return n
	}
	return inKey("attempt", scalarAt("!!int", "0", n))
}

func scalarAt(tag, value string, near *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value, Line: near.Line, Column: near.Column}
}

// valueOf is the value of a key; nil for none.
func valueOf(mapping *yaml.Node, key string) (value *yaml.Node) {
	replace(mapping, key, func(n *yaml.Node) *yaml.Node {
		value = n
		return n
	})
	return value
}

// itemsOf is the items of a list, or the one thing that stands for a list.
func itemsOf(n *yaml.Node) []*yaml.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind == yaml.SequenceNode:
		return n.Content
	}
	return []*yaml.Node{n}
}

// replace puts another value in the place of a key's.
func replace(mapping *yaml.Node, key string, by func(*yaml.Node) *yaml.Node) {
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content[i+1] = by(mapping.Content[i+1])
			return
		}
	}
}

// body is a callback as it is sent: keys and values as JSON, in their order and
// with their numbers as they are written, or the text as it is.
func (t *testReader) body(e *entry) []byte {
	n := t.bodies[e.place.node]
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		if n.ShortTag() != "!!str" && !t.refused[n] {
			t.tellAt(e, "expected keys and values, or the raw text in quotes, found "+kindOf(n), "")
		}
		return []byte(n.Value)
	}
	var b bytes.Buffer
	t.writeJSON(&b, n, e.place)
	return b.Bytes()
}

func (t *testReader) writeJSON(b *bytes.Buffer, n *yaml.Node, p *place) {
	between := ""
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for key, value := range pairs(n) {
			b.WriteString(between)
			writeText(b, key.Value)
			b.WriteByte(':')
			t.writeJSON(b, value, p)
			between = ","
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for _, item := range n.Content {
			b.WriteString(between)
			t.writeJSON(b, item, p)
			between = ","
		}
		b.WriteByte(']')
	default:
		t.writeScalar(b, n, p)
	}
}

// writeScalar writes a number with its spelling, since a reader may take 1400
// and 1400.0 for two codes.
func (t *testReader) writeScalar(b *bytes.Buffer, n *yaml.Node, p *place) {
	switch n.ShortTag() {
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			t.at(n, p, quote(n.Value)+" is no number of JSON", "put it in quotes, or write the body as raw text")
		}
		b.WriteString(n.Value)
	case "!!bool":
		b.WriteString(strings.ToLower(n.Value))
	case "!!null":
		b.WriteString("null")
	default:
		writeText(b, n.Value)
	}
}

func writeText(b *bytes.Buffer, text string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		panic(err) // a text always encodes
	}
	b.Truncate(b.Len() - 1) // the encoder ends a line
}

// callbackFile reads a callback from a file.
func (t *testReader) callbackFile(e *entry) []byte {
	f, err := os.Open(t.absolute(e.text))
	if err == nil {
		defer f.Close()
		var content []byte
		if content, err = io.ReadAll(io.LimitReader(f, MaxSize+1)); err == nil {
			if len(content) > MaxSize {
				t.tellAt(e, quote(e.text)+" is larger than 1 MiB, which no callback is", "")
			}
			return content
		}
	}
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	t.tellAt(e, "can't read "+quote(e.text)+": "+err.Error(), "it is relative to the folder of this file")
	return nil
}
