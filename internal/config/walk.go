package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"winnow/hygiene"
)

// entry is what stands at a place and has the shape it should have. A nil entry
// stands for what is not there or has a problem that was told: everything asked
// of it is answered with nothing, so one mistake is told once.
type entry struct {
	place  *place
	text   string
	number int64
	truth  bool
	span   time.Duration
	share  float64
	scalar hygiene.Value
	unset  bool // a secret whose variable is not set

	test   string   // of a condition
	items  []*entry // of lists; of tables, with the key as the place's word
	fields map[string]*entry
	keys   map[string]*yaml.Node // the keys that are written
	flawed bool                  // a key, value or item of it could not be read
}

// get is the value of a key.
func (e *entry) get(key string) *entry {
	if e == nil {
		return nil
	}
	return e.fields[key]
}

// has tells whether the key is written, rightly or not.
func (e *entry) has(key string) bool { return e != nil && e.keys[key] != nil }

// words is the text of a scalar.
func (e *entry) words() string {
	if e == nil {
		return ""
	}
	return e.text
}

// each is the items of a list.
func (e *entry) each() []*entry {
	if e == nil {
		return nil
	}
	return e.items
}

// sound tells whether all of it could be read, so that what is missing is
// missing, and not misspelt.
func (e *entry) sound() bool { return e != nil && !e.flawed }

// walker goes through the tree along the shapes, and tells of every place that
// has not the shape it should have.
type walker struct {
	*document
	lookup func(string) (string, bool)
	demand bool // the variables of secrets must be set
	kept   bool // but not those of servers
}

// walk reads what stands at a place; nil when it has not that shape.
func (w *walker) walk(p *place, s *shape, literal bool) *entry {
	n := p.node
	w.hideSecret(s, n)
	switch {
	case w.refused[n]:
		return nil
	case n.ShortTag() == "!!null":
		w.at(p.at, p, "expected "+s.says+", found nothing", "")
		return nil
	}
	e := &entry{place: p}
	ok := false
	switch s.kind {
	case list:
		ok = n.Kind == yaml.SequenceNode && w.items(e, s, literal)
	case oneOrMore:
		if n.Kind == yaml.SequenceNode {
			ok = w.items(e, s, literal)
		} else if item := w.walk(p, s.item, literal); item != nil {
			e.items, ok = []*entry{item}, true
		} else {
			return nil
		}
	case mapping:
		ok = n.Kind == yaml.MappingNode && w.mapping(e, s, literal)
	case table:
		ok = n.Kind == yaml.MappingNode && w.table(e, s, literal)
	case itemOrTable:
		if n.Kind == yaml.MappingNode {
			return w.walk(p, s.table, literal)
		}
		return w.walk(p, s.item, literal)
	case condition:
		ok = n.Kind == yaml.MappingNode && w.condition(e, s, literal)
	default:
		return w.scalar(e, s, literal)
	}
	if ok {
		return e
	}
	if !e.flawed {
		w.expected(p, s)
	}
	return nil
}

// expected tells that something else stands there.
func (w *walker) expected(p *place, s *shape) {
	w.at(p.node, p, "expected "+s.says+", found "+kindOf(p.node), hintFor(s, p))
}

// hintFor is how something else was probably meant.
func hintFor(s *shape, p *place) string {
	n := p.node
	plain := n.Kind == yaml.ScalarNode
	switch {
	case s == breaker && plain:
		return "take it out to have none"
	case p.word == string(hygiene.Is) && n.Kind == yaml.SequenceNode:
		return "write in: […] for one of several"
	case s.kind == condition && n.Kind == yaml.SequenceNode:
		return "join several with all: […] or any: […]"
	case s.kind == list && plain && s.item.kind == secret:
		return "put it in brackets"
	case s.kind == list && plain && s.item.kind != mapping && s.item.kind != condition:
		return "put it in brackets: [" + shorten(n.Value, 40) + "]"
	case s.kind == list && n.Kind == yaml.MappingNode && s.item == column:
		return "begin each column with -"
	case s.kind == list && n.Kind == yaml.MappingNode && s.item.field("name") != nil:
		return "begin each with - name: …"
	case s.kind == mapping && s.says == keysAndValues:
		return hintForKeys(s, n)
	}
	return ""
}

// hintForKeys is the key that what stands there was probably meant for, or all
// of them.
func hintForKeys(s *shape, n *yaml.Node) string {
	only := s.onlyRequired()
	if len(s.fields) == 1 {
		only = &s.fields[0]
	}
	plain := n.Kind == yaml.ScalarNode
	switch {
	case only == nil:
	case plain && only.shape.kind == list:
		return fmt.Sprintf("write {%s: [%s]}", only.name, shorten(n.Value, 40))
	case plain:
		return fmt.Sprintf("write {%s: %s}", only.name, shorten(n.Value, 40))
	case n.Kind == yaml.SequenceNode && (only.shape.kind == list || only.shape.kind == oneOrMore):
		return fmt.Sprintf("write {%s: […]}", only.name)
	}
	return "the keys are " + strings.Join(s.names(), ", ")
}

// fail tells of a problem of an entry and marks it as flawed.
func (w *walker) fail(e *entry, at *yaml.Node, text, hint string) bool {
	e.flawed = true
	w.at(at, e.place, text, hint)
	return false
}

func (w *walker) items(e *entry, s *shape, literal bool) bool {
	n := e.place.node
	for i, node := range n.Content {
		item := w.walk(e.place.item(i, node), s.item, literal)
		if item == nil {
			e.flawed = true
			continue
		}
		e.items = append(e.items, item)
	}
	switch {
	case len(n.Content) < s.min:
		return w.fail(e, e.place.at, "the list is empty", "write "+s.says)
	case s.max > 0 && len(n.Content) > s.max:
		return w.fail(e, n.Content[s.max], fmt.Sprintf("at most %d are possible", s.max), s.because)
	}
	return true
}

func (w *walker) table(e *entry, s *shape, literal bool) bool {
	n := e.place.node
	for key, node := range pairs(n) {
		if w.refused[key] {
			e.flawed = true
		} else if item := w.walk(e.place.key(key, node), s.item, literal); item != nil {
			e.items = append(e.items, item)
		} else {
			e.flawed = true
		}
	}
	if len(n.Content) == 0 {
		return w.fail(e, e.place.at, "nothing is said here", "write "+s.says+", or take it out")
	}
	return true
}

func (w *walker) mapping(e *entry, s *shape, literal bool) bool {
	n := e.place.node
	if len(n.Content) == 0 && s.min > 0 {
		return w.fail(e, e.place.at, "nothing is said here", "the keys are "+strings.Join(s.names(), ", "))
	}
	e.fields, e.keys = map[string]*entry{}, map[string]*yaml.Node{}
	meant := map[string]bool{}
	for key, node := range pairs(n) {
		f := s.field(key.Value)
		switch {
		case w.refused[key]:
			e.flawed = true
			if f != nil {
				w.hideSecret(f.shape, node)
			}
		case f == nil:
			meant[w.unknownKey(e, s, key, node)] = true
		default:
			e.keys[f.name] = key
			child := w.walk(e.place.key(key, node), f.shape, literal || f.literal)
			e.flawed = e.flawed || child == nil
			if child != nil {
				e.fields[f.name] = child
			}
		}
	}
	for i := range s.fields {
		w.absent(e, &s.fields[i], meant, literal)
	}
	return true
}

// absent gives a key that is not written its standing value, or misses it. It
// does not miss what was only misspelt.
func (w *walker) absent(e *entry, f *field, meant map[string]bool, literal bool) {
	switch {
	case e.keys[f.name] != nil:
	case f.standard != "":
		e.fields[f.name] = w.walk(e.place.key(standingFor(f, e.place.node)), f.shape, literal)
	case f.required && !meant[f.name]:
		hint := "it is " + f.shape.says
		if f.shape.kind == mapping {
			hint = "its keys are " + strings.Join(f.shape.names(), ", ")
		}
		w.at(e.place.at, e.place, quote(f.name)+" is missing", hint)
	}
}

// standingFor is the key and the value that stand for one not written, at the
// place of the mapping that lacks it.
func standingFor(f *field, near *yaml.Node) (key, node *yaml.Node) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(f.standard), &doc); err != nil {
		panic(err) // the table of shapes is wrong
	}
	node = doc.Content[0]
	node.Line, node.Column = near.Line, near.Column
	return &yaml.Node{Kind: yaml.ScalarNode, Value: f.name, Line: near.Line, Column: near.Column}, node
}

// unknownKey tells of a key that is not in the table, and which was meant.
func (w *walker) unknownKey(e *entry, s *shape, key, node *yaml.Node) (meant string) {
	e.flawed = true
	known := s.names()
	text, hint := unknown("key", key.Value, known)
	meant = nearest(key.Value, known, reach(key.Value))
	switch {
	case meant != "" || e.test == "":
	case key.Value == "apart":
		text, hint = `a condition has no "apart"`, `only a rule's "when" has`
	case slices.Contains(companions, key.Value):
		text, hint = fmt.Sprintf("%q does not go with %q", key.Value, e.test), "a condition is one test: join two with all: [{…}, {…}]"
	}
	w.at(key, e.place, text, hint)
	if f := s.field(meant); f != nil {
		w.hideSecret(f.shape, node)
	}
	return meant
}

// hideSecret hides what was meant to be a secret, or a list of them; also one
// that stands where the keys around it should.
func (w *walker) hideSecret(s *shape, node *yaml.Node) {
	if s.holdsSecret() || node.Kind != yaml.MappingNode && node.ShortTag() != "!!null" && slices.ContainsFunc(s.fields, func(f field) bool { return f.shape.holdsSecret() }) {
		w.hide(node)
	}
}

func (s *shape) holdsSecret() bool { return s.kind == secret || s.item != nil && s.item.kind == secret }

// condition reads the one test that a condition is.
func (w *walker) condition(e *entry, s *shape, literal bool) bool {
	n := e.place.node
	if len(n.Content) == 0 {
		return w.fail(e, e.place.at, "an empty condition", "write "+s.says)
	}
	var test *shape
	for key := range pairs(n) {
		t := s.test(key.Value)
		switch {
		case t == nil:
		case test != nil:
			text := fmt.Sprintf("%q and %q are two tests", e.test, key.Value)
			return w.fail(e, key, text, fmt.Sprintf("write all: [{%s: …}, {%s: …}]", e.test, key.Value))
		default:
			test, e.test = t, key.Value
		}
	}
	if test != nil {
		return w.mapping(e, test, literal)
	}
	strange := 0
	for key := range pairs(n) {
		if w.refused[key] {
			e.flawed = true
			continue
		}
		if slices.Contains(companions, key.Value) {
			continue
		}
		strange++
		text, hint := unknown("test", key.Value, s.testNames())
		if len(s.tests) < len(allTests) && slices.Contains(allTests, key.Value) {
			text, hint = fmt.Sprintf("a rule can't ask for %q", key.Value), "a rule's where knows "+strings.Join(s.testNames(), ", ")
		}
		w.fail(e, key, text, hint)
	}
	if strange == 0 && !e.flawed {
		w.fail(e, e.place.at, "this condition has no test", "it begins with one of "+strings.Join(s.testNames(), ", "))
	}
	return false
}
