package hygiene

import "slices"

// tally is what a counting found: the newest entries first, as many as asked.
type tally struct {
	n      int
	seqs   []int64
	oldest Instant
}

// count counts entries up to and including the moment at, newest first, and
// stops at most. struck entries don't count; nil strikes nothing.
func (q *Counting) count(h *History, at Moment, most int, struck func(*Entry) bool) tally {
	var t tally
	after, from := q.bounds(h, at)
	var lastCounted Instant
	for e := range h.newestFirst(q.Outcomes, at) {
		if t.n >= most || e.At < from || !e.After(after) {
			break
		}
		if !q.narrows(h.Kind(e)) || struck != nil && struck(e) {
			continue
		}
		if t.n > 0 && q.Apart > 0 && lastCounted.Sub(e.At) < q.Apart {
			continue
		}
		lastCounted, t.oldest = e.At, e.At
		t.n++
		t.seqs = append(t.seqs, e.Seq)
	}
	slices.Reverse(t.seqs)
	return t
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
