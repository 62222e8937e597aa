// Package lint warns of what is right in a config and probably not meant: a rule
// that no event triggers, a segment that no contact can be in, a key without
// effect. Package config does not know of it: it accepts such a config.
//
// It warns only of what is certain. A warning that is wrong once is not read the
// next time.
//
// To add a warning: a check in the file of its section (rules.go, segments.go,
// and the rest here), a case in testdata, and, if it says that something never
// happens, a law in laws_test.go that tries to refute it on random histories. The
// solver (solver*.go) finds conditions that are never true. A new test of
// conditions needs nothing there: what the solver does not know it takes for
// possible.
package lint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/internal/yamldoc"
	"winnow/segments"
)

// Check returns the warnings about a config that [config.Parse] read, in the order
// of the file. warnSchedule returns what is to be warned of about a good schedule
// in a time zone, a sentence each; nil for nothing.
func Check(c *config.Config, warnSchedule func(text string, zone *time.Location) []string) []yamldoc.Problem {
	l := &linter{config: c, tables: map[string]provider.Meanings{}}
	for _, s := range c.Sources {
		if table, err := provider.MeaningsOf(s.Preset, s.Outcomes); err == nil {
			l.tables[s.Name] = table
		}
	}
	root := c.Root()
	if warnSchedule != nil {
		l.checkSchedules(root, warnSchedule)
	}
	l.checkBreakers(root.Get("hygiene").Get("breaker").Items())
	l.checkRules(root.Get("hygiene").Get("rules").Items())
	l.checkSegments(root.Get("segments").Items())
	l.checkDeltas(root.Get("exports").Items())
	slices.SortStableFunc(l.warnings, yamldoc.ByPlace)
	return l.warnings
}

// linter collects warnings. Every entry and every value of the config is there,
// since it was read without a problem.
type linter struct {
	config   *config.Config
	tables   map[string]provider.Meanings // of the sources, by name
	warnings []yamldoc.Problem
}

// warn adds a warning at an entry.
func (l *linter) warn(e *yamldoc.Entry, text, hint string) {
	l.warnings = append(l.warnings, e.Warning(text, hint))
}

// warnKey adds a warning at one of the keys of an entry.
func (l *linter) warnKey(e *yamldoc.Entry, key, text, hint string) {
	l.warnings = append(l.warnings, e.KeyWarning(key, text, hint))
}

// checkSchedules warns of schedules that are written, not of defaults: nobody
// chose those.
func (l *linter) checkSchedules(root *yamldoc.Entry, warnSchedule func(string, *time.Location) []string) {
	check := func(of *yamldoc.Entry, key string) {
		if !of.Has(key) {
			return
		}
		for _, text := range warnSchedule(of.Get(key).Text(), l.config.Timezone) {
			l.warn(of.Get(key), text, "")
		}
	}
	check(root.Get("hygiene"), "sweep")
	check(root.Get("hygiene"), "review")
	for _, export := range root.Get("exports").Items() {
		check(export, "schedule")
	}
}

func (l *linter) checkBreakers(entries []*yamldoc.Entry) {
	for i, e := range entries {
		o := l.config.Breakers[i].Outcome
		if len(l.tables) > 0 && !l.possible("", nil).Has(o) {
			l.warn(e.Get("outcome"), fmt.Sprintf("this breaker never trips: no source reports %s", o), mapOutcome(o.String()))
		}
	}
}

// checkDeltas warns of deltas that show that a contact left, and not which.
func (l *linter) checkDeltas(exports []*yamldoc.Entry) {
	identifies := func(c segments.Column) bool {
		return c.String() == "contact" || c.String() == "phone" || strings.HasPrefix(c.String(), "attributes.")
	}
	for _, x := range exports {
		for _, item := range x.Get("delta").Items() {
			for _, s := range l.config.Segments {
				if s.Name == item.Text() && len(s.Columns) > 0 && !slices.ContainsFunc(s.Columns, identifies) {
					l.warn(item, "this delta does not show which contacts entered or left: no column of the segment identifies a contact", "add contact to the columns of the segment")
				}
			}
		}
	}
}

// possible is every outcome that events of a source can have; of any source when
// none is named, with any code when no codes are.
func (l *linter) possible(source string, codes []string) hygiene.Outcomes {
	var all hygiene.Outcomes
	for name, table := range l.tables {
		if source == "" || source == name {
			all |= table.Possible(codes...)
		}
	}
	return all
}

// mapOutcome is what to do about an outcome that no event has.
func mapOutcome(outcome string) string {
	return "in the outcomes of a source, map an event to " + outcome
}

// orList writes words as people list them: a, b or c.
func orList(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}
