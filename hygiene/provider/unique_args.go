package provider

import (
	"strings"
)

// uniqueArgs is the object that the sender attached to a message. Every event of
// the message repeats it.
var uniqueArgs = pathTree("uniqueArgs")

// UniqueArgs is the raw JSON object of uniqueArgs in a stored body; nil when there
// is none or it is not an object.
func UniqueArgs(body []byte) []byte {
	s := scan(string(body), uniqueArgs)
	var args []byte
	err := s.elements(func(int, int) {
		if raw := s.found[0]; args == nil && strings.HasPrefix(raw, "{") {
			args = []byte(raw)
		}
	})
	if err != nil {
		return nil
	}
	return args
}

// Fields reads what senders attached to messages from stored bodies.
type Fields struct {
	wanted [][]member // in groups that fit into one scan
	values []string
}

// NewFields looks for these dotted paths within uniqueArgs.
func NewFields(paths ...string) *Fields {
	f := &Fields{values: make([]string, len(paths))}
	for len(paths) > 0 {
		group := paths[:min(len(paths), maxSlots)]
		paths = paths[len(group):]
		var full []string
		for _, path := range group {
			full = append(full, "uniqueArgs."+path)
		}
		f.wanted = append(f.wanted, pathTree(full...))
	}
	return f
}

// Values is the value at each path: the text of a string, any other value as it is
// written. It is empty for null, for what is absent, and for a body that can't be
// read. The values are valid until the next call.
func (f *Fields) Values(body []byte) []string {
	clear(f.values)
	text := string(body)
	for i, wanted := range f.wanted {
		group := f.values[i*maxSlots:]
		s := scan(text, wanted)
		err := s.elements(func(int, int) {
			for slot := range min(len(group), maxSlots) {
				group[slot] = displayText(s.found[slot])
			}
		})
		if err != nil {
			clear(f.values)
			break
		}
	}
	return f.values
}
