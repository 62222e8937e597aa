package yamldoc

import (
	"fmt"

	"winnow/internal/suggest"
)

// Names is the names of one kind that a file defines and may refer to. The zero
// value is empty.
type Names struct {
	// Incomplete is set when a definition could not be read. An unknown name may be
	// that one, so it is not reported.
	Incomplete bool

	list  []string
	set   map[string]bool
	index suggest.Index
	hints int // that were looked for, see maxHints
}

// Define collects the names of the items of a list, and reports duplicates. kind is
// what an item is called in problems.
func Define(kind string, list *Entry) Names {
	n := Names{Incomplete: !list.Valid()}
	first := map[string]int{}
	for _, item := range list.Items() {
		name := item.Get("name")
		if name == nil {
			n.Incomplete = true
			continue
		}
		if line, taken := first[name.text]; taken {
			name.Report(fmt.Sprintf("duplicate %s %s", kind, Quote(name.text)), fmt.Sprintf("first on line %d", line))
			continue
		}
		first[name.text] = name.Line()
		n.Add(name.text)
	}
	return n
}

// Add defines a name.
func (n *Names) Add(name string) {
	if n.set == nil {
		n.set = map[string]bool{}
	}
	if !n.set[name] {
		n.set[name] = true
		n.list = append(n.list, name)
		n.index.Add(name)
	}
}

// Has reports whether the name is defined.
func (n *Names) Has(name string) bool { return n.set[name] }

// List is the names in the order in which they were defined.
func (n *Names) List() []string { return n.list }

// Refer returns the name in an entry, and reports it when it is not defined.
func (n *Names) Refer(e *Entry, kind string) string {
	if e != nil && !n.Has(e.text) && !n.Incomplete {
		e.Report(n.unknown(kind, e.text))
	}
	return e.Text()
}

// maxHints is how many unknown names get a hint, if many names are known. A file that a
// program wrote must not keep a daemon from starting.
const maxHints = 200

func (n *Names) unknown(kind, name string) (text, hint string) {
	if n.hints++; n.hints > maxHints && len(n.list) > 100 {
		return "unknown " + kind + " " + Quote(name), ""
	}
	return Unknown(kind, name, n.list)
}

// ReferKey reports a key of a map that is not defined.
func (n *Names) ReferKey(m *Entry, key, kind string) {
	if !n.Has(key) && !n.Incomplete {
		text, hint := n.unknown(kind, key)
		m.ReportKey(key, text, hint)
	}
}

// Mention returns the name in an entry. It need not be defined, but a name that is
// almost equal to a defined one is reported as misspelt.
func (n *Names) Mention(e *Entry, kind string) string {
	if e == nil || n.Has(e.text) || n.Incomplete {
		return e.Text()
	}
	if meant := n.index.Within(e.text, 2); meant != "" {
		e.Report("unknown "+kind+" "+Quote(e.text), fmt.Sprintf("did you mean %q?", meant))
	}
	return e.text
}
