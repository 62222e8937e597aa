package app

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/ruletest"
	"winnow/internal/config"
	"winnow/segments"
)

// Bench is where the tests of a config are tried.
func Bench(cfg *config.Config) (*ruletest.Bench, error) {
	byName, err := Readers(cfg)
	if err != nil {
		return nil, err
	}
	b := &ruletest.Bench{Policy: cfg.Policy}
	b.Membership = func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) (bool, error) {
		return membership(cfg.Segments, c, lists, at).In(segment)
	}
	b.WhyMember = func(c *hygiene.Contact, lists []string, segment string, at hygiene.Instant) string {
		f, err := membership(cfg.Segments, c, lists, at).Explain(segment)
		if err != nil {
			return err.Error()
		}
		return f.Why
	}
	for _, s := range cfg.Sources {
		b.Sources = append(b.Sources, ruletest.Source{Name: s.Name, Reader: byName[s.Name], Table: byName[s.Name].Lines()})
	}
	return b, nil
}

// onLists is the static lists that the contact of a test is on.
type onLists []string

// InList implements [segments.Lists].
func (l onLists) InList(list, _ string) (bool, error) { return slices.Contains(l, list), nil }

// membership asks the segments themselves about the contact of a test.
func membership(all []segments.Segment, c *hygiene.Contact, lists []string, at hygiene.Instant) *segments.Membership {
	m := segments.NewMembership(all, onLists(lists), at)
	m.Turn(c)
	return m
}
