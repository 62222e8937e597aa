// Package lint warns of what is correct in a config and probably not meant: a rule
// that no event triggers, a segment that no contact can be in, a key without effect.
// Package config accepts such a config, and does not know this package.
//
// It warns only of what is certain, since people stop reading warnings that are
// wrong.
//
// To add a warning: a check in the file of its section (access.go, rules.go, segments.go, and
// lint.go for the rest) or of its question (evidence.go: is there a reason to
// suppress? optouts.go: do opt-outs stand?), and a case in testdata. A warning that something never
// happens also needs a law in laws_test.go, which tries to refute it on random
// events.
//
// The solver (solver*.go) finds conditions that are never true. A new test of
// conditions needs no change there: the solver takes a test that it does not know
// for possible.
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

// Check returns the warnings about a config from [config.Parse], in the order of the
// file. warnSchedule returns warnings about a valid schedule in a time zone, a
// sentence each; nil for none.
func Check(c *config.Config, warnSchedule func(text string, zone *time.Location) []string) []yamldoc.Problem {
	l := &linter{config: c, tables: map[string]provider.OutcomeTable{}, suppressingBy: map[hygiene.Outcome][]*hygiene.Rule{}, segments: map[string]int{}}
	for i := range c.Segments {
		l.segments[c.Segments[i].Name] = i
	}
	for _, s := range c.Sources {
		l.tables[s.Name] = s.Table()
	}
	root := c.Root()
	if warnSchedule != nil {
		l.checkSchedules(root, warnSchedule)
	}
	l.checkBreakers(root.Get("hygiene").Get("breaker").Items())
	l.checkSecrets(root)
	l.checkAddresses(root)
	l.checkSignatures(root.Get("sources").Items())
	l.checkContacts(root.Get("sources").Items())
	l.checkRules(root.Get("hygiene").Get("rules").Items())
	l.checkOptOuts(root)
	l.checkSegments(root.Get("segments").Items())
	l.checkDeltas(root.Get("exports").Items())
	l.warnings = append(l.warnings, c.Accepted...)
	slices.SortStableFunc(l.warnings, yamldoc.ByPlace)
	return l.warnings
}

// linter collects warnings. The config was read without a problem, so no entry of it
// is nil.
type linter struct {
	config   *config.Config
	tables   map[string]provider.OutcomeTable // of the sources, by name
	warnings []yamldoc.Problem

	segments      map[string]int                      // indexes in config.Segments, by name
	suppressingBy map[hygiene.Outcome][]*hygiene.Rule // see suppressing
}

// warn adds a warning at an entry.
func (l *linter) warn(e *yamldoc.Entry, text, hint string) {
	l.warnings = append(l.warnings, e.Warning(text, hint))
}

// warnKey adds a warning at one of the keys of an entry.
func (l *linter) warnKey(e *yamldoc.Entry, key, text, hint string) {
	l.warnings = append(l.warnings, e.KeyWarning(key, text, hint))
}

// checkSchedules warns of schedules that are written. It does not check defaults,
// which were not chosen.
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
		if rule := l.config.Policy.ProtectedBy(o); rule != "" && !l.config.Breakers[i].Tell {
			l.warn(e.Get("outcome"), fmt.Sprintf("this breaker only reports a surge: rule %q opts contacts out on %s, and a held opt-out is a contact texted against its word", rule, o), "write then: tell")
		}
		if len(l.tables) > 0 && !l.possible("", nil).Has(o) && o != hygiene.Blocked { // see awaited
			l.warn(e.Get("outcome"), fmt.Sprintf("this breaker never trips: no source reports %s", o), mapOutcome(o.String()))
		}
	}
}

// checkDeltas warns of deltas that do not identify the contacts that entered or left.
func (l *linter) checkDeltas(exports []*yamldoc.Entry) {
	identifies := func(c segments.Column) bool {
		return c.String() == "contact" || c.String() == "phone" || strings.HasPrefix(c.String(), "attributes.")
	}
	for _, x := range exports {
		for _, item := range x.Get("delta").Items() {
			name := item.Text()
			if !item.IsScalar() {
				name = item.Key() // with its changes
			}
			if i, known := l.segments[name]; known {
				if s := l.config.Segments[i]; len(s.Columns) > 0 && !slices.ContainsFunc(s.Columns, identifies) {
					l.warn(item, "this delta does not show which contacts entered or left: no column of the segment identifies a contact", "add contact to the columns of the segment")
				}
			}
		}
	}
}

// possible is every outcome that events of a source with these codes can have. An
// empty source is any source; nil codes are any codes.
func (l *linter) possible(source string, codes []string) hygiene.Outcomes {
	var all hygiene.Outcomes
	for name, table := range l.tables {
		if source == "" || source == name {
			all |= table.Possible(codes...)
		}
	}
	return all
}

// mapOutcome is the hint for an outcome that no event has.
func mapOutcome(outcome string) string {
	return "in the outcomes of a source, map an event to " + outcome
}

// orList joins words: a, b or c.
func orList(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}
