package yamldoc

import "fmt"

// Names is the words of one kind that a file defines, and that it may refer to.
// The zero value is none.
type Names struct {
	// Incomplete says that one could not be read, so an unknown name may be that
	// one and is not reported.
	Incomplete bool

	list []string
	set  map[string]bool
}

// Define collects the names of the items of a list, and reports the second of a
// name. kind is what the items are called.
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
	}
}

// Has reports whether the name is defined.
func (n *Names) Has(name string) bool { return n.set[name] }

// List is the names in the order in which they were defined.
func (n *Names) List() []string { return n.list }

// Refer is the name that an entry gives, and reports one that is not defined.
func (n *Names) Refer(e *Entry, kind string) string {
	if e != nil && !n.Has(e.text) && !n.Incomplete {
		e.Report(Unknown(kind, e.text, n.list))
	}
	return e.Text()
}

// ReferKey reports a key of a map that is not a defined name.
func (n *Names) ReferKey(m *Entry, key, kind string) {
	if !n.Has(key) && !n.Incomplete {
		text, hint := Unknown(kind, key, n.list)
		m.ReportKey(key, text, hint)
	}
}

// Mention is the name that an entry gives. It need not be defined, but one that
// nearly is a defined one is reported as misspelt.
func (n *Names) Mention(e *Entry, kind string) string {
	if e == nil || n.Has(e.text) || n.Incomplete {
		return e.Text()
	}
	if meant := nearest(e.text, n.list, 2); meant != "" {
		e.Report("unknown "+kind+" "+Quote(e.text), fmt.Sprintf("did you mean %q?", meant))
	}
	return e.text
}
