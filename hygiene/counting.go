package hygiene

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"winnow/hygiene/instant"
)

// Counting says which entries of a history count, and how many must.
type Counting struct {
	Outcomes Outcomes
	Codes    []string      // only these codes; nil for any
	Source   string        // only this source; empty for any
	Count    int           // how many make it hold, 1 to [EntriesKept]
	Within   time.Duration // an entry at exactly Within counts; 0 for no limit
	Since    Outcomes      // only after the last of these; 0 for none
	Apart    time.Duration // an entry nearer than this to a counted one does not count
	// Silent counts only entries whose message has had no terminal event for so long, see
	// [TerminalOutcomes]; 0 counts them all. The digest of a rule without it is that of before.
	Silent time.Duration `json:",omitzero"`
}

// String is the counting as it is written, without braces and without defaults.
func (q *Counting) String() string {
	b := "outcome: " + oneOrList(q.Outcomes.Names())
	if q.Codes != nil {
		b += ", codes: [" + strings.Join(q.Codes, ", ") + "]"
	}
	if q.Source != "" {
		b += ", source: " + q.Source
	}
	if q.Count > 1 {
		b += ", count: " + strconv.Itoa(q.Count)
	}
	if q.Within > 0 {
		b += ", within: " + instant.FormatDuration(q.Within)
	}
	if q.Since != 0 {
		b += ", since: " + oneOrList(q.Since.Names())
	}
	if q.Apart > 0 {
		b += ", apart: " + instant.FormatDuration(q.Apart)
	}
	if q.Silent > 0 {
		b += ", silent: " + instant.FormatDuration(q.Silent)
	}
	return b
}

// triggeredBy reports whether an entry of that outcome and kind triggers the rule.
func (q *Counting) triggeredBy(o Outcome, k Kind) bool {
	return q.Outcomes.Has(o) && q.matchesSource(k) && q.matchesCode(k)
}

func (q *Counting) matchesSource(k Kind) bool { return q.Source == "" || q.Source == k.Source }

func (q *Counting) matchesCode(k Kind) bool {
	if q.Codes == nil {
		return true
	}
	for _, code := range q.Codes {
		if code == k.Code {
			return true
		}
	}
	return false
}

// everyEventCounts reports whether each event of the outcomes makes the counting
// hold.
func (q *Counting) everyEventCounts() bool {
	return q.Codes == nil && q.Source == "" && q.Count <= 1 && q.Silent == 0
}

// exclusion is why an entry of the outcomes does not count.
type exclusion uint8

const (
	included      exclusion = iota // it counts
	later                          // than now
	outsideWithin                  // as are all older ones
	beforeSince                    // as are all older ones
	beyondHistory                  // older than what is known of each outcome; as are all older ones
	otherSource
	otherCode
	struckOut
	tooClose // to one that counts
	ofOther  // contact of the number, whose event of the same message counts
	answered // by a terminal event
	waiting  // for a terminal event, and not for long enough
	exclusions
)

// window goes through what a counting looks at, at a moment, the newest entry first.
type window struct {
	*Counting
	h       *History
	entries cursor
	at      Moment
	struck  func(*Entry) bool // nil strikes nothing
	from    Instant           // nothing before it is within
	since   Moment            // nothing up to it counts
	known   Instant           // with since or silent: nothing before it is known of each outcome
	last    Instant           // time of the entry that counted last; 0 for none
}

func (q *Counting) window(h *History, at Moment, struck func(*Entry) bool) window {
	w := window{Counting: q, h: h, entries: h.newestFirst(q.Outcomes, at), at: at, struck: struck}
	if q.Within > 0 {
		w.from = at.At.Add(-q.Within)
	}
	if q.Silent > 0 {
		w.from, w.known = max(w.from, at.At.Add(-SilentFor)), h.knownSince(TerminalOutcomes())
	}
	if q.Since == 0 {
		return w
	}
	for o := range q.Since.All() {
		for _, e := range slices.Backward(h.outcomes[o].Entries) {
			if !e.After(at) {
				if e.After(w.since) {
					w.since = e.Moment
				}
				break
			}
		}
	}
	w.known = max(w.known, h.knownSince(q.Outcomes|q.Since))
	return w
}

// exclusion is why the entry does not count. It is the one place that says what
// counts.
func (w *window) exclusion(e *Entry) exclusion {
	switch {
	case e.After(w.at):
		return later
	case e.At < w.from:
		return outsideWithin
	case !e.After(w.since):
		return beforeSince
	case e.At < w.known:
		return beyondHistory
	}
	kind := w.h.Kind(e)
	switch {
	case !w.matchesSource(kind):
		return otherSource
	case !w.matchesCode(kind):
		return otherCode
	case w.struck != nil && w.struck(e):
		return struckOut
	case w.h.repeatsOther(e):
		return ofOther
	case w.Silent > 0 && w.at.At.Sub(e.At) < w.Silent:
		return waiting
	case w.Silent > 0 && w.h.isAnswered(e):
		return answered
	case w.Apart > 0 && w.last != 0 && w.last.Sub(e.At) < w.Apart:
		return tooClose
	}
	w.last = e.At
	return included
}

// repeatsOther reports whether an earlier entry of a number is of the same event, with
// another contact.
func (h *History) repeatsOther(e *Entry) bool {
	if len(h.givers) < 2 {
		return false
	}
	return slices.ContainsFunc(h.outcomes[e.outcome].Entries, func(o Entry) bool {
		return o.from != e.from && o.Message == e.Message && o.kind == e.kind && e.After(o.Moment)
	})
}

// next is the next older entry that counts; nil when there is none.
func (w *window) next() *Entry {
	for e := w.entries.next(); e != nil; e = w.entries.next() {
		switch w.exclusion(e) {
		case included:
			return e
		case outsideWithin, beforeSince, beyondHistory:
			return nil
		}
	}
	return nil
}

// reaches reports whether at least Count entries count at the moment.
func (q *Counting) reaches(h *History, at Moment, struck func(*Entry) bool) bool {
	w := q.window(h, at, struck)
	for n := 0; n < max(q.Count, 1); n++ {
		if w.next() == nil {
			return false
		}
	}
	return true
}

// tally is what was counted: the newest entries, as many as were asked for.
type tally struct {
	n      int
	seqs   []int64 // of the entries, ascending by moment
	oldest Instant // time of the oldest of them
	held   int64   // the latest breaker trip that holds one of them; 0 for none
}

// add adds the next older entry. The seqs are in reverse order until done.
func (t *tally) add(e *Entry) {
	t.n, t.oldest = t.n+1, e.At
	t.seqs, t.held = append(t.seqs, e.Seq), max(t.held, e.held)
}

// count counts entries up to and including the moment, the newest first, and stops
// at most.
func (q *Counting) count(h *History, at Moment, most int, struck func(*Entry) bool) tally {
	w := q.window(h, at, struck)
	var t tally
	for t.n < most {
		e := w.next()
		if e == nil {
			break
		}
		t.add(e)
	}
	slices.Reverse(t.seqs)
	return t
}

// countRecord is a counting that kept everything it looked at.
type countRecord struct {
	window
	counted  []*Entry // the newest first
	excluded []excludedEntries
}

// excludedEntries are entries that did not count for the same reason.
type excludedEntries struct {
	why    exclusion
	n      int
	latest Instant
}

// record counts all there is to count, and keeps why the rest does not count.
func (q *Counting) record(h *History, at Moment, struck func(*Entry) bool) *countRecord {
	r := &countRecord{window: q.window(h, at, struck)}
	all := h.newestFirst(q.Outcomes, EndOf(1<<63-1))
	for e := all.next(); e != nil; e = all.next() {
		why := r.exclusion(e)
		if why == included {
			r.counted = append(r.counted, e)
			continue
		}
		i := slices.IndexFunc(r.excluded, func(x excludedEntries) bool { return x.why == why })
		if i < 0 {
			i, r.excluded = len(r.excluded), append(r.excluded, excludedEntries{why: why, latest: e.At})
		}
		r.excluded[i].n++
	}
	return r
}

// tally is what count gives.
func (r *countRecord) tally(most int) tally {
	var t tally
	for _, e := range r.counted[:min(most, len(r.counted))] {
		t.add(e)
	}
	slices.Reverse(t.seqs)
	return t
}

// knownSince is the time before which nothing is known of one of the outcomes: the
// oldest kept entry of those that overflowed; 0 when none did.
func (h *History) knownSince(set Outcomes) Instant {
	var t Instant
	for o := range set.All() {
		t = max(t, h.outcomes[o].Oldest())
	}
	return t
}

// cursor goes through the entries of some outcomes, the newest first.
type cursor struct {
	h        *History
	outcomes Outcomes
	left     [outcomeEnd]uint8 // by outcome, how many entries are left
}

// newestFirst goes through the entries of the outcomes from the moment at backwards.
func (h *History) newestFirst(set Outcomes, at Moment) cursor {
	c := cursor{h: h, outcomes: set}
	for o := range set.All() {
		i := len(h.outcomes[o].Entries)
		for i > 0 && h.outcomes[o].Entries[i-1].After(at) {
			i--
		}
		c.left[o] = uint8(i)
	}
	return c
}

// next is the next older entry; nil when there is none.
func (c *cursor) next() *Entry {
	var newest *Entry
	var from Outcome
	for o := range c.outcomes.All() {
		if i := c.left[o]; i > 0 {
			if e := &c.h.outcomes[o].Entries[i-1]; newest == nil || e.After(newest.Moment) {
				newest, from = e, o
			}
		}
	}
	if newest != nil {
		c.left[from]--
	}
	return newest
}

// Silence is a message that was sent and had no terminal event: nobody knows what became
// of it. A history has the messages of its entries, so a condition finds the silent ones
// without the log, and one that is answered late is no longer silent. What a history no
// longer shows counts as answered: silence is never guessed.

// SilentFor is how far back messages are looked at.
const SilentFor = 90 * Day

// TerminalOutcomes are the outcomes that say what became of a message.
func TerminalOutcomes() Outcomes { return FailedOutcomes() | OutcomesOf(Delivered, UnknownDelivery) }

// isAnswered reports whether a terminal event of the entry's message is known, be it
// before or after the entry.
func (h *History) isAnswered(e *Entry) bool {
	for o := range TerminalOutcomes().All() {
		for i := range h.outcomes[o].Entries {
			if t := &h.outcomes[o].Entries[i]; t.Message == e.Message {
				return true
			}
		}
	}
	return false
}

// WasMeasured reports whether the history has a terminal event.
func (h *History) WasMeasured() bool {
	for o := range TerminalOutcomes().All() {
		if h.outcomes[o].First != 0 {
			return true
		}
	}
	return false
}

// silentNext is when the next message of the counting becomes silent, or too old for it.
func (q *Counting) silentNext(h *History, t Instant) (next Instant) {
	for o := range q.Outcomes.All() {
		for i := range h.outcomes[o].Entries {
			for _, after := range [...]time.Duration{q.Silent, SilentFor + time.Microsecond} {
				if at := h.outcomes[o].Entries[i].At.Add(after); at > t {
					next = earliest(next, at)
				}
			}
		}
	}
	return next
}
