package store

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
)

// breakerWindows counts the events of all sources for all breakers. What it holds
// follows from the log up to the cursor alone: whether an event is held does not
// depend on how the log was cut into sweeps. It is kept from sweep to sweep, as of
// a window of a day there is much to read.
type breakerWindows struct {
	breakers []hygiene.Breaker
	upTo     int64                      // seq up to which the log is counted
	sources  map[string][]breakerWindow // of each source one for each breaker
}

// breakerWindow counts, for one breaker, the events of one source by the second of
// their receipt. The source's own latest receipt is its clock.
type breakerWindow struct {
	breaker *hygiene.Breaker
	length  int64        // in seconds
	seconds []secondSums // ascending, those of two windows; the second window is for events that come out of order
	from    int          // index of the first second of the window that ends with the last
	events  int64        // in that window
	matches int64
}

// secondSums is how many events were received within a second, and how many of
// them had the breaker's outcome.
type secondSums struct {
	at              int64
	events, matches int32
	changed         bool // since it was saved
}

// windowSeconds is a breaker's window. A part of a second counts as one.
func windowSeconds(b *hygiene.Breaker) int64 { return int64((b.Window + 1e9 - 1) / 1e9) }

func newBreakerWindows(breakers []hygiene.Breaker) *breakerWindows {
	return &breakerWindows{breakers: slices.Clone(breakers), sources: map[string][]breakerWindow{}}
}

// of is the windows of the source.
func (w *breakerWindows) of(source string) []breakerWindow {
	list, ok := w.sources[source]
	if !ok {
		list = make([]breakerWindow, len(w.breakers))
		for i := range list {
			b := &w.breakers[i]
			list[i] = breakerWindow{breaker: b, length: windowSeconds(b)}
		}
		w.sources[source] = list
	}
	return list
}

// count counts the events, and calls hold for each that trips a breaker, with the
// share of its outcome then.
func (w *breakerWindows) count(events []hygiene.Event, hold func(e *hygiene.Event, b *hygiene.Breaker, share float64) error) error {
	var of []breakerWindow
	for i := range events {
		e := &events[i]
		if i == 0 || e.Source != events[i-1].Source {
			of = w.of(e.Source)
		}
		for n := range of {
			share, holds := of[n].count(secondOf(e.ReceivedAt), e.Outcome)
			if !holds {
				continue
			}
			if err := hold(e, of[n].breaker, share); err != nil {
				return err
			}
		}
	}
	return nil
}

// count counts an event received in the second at, and reports whether it trips the
// breaker, with the share of its outcome then. An event received more than a window before
// the source's latest neither counts nor is held: it comes from an archive, and
// says nothing about now. After a clock stepped back by more than a window that is
// so of all events, until it is where it was: the log does not show which it is.
func (w *breakerWindow) count(at int64, o hygiene.Outcome) (share float64, holds bool) {
	latest, known := w.latest()
	if known && at <= latest-w.length {
		return 0, false
	}
	match := int64(0)
	if o == w.breaker.Outcome {
		match = 1
	}
	w.add(at, 1, match)
	if match == 0 {
		return 0, false
	}
	events, matches := w.sumUpTo(at)
	share = float64(matches) / float64(events)
	// A share such as 0.07 is not an exact number, and 7 of 100 must reach it: less
	// than one in a billion may be missing.
	b := w.breaker
	byShare := b.Share > 0 && events >= int64(b.Min) && share >= b.Share-1e-9
	return share, byShare || b.Rate > 0 && matches >= int64(b.Rate)
}

// latest is the second of the source's latest receipt.
func (w *breakerWindow) latest() (at int64, known bool) {
	if len(w.seconds) == 0 {
		return 0, false
	}
	return w.seconds[len(w.seconds)-1].at, true
}

// add counts events within the last window, or after it.
func (w *breakerWindow) add(at, events, matches int64) {
	i := len(w.seconds) - 1
	for i >= 0 && w.seconds[i].at > at {
		i--
	}
	if i < 0 || w.seconds[i].at != at {
		i++
		w.seconds = slices.Insert(w.seconds, i, secondSums{at: at})
	}
	w.seconds[i].events += int32(events)
	w.seconds[i].matches += int32(matches)
	w.seconds[i].changed = true
	w.events += events
	w.matches += matches
	w.advance()
}

// advance makes the window end with the last second, and drops seconds that no
// window that may be asked for reaches back to.
func (w *breakerWindow) advance() {
	latest, _ := w.latest()
	for ; w.seconds[w.from].at <= latest-w.length; w.from++ {
		w.events -= int64(w.seconds[w.from].events)
		w.matches -= int64(w.seconds[w.from].matches)
	}
	gone := 0
	for w.seconds[gone].at <= latest-2*w.length {
		gone++
	}
	w.seconds, w.from = w.seconds[gone:], w.from-gone
}

// sumUpTo sums up the window that ends with the second at: the last window without
// what is later, and with what it no longer reaches. For events in order that
// takes no step.
func (w *breakerWindow) sumUpTo(at int64) (events, matches int64) {
	events, matches = w.events, w.matches
	for i := len(w.seconds) - 1; w.seconds[i].at > at; i-- {
		events -= int64(w.seconds[i].events)
		matches -= int64(w.seconds[i].matches)
	}
	for i := w.from - 1; i >= 0 && w.seconds[i].at > at-w.length; i-- {
		events += int64(w.seconds[i].events)
		matches += int64(w.seconds[i].matches)
	}
	return events, matches
}

// windowsAt is the windows as of the cursor: from the last sweep of this process,
// from what was saved, or, when a breaker is new or its window another one, from
// the log.
func (s *Store) windowsAt(c engine.Writer, breakers []hygiene.Breaker, at int64) (*breakerWindows, error) {
	if w := s.windows; w != nil && w.upTo == at && slices.Equal(w.breakers, breakers) {
		return w, nil
	}
	for i := range breakers {
		counted, err := counters.Get(c, countedFor(&breakers[i]))
		if err != nil {
			return nil, err
		}
		if counted != at { // also 0 for never
			return s.recount(c, breakers, at)
		}
	}
	w := newBreakerWindows(breakers)
	r := c.Query("SELECT source, outcome, second, events, matches FROM breaker_counts ORDER BY source, outcome, second")
	for r.Next() {
		for i, of := 0, w.of(r.Text(0)); i < len(of); i++ {
			if of[i].breaker.Outcome.String() == r.Text(1) {
				of[i].add(r.Int(2), r.Int(3), r.Int(4))
				of[i].seconds[len(of[i].seconds)-1].changed = false
			}
		}
	}
	return w, r.Close()
}

// countedFor names the counter of the seq up to which the log was counted for the
// breaker.
func countedFor(b *hygiene.Breaker) string {
	return fmt.Sprintf("%s%s %d", countedForPrefix, b.Outcome, windowSeconds(b))
}

const countedForPrefix = "breaker "

// recount counts from the log what the windows hold.
func (s *Store) recount(c engine.Writer, breakers []hygiene.Breaker, at int64) (*breakerWindows, error) {
	w := newBreakerWindows(breakers)
	if err := c.Exec("DELETE FROM breaker_counts"); err != nil {
		return nil, err
	}
	if err := c.Exec("DELETE FROM counters WHERE name >= ? AND name < ?", countedForPrefix, countedForPrefix+"~"); err != nil {
		return nil, err
	}
	err := s.readLog(func(log engine.LogReader) error {
		from, err := w.beginning(log, at)
		if err != nil {
			return err
		}
		r := log.Query("SELECT source, received_at, outcome FROM events WHERE seq >= ? AND seq <= ? ORDER BY seq", from, at)
		for r.Next() {
			o, err := hygiene.ParseOutcome(r.Text(2))
			if err != nil {
				r.Close()
				return err
			}
			for i, of := 0, w.of(r.Text(0)); i < len(of); i++ {
				of[i].count(secondOf(hygiene.Instant(r.Int(1))), o)
			}
		}
		return r.Close()
	})
	return w, err
}

// archiveEvents is how many events received long ago may follow one another in the
// log, from an import, before what is in front of them is taken for long ago too.
const archiveEvents = 200_000

// beginning is where in the log the longest two windows before the latest receipt
// begin.
func (w *breakerWindows) beginning(log engine.Querier, at int64) (from int64, err error) {
	span, latest, older := int64(0), int64(0), 0
	for i := range w.breakers {
		span = max(span, 2*windowSeconds(&w.breakers[i]))
	}
	from = at + 1
	r := log.Query("SELECT seq, received_at FROM events WHERE seq <= ? ORDER BY seq DESC", at)
	for older < archiveEvents && r.Next() {
		received := secondOf(hygiene.Instant(r.Int(1)))
		if latest = max(latest, received); received <= latest-span {
			older++
			continue
		}
		from, older = r.Int(0), 0
	}
	return from, r.Close()
}

// save writes what changed since the last time, as of the seq up to which the log
// is counted. It is the one writer of surges.
func (w *breakerWindows) save(c engine.Writer, upTo int64) error {
	for source, of := range w.sources {
		for i := range of {
			if err := of[i].save(c, source); err != nil {
				return err
			}
		}
	}
	w.upTo = upTo
	for i := range w.breakers {
		if err := counters.Set(c, countedFor(&w.breakers[i]), upTo); err != nil {
			return err
		}
	}
	return nil
}

func (w *breakerWindow) save(c engine.Writer, source string) error {
	latest, known := w.latest()
	if !known || !slices.ContainsFunc(w.seconds, func(n secondSums) bool { return n.changed }) {
		return nil
	}
	outcome := w.breaker.Outcome.String()
	for i := range w.seconds {
		n := &w.seconds[i]
		if !n.changed {
			continue
		}
		n.changed = false
		if err := c.Exec(`INSERT INTO breaker_counts (source, outcome, second, events, matches) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (source, outcome, second) DO UPDATE SET events = excluded.events, matches = excluded.matches`,
			source, outcome, n.at, int64(n.events), int64(n.matches)); err != nil {
			return err
		}
	}
	return c.Exec("DELETE FROM breaker_counts WHERE source = ? AND outcome = ? AND second <= ?", source, outcome, latest-2*w.length)
}
