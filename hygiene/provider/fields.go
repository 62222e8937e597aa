package provider

import "strings"

// Fields picks up what senders attached to messages, out of stored bodies.
type Fields struct {
	wanted [][]member // in parts of what one scan can look for
	values []string
}

// NewFields looks for these dotted paths within uniqueArgs.
func NewFields(paths ...string) *Fields {
	f := &Fields{values: make([]string, len(paths))}
	for len(paths) > 0 {
		part := paths[:min(len(paths), maxSlots)]
		paths = paths[len(part):]
		var full []string
		for _, path := range part {
			full = append(full, "uniqueArgs."+path)
		}
		f.wanted = append(f.wanted, want(full...))
	}
	return f
}

// Of gives what stands at each path: a text as it reads, all else as it is
// written, and nothing for null, for what is not there, and in a body that can't
// be read. The values are good until the next call.
func (f *Fields) Of(body []byte) []string {
	clear(f.values)
	text := string(body)
	for i, wanted := range f.wanted {
		part := f.values[i*maxSlots:]
		s := scan(text, wanted)
		err := s.elements(func(int, int) {
			for slot := range min(len(part), maxSlots) {
				part[slot] = told(s.found[slot])
			}
		})
		if err != nil {
			clear(f.values)
			break
		}
	}
	return f.values
}

// told is what a value as scanned tells people.
func told(raw string) string {
	switch {
	case raw == "null":
		return ""
	case strings.HasPrefix(raw, `"`):
		return unquote(raw)
	}
	return raw
}
