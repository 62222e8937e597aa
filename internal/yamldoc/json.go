package yamldoc

import (
	"bytes"
	"encoding/json"
	"strings"

	"gopkg.in/yaml.v3"
)

// JSON is the value of an [Any] as JSON. Keys keep their order, and numbers their
// spelling, since 1400 and 1400.0 may be two codes to its reader. It reports numbers
// that are not valid in JSON.
func (e *Entry) JSON() []byte {
	var b bytes.Buffer
	e.writeJSON(&b, e.place.node)
	return b.Bytes()
}

func (e *Entry) writeJSON(b *bytes.Buffer, n *yaml.Node) {
	between := ""
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for key, value := range pairs(n) {
			b.WriteString(between)
			writeText(b, key.Value)
			b.WriteByte(':')
			e.writeJSON(b, value)
			between = ","
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for _, item := range n.Content {
			b.WriteString(between)
			e.writeJSON(b, item)
			between = ","
		}
		b.WriteByte(']')
	default:
		e.writeScalar(b, n)
	}
}

func (e *Entry) writeScalar(b *bytes.Buffer, n *yaml.Node) {
	switch n.ShortTag() {
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			e.doc.report(n, e.place, Quote(n.Value)+" is not a JSON number", "put it in quotes, or write everything as raw text")
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
