package yamldoc

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"winnow/internal/suggest"
)

// reader compares a tree with its shapes, and reports every value that does not
// match.
type reader struct{ *Document }

// read reads the value at a place; nil when it does not match the shape. literal is
// true where ${NAME} is not expanded.
func (r *reader) read(p *place, s *Shape, literal bool) *Entry {
	p = r.longForm(p, s)
	n := p.node
	r.markIfSecret(s, n)
	switch {
	case r.refused[n]:
		return nil
	case n.ShortTag() == "!!null":
		r.report(p.at, p, "expected "+s.expects()+", found nothing", "")
		return nil
	}
	e := &Entry{doc: r.Document, place: p, kind: s.Kind, unordered: s.Unordered}
	ok := false
	switch s.Kind {
	case List:
		ok = n.Kind == yaml.SequenceNode && r.items(e, s, literal)
	case OneOrMore:
		if n.Kind == yaml.SequenceNode {
			ok = r.items(e, s, literal)
		} else if item := r.read(p, s.Item, literal); item != nil {
			e.items, ok = []*Entry{item}, true
		} else {
			return nil
		}
	case Object:
		ok = n.Kind == yaml.MappingNode && r.object(e, s, nil, literal)
	case Map:
		ok = n.Kind == yaml.MappingNode && r.entries(e, s, literal)
	case ItemOrMap:
		if n.Kind == yaml.MappingNode {
			return r.read(p, s.Map, literal)
		}
		return r.read(p, s.Item, literal)
	case OneOf:
		ok = n.Kind == yaml.MappingNode && r.union(e, s, literal)
	case Any:
		e.text, ok = n.Value, true
	default:
		return r.scalar(e, s, literal)
	}
	if ok {
		return e
	}
	if !e.flawed {
		r.reportKind(p, s, literal)
	}
	return nil
}

// longForm is the place with its short form written out.
func (d *Document) longForm(p *place, s *Shape) *place {
	n := p.node
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return p
	}
	switch meant := s.ShortWords[n.Value]; {
	case meant != "":
		n = d.parseAt(meant, n)
	case s.ShortFor != "":
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s.ShortFor, Line: n.Line, Column: n.Column}
		n = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: n.Line, Column: n.Column, Content: []*yaml.Node{key, n}}
	default:
		return p
	}
	long := *p
	long.node = n
	return &long
}

// parseAt is the tree of YAML text from a shape, at the position of another node.
func (d *Document) parseAt(text string, at *yaml.Node) *yaml.Node {
	tree := d.parsed[text]
	if tree == nil {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			panic(err) // the shape is wrong
		}
		tree = doc.Content[0]
		d.parsed[text] = tree
	}
	return copyAt(tree, at)
}

func copyAt(tree, at *yaml.Node) *yaml.Node {
	n := *tree
	n.Line, n.Column, n.Content = at.Line, at.Column, nil
	for _, part := range tree.Content {
		n.Content = append(n.Content, copyAt(part, at))
	}
	return &n
}

// reportKind reports a value of another kind.
func (r *reader) reportKind(p *place, s *Shape, literal bool) {
	isName := s.Item != nil && s.Item.Pattern != nil && s.Item.Pattern.MatchString(p.node.Value)
	if !literal && !isName {
		r.markIfToken(p.node)
	}
	r.report(p.node, p, "expected "+s.expects()+", found "+kindOf(p.node), hintFor(s, p.node))
}

// hintFor is how to write what was probably meant.
func hintFor(s *Shape, n *yaml.Node) string {
	is := map[yaml.Kind]string{yaml.ScalarNode: s.Hints.Scalar, yaml.SequenceNode: s.Hints.List, yaml.MappingNode: s.Hints.Keys}
	scalar := n.Kind == yaml.ScalarNode
	switch {
	case is[n.Kind] != "":
		return is[n.Kind]
	case s.Kind == List && scalar && s.Item.Kind == Secret:
		return "put it in brackets"
	case s.Kind == List && scalar && s.Item.Kind != Object && s.Item.Kind != OneOf:
		return "put it in brackets: [" + Shorten(n.Value, 40) + "]"
	case s.Kind == List && n.Kind == yaml.MappingNode && s.Item.field("name") != nil:
		return "start each item with - name: …"
	case s.Kind == Object && s.Expect == "":
		return hintForKeys(s, n)
	}
	return ""
}

// hintForKeys is the key that the value was probably meant for, or all keys.
func hintForKeys(s *Shape, n *yaml.Node) string {
	only := s.onlyRequired()
	if len(s.Fields) == 1 {
		only = &s.Fields[0]
	}
	scalar := n.Kind == yaml.ScalarNode
	switch {
	case only == nil:
	case scalar && only.Shape.Kind == List:
		return fmt.Sprintf("write {%s: [%s]}", only.Key, Shorten(n.Value, 40))
	case scalar:
		return fmt.Sprintf("write {%s: %s}", only.Key, Shorten(n.Value, 40))
	case n.Kind == yaml.SequenceNode && (only.Shape.Kind == List || only.Shape.Kind == OneOrMore):
		return fmt.Sprintf("write {%s: […]}", only.Key)
	}
	return "the keys are " + strings.Join(s.Keys(), ", ")
}

// fail reports a problem of an entry and marks it as flawed.
func (r *reader) fail(e *Entry, at *yaml.Node, text, hint string) bool {
	e.flawed = true
	r.report(at, e.place, text, hint)
	return false
}

func (r *reader) items(e *Entry, s *Shape, literal bool) bool {
	n := e.place.node
	for i, node := range n.Content {
		item := r.read(e.place.item(i, node), s.Item, literal)
		if item == nil {
			e.flawed = true
			continue
		}
		e.items = append(e.items, item)
	}
	switch {
	case len(n.Content) < s.Min:
		return r.fail(e, e.place.at, "the list is empty", "write "+s.expects())
	case s.Max > 0 && len(n.Content) > s.Max:
		return r.fail(e, n.Content[s.Max], fmt.Sprintf("at most %d items are allowed", s.Max), s.Because)
	}
	return true
}

// entries reads a map.
func (r *reader) entries(e *Entry, s *Shape, literal bool) bool {
	n := e.place.node
	e.keys = map[string]*yaml.Node{}
	for key, node := range pairs(n) {
		if r.refused[key] {
			e.flawed = true
			continue
		}
		e.keys[key.Value] = key
		if item := r.read(e.place.key(key, node), s.Item, literal); item != nil {
			e.items = append(e.items, item)
		} else {
			e.flawed = true
		}
	}
	switch {
	case len(n.Content) == 0:
		return r.fail(e, e.place.at, "no key is set here", "write "+s.expects()+", or remove it")
	case s.Max > 0 && len(n.Content) > 2*s.Max:
		return r.fail(e, n.Content[2*s.Max], "too many keys", s.Because)
	}
	return true
}

// object reads known keys. of is the union that the object is a variant of, or nil.
func (r *reader) object(e *Entry, s *Shape, of *Union, literal bool) bool {
	n := e.place.node
	if len(n.Content) == 0 && s.Min > 0 {
		return r.fail(e, e.place.at, "no key is set here", "the keys are "+strings.Join(s.Keys(), ", "))
	}
	e.shape, e.fields, e.keys = s, map[string]*Entry{}, map[string]*yaml.Node{}
	meant := map[string]bool{}
	for key, node := range pairs(n) {
		f := s.field(key.Value)
		switch {
		case r.refused[key]:
			e.flawed = true
			if f != nil {
				r.markIfSecret(f.Shape, node)
			} else {
				r.markUnknown(key.Value, node)
			}
		case f == nil:
			e.flawed = true
			meant[r.unknownKey(e.place, s, of, key, node)] = true
		default:
			e.keys[f.Key] = key
			child := r.read(e.place.key(key, node), f.Shape, literal || f.Literal)
			e.flawed = e.flawed || child == nil
			if child != nil {
				e.fields[f.Key] = child
			}
		}
	}
	for i := range s.Fields {
		r.absent(e, &s.Fields[i], meant, literal)
	}
	return true
}

// absent sets a key that is not written to its default, or reports that it is
// missing, unless it is only misspelt. meant has what the unknown keys of the object
// probably mean, "" for one that is like none.
func (r *reader) absent(e *Entry, f *Field, meant map[string]bool, literal bool) {
	switch {
	case e.keys[f.Key] != nil:
	case f.Default != "":
		near := e.place.node
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: f.Key, Line: near.Line, Column: near.Column}
		e.fields[f.Key] = r.read(e.place.key(key, r.parseAt(f.Default, near)), f.Shape, literal)
		if e.fields[f.Key] != nil {
			e.fields[f.Key].isDefault = true
		}
		if meant[f.Key] || meant[""] {
			e.fields[f.Key].doubt()
		}
	case f.Required && !meant[f.Key]:
		hint := "it must be " + f.Shape.expects()
		if f.Shape.Kind == Object {
			hint = "its keys are " + strings.Join(f.Shape.Keys(), ", ")
		}
		r.report(e.place.at, e.place, Quote(f.Key)+" is missing", hint)
	}
}

// doubt marks a default as flawed, with all that is in it: an unknown key may be what was
// meant, so nothing is known to be missing there.
func (e *Entry) doubt() {
	if e == nil {
		return
	}
	e.flawed = true
	for _, field := range e.fields {
		field.doubt()
	}
}

// unknownKey reports a key that the object does not have, and returns the one that
// was probably meant.
func (r *reader) unknownKey(p *place, s *Shape, of *Union, key, node *yaml.Node) (meant string) {
	text, hint := Unknown("key", key.Value, s.Keys())
	meant = suggest.Nearest(key.Value, s.Keys())
	if other, ok := s.Misplaced[key.Value]; ok {
		text, hint, meant = other.Text, other.Hint, ""
	}
	if meant == "" && of != nil {
		other, ok := of.Misplaced[s.Fields[0].Key+"."+key.Value]
		if !ok {
			other, ok = of.Misplaced[key.Value]
		}
		if ok {
			text, hint = other.Text, other.Hint
		} else if of.accompanies(key.Value) {
			text = fmt.Sprintf("%q cannot be combined with %q", key.Value, s.Fields[0].Key)
			hint = fmt.Sprintf("a %s is one %s; join two with %s: [{…}, {…}]", of.Noun, of.Each, of.Join)
		}
	}
	r.report(key, p, text, hint)
	r.markIfToken(key)
	if f := s.field(meant); f != nil {
		r.markIfSecret(f.Shape, node)
		r.markIfToken(node)
	} else {
		r.markUnknown(key.Value, node)
	}
	return meant
}

// union finds the variant that is written, and reads it.
func (r *reader) union(e *Entry, s *Shape, literal bool) bool {
	n, u := e.place.node, s.Union
	if len(n.Content) == 0 {
		return r.fail(e, e.place.at, "the "+u.Noun+" is empty", "write "+s.expects())
	}
	var variant *Shape
	for key := range pairs(n) {
		v := u.variant(key.Value)
		switch {
		case v == nil:
		case variant != nil:
			text := fmt.Sprintf("%q and %q are two %ss in one %s", e.variant, key.Value, u.Each, u.Noun)
			return r.fail(e, key, text, fmt.Sprintf("write %s: [{%s: …}, {%s: …}]", u.Join, e.variant, key.Value))
		default:
			variant, e.variant = v, key.Value
		}
	}
	if variant != nil {
		return r.object(e, variant, u, literal)
	}
	unknown := false
	for key, value := range pairs(n) {
		switch {
		case r.refused[key]:
			e.flawed = true
		case !u.accompanies(key.Value):
			unknown = true
			text, hint := Unknown(u.Each, key.Value, u.Keys())
			if other, ok := u.Misplaced[key.Value]; ok {
				text, hint = other.Text, other.Hint
			}
			r.fail(e, key, text, hint)
			if suggest.Nearest(key.Value, u.Keys()) == "" {
				r.markUnknown(key.Value, value)
			}
		}
	}
	if !unknown && !e.flawed {
		r.fail(e, e.place.at, fmt.Sprintf("this %s has no %s", u.Noun, u.Each), "start it with one of "+strings.Join(u.Keys(), ", "))
	}
	return false
}

// markIfSecret marks a secret or a list of secrets, and also a value in the place of
// an object that has a secret.
func (r *reader) markIfSecret(s *Shape, node *yaml.Node) {
	if s.holdsSecret() || node.Kind != yaml.MappingNode && node.ShortTag() != "!!null" && slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Shape.holdsSecret() }) {
		r.markSecret(node)
	}
}

func (s *Shape) holdsSecret() bool { return s.Kind == Secret || s.Item != nil && s.Item.Kind == Secret }
