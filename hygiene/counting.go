package hygiene

import (
	"iter"
	"slices"
)

// tally is what a counting found: the newest entries first, as many as asked.
type tally struct {
	n      int
	seqs   []int64
	oldest Instant
	held   int64 // the latest trip that one of them waits for
}

// reaches tells whether at least Count entries are counted up to the moment at.
func (q *Counting) reaches(h *History, at Moment, struck func(*Entry) bool) bool {
	n := 0
	for range q.counted(h, at, struck) {
		if n++; n >= q.Count {
			return true
		}
	}
	return false
}

// count counts entries up to and including the moment at, newest first, and
// stops at most. struck entries don't count; nil strikes nothing.
func (q *Counting) count(h *History, at Moment, most int, struck func(*Entry) bool) tally {
	var t tally
	for e := range q.counted(h, at, struck) {
		t.n, t.oldest = t.n+1, e.At
		t.seqs, t.held = append(t.seqs, e.Seq), max(t.held, e.held)
		if t.n >= most {
			break
		}
	}
	slices.Reverse(t.seqs)
	return t
}

// counted yields the entries that count, the newest first.
func (q *Counting) counted(h *History, at Moment, struck func(*Entry) bool) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		after, from := q.bounds(h, at)
		var last Instant // counted
		for e := range h.newestFirst(q.Outcomes, at) {
			if e.At < from || !e.After(after) {
				return
			}
			if !q.narrows(h.Kind(e)) || struck != nil && struck(e) || q.Apart > 0 && last != 0 && last.Sub(e.At) < q.Apart {
				continue
			}
			if last = e.At; !yield(e) {
				return
			}
		}
	}
}

// bounds says what is counted: entries later than after and not before from.
func (q *Counting) bounds(h *History, at Moment) (after Moment, from Instant) {
	if q.Within > 0 {
		from = at.At.Add(-q.Within)
	}
	if q.Since == 0 {
		return after, from
	}
	for o := range q.Since.All() {
		for _, e := range slices.Backward(h.trails[o].Entries) {
			if !e.After(at) {
				if e.After(after) {
					after = e.Moment
				}
				break
			}
		}
	}
	return after, max(from, h.oldest(q.Outcomes|q.Since))
}

// oldest is the time behind which nothing is known of one of the outcomes: the
// oldest kept entry of those that overflowed; 0 when none did.
func (h *History) oldest(set Outcomes) Instant {
	var t Instant
	for o := range set.All() {
		t = max(t, h.trails[o].Oldest())
	}
	return t
}

// newestFirst yields the entries of the outcomes from the moment at backwards.
func (h *History) newestFirst(set Outcomes, at Moment) func(yield func(*Entry) bool) {
	return func(yield func(*Entry) bool) {
		var next [outcomeEnd]int
		for o := range set.All() {
			i := len(h.trails[o].Entries)
			for i > 0 && h.trails[o].Entries[i-1].After(at) {
				i--
			}
			next[o] = i
		}
		for {
			var newest *Entry
			var from Outcome
			for o := range set.All() {
				if i := next[o]; i > 0 {
					if e := &h.trails[o].Entries[i-1]; newest == nil || e.After(newest.Moment) {
						newest, from = e, o
					}
				}
			}
			if newest == nil || !yield(newest) {
				return
			}
			next[from]--
		}
	}
}
