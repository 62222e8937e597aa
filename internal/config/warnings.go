package config

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/segments"
)

// warner tells what a good file hardly means. It tells only what is certain: a
// warning that is wrong once is read by nobody the next time.
type warner struct {
	*reader
	config *Config
	tables map[string]provider.Meanings // of the sources, by name
}

// warn fills the warnings of a config that was read without a problem, so that
// every entry and every value is there.
func (r *reader) warn(c *Config, e *entry) {
	w := &warner{reader: r, config: c, tables: map[string]provider.Meanings{}}
	for _, s := range c.Sources {
		if table, err := provider.MeaningsOf(s.Preset, s.Outcomes); err == nil {
			w.tables[s.Name] = table
		}
	}
	w.warnSchedules(e)
	w.warnBreakers(e.get("hygiene").get("breaker").each())
	w.warnRules(e.get("hygiene").get("rules").each())
	w.warnSegments(e.get("segments").each())
	w.warnDeltas(e.get("exports").each())
	r.show(r.warnings)
	c.Warnings = r.warnings
}

// doubt tells a warning of an entry.
func (w *warner) doubt(e *entry, text, hint string) {
	w.warning(e.place.node, e.place, text, hint)
}

// doubtKey tells a warning of a mapping at one of its keys.
func (w *warner) doubtKey(e *entry, key, text, hint string) {
	w.warning(e.keys[key], e.place, text, hint)
}

// warnDeltas asks about deltas that say that somebody left, and not who.
func (w *warner) warnDeltas(exports []*entry) {
	tells := func(c segments.Column) bool {
		return c.String() == "contact" || c.String() == "phone" || strings.HasPrefix(c.String(), "attributes.")
	}
	for _, x := range exports {
		for _, item := range x.get("delta").each() {
			for _, s := range w.config.Segments {
				if s.Name == item.text && len(s.Columns) > 0 && !slices.ContainsFunc(s.Columns, tells) {
					w.doubt(item, "nobody can tell from this delta who entered or left: its columns name no contact", "add contact to the columns of the segment")
				}
			}
		}
	}
}

// warnSchedules asks about the schedules that are written: of those that stand
// where nothing is written nobody chose the hour.
func (w *warner) warnSchedules(e *entry) {
	if w.options.WarnSchedule == nil {
		return
	}
	written := func(of *entry, key string) {
		if !of.has(key) {
			return
		}
		for _, text := range w.options.WarnSchedule(of.get(key).text, w.config.Timezone) {
			w.doubt(of.get(key), text, "")
		}
	}
	written(e.get("hygiene"), "sweep")
	written(e.get("hygiene"), "review")
	for _, export := range e.get("exports").each() {
		written(export, "schedule")
	}
}

func (w *warner) warnBreakers(entries []*entry) {
	for i, e := range entries {
		o := w.config.Breakers[i].Outcome
		if len(w.tables) > 0 && !w.possible("", nil).Has(o) {
			w.doubt(e.get("outcome"), fmt.Sprintf("this breaker never trips: no source gives %s", o), sayWhich(o.String()))
		}
	}
}

// possible is every outcome that events of a source can have; of any source
// when none is named, with any code when no codes are.
func (w *warner) possible(source string, codes []string) hygiene.Outcomes {
	var all hygiene.Outcomes
	for name, table := range w.tables {
		if source == "" || source == name {
			all |= table.Possible(codes...)
		}
	}
	return all
}

func sayWhich(outcome string) string {
	return "say in the outcomes of a source which event is " + outcome
}

// named writes words as people list them: a, b or c.
func named(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, "")
}
