package hygiene

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"winnow/hygiene/instant"
)

// Phrase is a text for people in which times are still values, so that each reader
// can write them in its own way. Its parts are strings, numbers, [Instant]s and
// other phrases.
type Phrase []any

// String is the text with its times in RFC 3339.
func (p Phrase) String() string { return p.Format(Instant.String) }

// Format is the text with its times as instant writes them.
func (p Phrase) Format(instant func(Instant) string) string {
	var b strings.Builder
	p.write(&b, instant)
	return b.String()
}

func (p Phrase) write(b *strings.Builder, instant func(Instant) string) {
	for _, part := range p {
		switch part := part.(type) {
		case Instant:
			b.WriteString(instant(part))
		case Phrase:
			part.write(b, instant)
		default:
			fmt.Fprint(b, part)
		}
	}
}

// MarshalText is the text as String gives it.
func (p Phrase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// joinPhrases puts separator between the phrases.
func joinPhrases(list []Phrase, separator string) Phrase {
	var all Phrase
	for i, p := range list {
		if i > 0 {
			all = append(all, separator)
		}
		all = append(all, p)
	}
	return all
}

// Finding is the verdict of a condition about a contact, and the values that
// decided it. The parts of all, any and not are all there, also those after the
// one that decided.
type Finding struct {
	Test  string    `json:"test"` // the condition as it is written
	Holds bool      `json:"holds"`
	Why   Phrase    `json:"why,omitempty"` // the shortest facts that suffice for the verdict
	Parts []Finding `json:"parts,omitempty"`

	Operator string `json:"-"` // of the parts: all, any or not; empty for a single test

	counted tally // of an outcome test
}

// Explain evaluates the condition and keeps what it saw: there is no second
// evaluation that could say something else.
func Explain(c Condition, s *Subject) Finding {
	f := Finding{Test: c.String()}
	recording := *s
	recording.finding = &f
	f.Holds = c.Holds(&recording)
	return f
}

// join gives a finding the reason that follows from its parts, and reports whether
// one of them has the verdict, which decides. Then the shortest reason of those
// suffices; otherwise all are needed.
func (f *Finding) join(verdict bool) bool {
	var deciding, all []Phrase
	for i := range f.Parts {
		all = append(all, f.Parts[i].Why)
		if f.Parts[i].Holds == verdict {
			deciding = append(deciding, f.Parts[i].Why)
		}
	}
	if deciding == nil {
		f.Why = joinPhrases(all, "; ")
		return false
	}
	f.Why = slices.MinFunc(deciding, func(a, b Phrase) int {
		return utf8.RuneCountInString(a.String()) - utf8.RuneCountInString(b.String())
	})
	return true
}

// evidence is the entries that were counted by the tests that hold: their places in
// the log, and the time of the oldest.
func (f *Finding) evidence() (seqs []int64, oldest Instant) {
	if f.Parts == nil {
		return f.counted.seqs, f.counted.oldest
	}
	for i := range f.Parts {
		if !f.Parts[i].Holds {
			continue
		}
		more, at := f.Parts[i].evidence()
		seqs, oldest = append(seqs, more...), earliest(oldest, at)
	}
	slices.Sort(seqs)
	return slices.Compact(seqs), oldest
}

// why says what counted and, where that is too little, what did not:
// "soft_bounce: 2 of 4 counted (T, T); not counted: 1 outside 14d (T)".
func (r *countRecord) why() Phrase {
	if r.counted == nil && r.excluded == nil {
		return Phrase{"no " + r.Outcomes.nouns() + " is known"}
	}
	why := Phrase{strings.Join(r.Outcomes.Names(), " or "), ": ", r.whyCounted()}
	if len(r.counted) >= max(r.Count, 1) {
		return why
	}
	if r.excluded != nil {
		var groups []Phrase
		for _, x := range r.excluded {
			groups = append(groups, r.whyExcluded(x))
		}
		why = append(why, "; not counted: ", joinPhrases(groups, ", "))
	}
	if known := r.h.knownSince(r.Outcomes); known != 0 && (r.Within == 0 || known >= r.from) {
		why = append(why, "; what was before ", known, " is no longer kept")
	}
	return why
}

// whyCounted is how many entries counted, and when the latest of them were: as
// many as one may want to look up.
func (r *countRecord) whyCounted() Phrase {
	n := len(r.counted)
	shown, why := 4, Phrase{n, " counted"}
	switch {
	case n < r.Count:
		why = Phrase{n, " of ", r.Count, " counted"}
	case r.Count > 1:
		why = append(why, ", ", r.Count, " needed")
	default:
		shown = 1
	}
	if n == 0 {
		return why
	}
	which := " ("
	if n > shown {
		which = " (the latest "
	}
	var at []Phrase
	for _, e := range slices.Backward(r.counted[:min(n, shown)]) {
		at = append(at, Phrase{e.At})
	}
	return append(why, which, joinPhrases(at, ", "), ")")
}

// whyExcluded is how many entries did not count for one reason, and when the
// latest of them was.
func (r *countRecord) whyExcluded(x excludedEntries) Phrase {
	if x.n == 1 {
		return Phrase{"1 ", r.reason(x.why), " (", x.latest, ")"}
	}
	return Phrase{x.n, " ", r.reason(x.why), " (the latest ", x.latest, ")"}
}

func (r *countRecord) reason(x exclusion) Phrase {
	switch x {
	case later:
		return Phrase{"later than ", r.at.At}
	case outsideWithin:
		return Phrase{"outside ", instant.FormatDuration(r.Within)}
	case beforeSince:
		return Phrase{"not after the ", r.h.outcomeAt(r.since).Noun(), " of ", r.since.At}
	case beyondHistory:
		return Phrase{"older than what is kept of each of these outcomes"}
	case otherSource:
		return Phrase{"of another source"}
	case otherCode:
		return Phrase{"of another code"}
	case struckOut:
		return Phrase{"struck by an operator"}
	case answered:
		return Phrase{"answered"}
	case waiting:
		return Phrase{"sent less than ", instant.FormatDuration(r.Silent), " ago"}
	case ofOther:
		return Phrase{"of a message that another contact of the number has too"}
	}
	return Phrase{"less than ", instant.FormatDuration(r.Apart), " from a counted one"}
}

// outcomeAt is the outcome of the entry of that moment.
func (h *History) outcomeAt(m Moment) Outcome {
	for o := range h.outcomes {
		if slices.ContainsFunc(h.outcomes[o].Entries, func(e Entry) bool { return e.Moment == m }) {
			return Outcome(o)
		}
	}
	return Unrecognized
}

// roughly is a duration in its two largest units.
func roughly(d time.Duration) string {
	unit := time.Second
	switch {
	case d >= Day:
		unit = time.Hour
	case d >= time.Hour:
		unit = time.Minute
	}
	return instant.FormatDuration(d.Truncate(unit))
}
