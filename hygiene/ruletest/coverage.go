package ruletest

import (
	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// Coverage is what no test has tried. Its lists are never nil.
type Coverage struct {
	Rules []string `json:"rules"` // rules that never acted, in the order of the file
	Codes []Code   `json:"codes"` // codes that were never sent, in the order of the sources' tables
}

// Code is one of a provider's codes.
type Code struct {
	Source string `json:"source"`
	Event  string `json:"event"`
	Code   string `json:"code"`
}

// covered is what the tests have tried so far.
type covered struct {
	rules map[string]bool
	codes map[Code]bool
}

func (c *covered) rule(name string) {
	if c.rules == nil {
		c.rules = map[string]bool{}
	}
	c.rules[name] = true
}

// event notes the code of an event. A test that names an outcome and a code sends
// the event that the provider has for them.
func (c *covered) event(sources []Source, e *hygiene.Event) {
	if c.codes == nil {
		c.codes = map[Code]bool{}
	}
	for i := range sources {
		if sources[i].Name != e.Source {
			continue
		}
		for _, l := range sources[i].Lines {
			if l.Code == e.Code && (provider.NormalizeEvent(l.Event) == provider.NormalizeEvent(e.Name) || e.Name == "" && l.Outcome == e.Outcome) {
				c.codes[Code{e.Source, provider.NormalizeEvent(l.Event), l.Code}] = true
			}
		}
	}
}

// Coverage is what no case has tried so far.
func (b *Runner) Coverage() Coverage {
	c := Coverage{Rules: []string{}, Codes: []Code{}}
	for i := range b.Policy.Rules {
		if name := b.Policy.Rules[i].Name; !b.covered.rules[name] {
			c.Rules = append(c.Rules, name)
		}
	}
	for _, s := range b.Sources {
		for _, l := range s.Lines {
			if code := (Code{s.Name, provider.NormalizeEvent(l.Event), l.Code}); l.Code != "" && !b.covered.codes[code] {
				c.Codes = append(c.Codes, code)
			}
		}
	}
	return c
}
