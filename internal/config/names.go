package config

import (
	"fmt"
	"strings"

	"winnow/hygiene"
)

// names is the words of one kind that the file defines.
type names struct {
	list  []string
	set   map[string]bool
	holes bool // one could not be read, so an unknown name may be that one
}

func (n *names) has(name string) bool { return n.set[name] }

func (n *names) add(name string) {
	if n.set == nil {
		n.set = map[string]bool{}
	}
	if !n.set[name] {
		n.set[name] = true
		n.list = append(n.list, name)
	}
}

// learn collects what the file defines, and refuses the second of a name.
func (r *reader) learn(e *entry) {
	r.sources = r.define("source", e.get("sources"))
	r.define("rule", e.get("hygiene").get("rules"))
	r.segments = r.define("segment", e.get("segments"))
	r.define("export", e.get("exports"))

	r.learnRules(e.get("hygiene").get("rules"))
}

// learnRules collects the reasons and tags that rules give.
func (r *reader) learnRules(rules *entry) {
	for _, reason := range []string{"hard_bounce", "soft_bounce", hygiene.OptedOut, "dormant"} {
		r.reasons.add(reason)
	}
	holes := rules == nil || rules.flawed
	r.reasons.holes, r.tags.holes = holes, holes
	for _, rule := range rules.each() {
		then := rule.get("then")
		suppress, tag := then.get("suppress"), then.get("tag")
		if reason := suppress.get("reason"); reason != nil {
			r.reasons.add(reason.text)
		} else if !then.sound() || suppress != nil {
			r.reasons.holes = true
		}
		if tag != nil {
			r.tags.add(tag.text)
		} else if !then.sound() {
			r.tags.holes = true
		}
	}
}

// define collects the names of one kind.
func (r *reader) define(kind string, list *entry) names {
	n := names{holes: list == nil || list.flawed}
	first := map[string]int{}
	for _, item := range list.each() {
		name := item.get("name")
		if name == nil {
			n.holes = true
			continue
		}
		if line, taken := first[name.text]; taken {
			r.tellAt(name, fmt.Sprintf("the %s %s is there already", kind, quote(name.text)), fmt.Sprintf("first on line %d", line))
			continue
		}
		first[name.text] = name.place.node.Line
		n.add(name.text)
	}
	return n
}

// refer is a name that must be defined.
func (r *reader) refer(e *entry, noun string, known *names) string {
	if e == nil {
		return ""
	}
	if !known.has(e.text) && !known.holes {
		text, hint := unknown(noun, e.text, known.list)
		r.tellAt(e, text, hint)
	}
	return e.text
}

// reason is a reason, which people may invent, but not by a typing error.
func (r *reader) reason(e *entry) string {
	return r.nearly(e, "reason", &r.reasons)
}

// nearly is a name that need not be defined, but must not be nearly one that is.
func (r *reader) nearly(e *entry, noun string, known *names) string {
	if e == nil || known.has(e.text) || known.holes {
		return e.words()
	}
	if meant := nearest(e.text, known.list, 2); meant != "" {
		r.tellAt(e, "unknown "+noun+" "+quote(e.text), fmt.Sprintf("did you mean %q?", meant))
	}
	return e.text
}

// eventWord is a provider's word as events are compared.
func eventWord(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
