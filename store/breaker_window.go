package store

import (
	"fmt"
	"slices"

	"winnow/hygiene"
)

// surges watches all sources for all breakers. What it knows follows from the
// log up to the cursor alone: whether an event is held does not depend on how
// the log was cut into sweeps. It lives on from sweep to sweep, as of a window
// of a day there is much to read.
type surges struct {
	breakers []hygiene.Breaker
	upTo     int64              // seq up to which the log is counted
	sources  map[string][]surge // of each source one for each breaker
}

// surge counts, for one breaker, the events that one source sent, by the second
// of their receipt. The source's own latest receipt is its clock.
type surge struct {
	breaker *hygiene.Breaker
	window  int64    // in seconds
	seconds []second // ascending, those of two windows; the second window is for events that come out of order
	from    int      // index of the first second of the window that ends with the last
	events  int64    // in that window
	matches int64
}

// second is how many events were received within it, and how many of them had
// the breaker's outcome.
type second struct {
	at              int64
	events, matches int32
	changed         bool // since it was saved
}

// seconds is a breaker's window. A part of a second counts as one.
func secondsOf(b *hygiene.Breaker) int64 { return int64((b.Window + 1e9 - 1) / 1e9) }

func newSurges(breakers []hygiene.Breaker) *surges {
	return &surges{breakers: slices.Clone(breakers), sources: map[string][]surge{}}
}

// of is what is counted of the source.
func (s *surges) of(source string) []surge {
	list, ok := s.sources[source]
	if !ok {
		list = make([]surge, len(s.breakers))
		for i := range list {
			b := &s.breakers[i]
			list[i] = surge{breaker: b, window: secondsOf(b)}
		}
		s.sources[source] = list
	}
	return list
}

// take counts the events, and calls held for each that a breaker holds, with the
// share that it met.
func (s *surges) take(events []hygiene.Event, held func(e *hygiene.Event, b *hygiene.Breaker, share float64) error) error {
	var of []surge
	for i := range events {
		e := &events[i]
		if i == 0 || e.Source != events[i-1].Source {
			of = s.of(e.Source)
		}
		for n := range of {
			share, holds := of[n].take(secondOf(e.ReceivedAt), e.Outcome)
			if !holds {
				continue
			}
			if err := held(e, of[n].breaker, share); err != nil {
				return err
			}
		}
	}
	return nil
}

// take counts an event received in the second at, and tells whether it is held,
// and the share of its outcome then. One received more than a window before the source's latest neither counts nor
// is held: it is of an archive, and says nothing about now. After a clock stepped
// back by more than a window that is so of all events, until it is where it was:
// the log does not tell the two apart.
func (s *surge) take(at int64, o hygiene.Outcome) (share float64, holds bool) {
	latest, known := s.latest()
	if known && at <= latest-s.window {
		return 0, false
	}
	match := int64(0)
	if o == s.breaker.Outcome {
		match = 1
	}
	s.add(at, 1, match)
	if match == 0 {
		return 0, false
	}
	events, matches := s.upTo(at)
	share = float64(matches) / float64(events)
	// A share such as 0.07 is no exact number, and 7 of 100 are to reach it: what
	// is missing by less than one in a billion is not missing.
	return share, events >= int64(s.breaker.Min) && share >= s.breaker.Share-1e-9
}

// latest is the second of the source's latest receipt.
func (s *surge) latest() (at int64, known bool) {
	if len(s.seconds) == 0 {
		return 0, false
	}
	return s.seconds[len(s.seconds)-1].at, true
}

// add counts events within the last window, or after it.
func (s *surge) add(at, events, matches int64) {
	i := len(s.seconds) - 1
	for i >= 0 && s.seconds[i].at > at {
		i--
	}
	if i < 0 || s.seconds[i].at != at {
		i++
		s.seconds = slices.Insert(s.seconds, i, second{at: at})
	}
	s.seconds[i].events += int32(events)
	s.seconds[i].matches += int32(matches)
	s.seconds[i].changed = true
	s.events += events
	s.matches += matches
	s.move()
}

// move lets the window end with the last second, and drops what no window that
// may be asked for reaches back to.
func (s *surge) move() {
	latest, _ := s.latest()
	for ; s.seconds[s.from].at <= latest-s.window; s.from++ {
		s.events -= int64(s.seconds[s.from].events)
		s.matches -= int64(s.seconds[s.from].matches)
	}
	gone := 0
	for s.seconds[gone].at <= latest-2*s.window {
		gone++
	}
	s.seconds, s.from = s.seconds[gone:], s.from-gone
}

// upTo sums up the window that ends with the second at: the last window without
// what is later, and with what it no longer reaches. In order that is nothing.
func (s *surge) upTo(at int64) (events, matches int64) {
	events, matches = s.events, s.matches
	for i := len(s.seconds) - 1; s.seconds[i].at > at; i-- {
		events -= int64(s.seconds[i].events)
		matches -= int64(s.seconds[i].matches)
	}
	for i := s.from - 1; i >= 0 && s.seconds[i].at > at-s.window; i-- {
		events += int64(s.seconds[i].events)
		matches += int64(s.seconds[i].matches)
	}
	return events, matches
}

// surgesAt gives what is counted of the log up to the cursor: from the last
// sweep of this process, from what was saved, or, when a breaker is new or its
// window another one, from the log.
func (s *Store) surgesAt(c *conn, breakers []hygiene.Breaker, at int64) (*surges, error) {
	if w := s.surges; w != nil && w.upTo == at && slices.Equal(w.breakers, breakers) {
		return w, nil
	}
	w := newSurges(breakers)
	for i := range breakers {
		counted, err := progress(c, countedFor(&breakers[i]))
		if err != nil {
			return nil, err
		}
		if counted != at { // also 0 for never
			return s.recount(c, breakers, at)
		}
	}
	r := c.query("SELECT source, outcome, second, events, matches FROM surges ORDER BY source, outcome, second")
	for r.next() {
		for i, of := 0, w.of(r.text(0)); i < len(of); i++ {
			if of[i].breaker.Outcome.String() == r.text(1) {
				of[i].add(r.int(2), r.int(3), r.int(4))
				of[i].seconds[len(of[i].seconds)-1].changed = false
			}
		}
	}
	return w, r.close()
}

// countedFor names the seq up to which the log was counted for the breaker.
func countedFor(b *hygiene.Breaker) string {
	return fmt.Sprintf("%s%s %d", countedForAll, b.Outcome, secondsOf(b))
}

const countedForAll = "breaker "

// recount counts from the log what the windows hold.
func (s *Store) recount(c *conn, breakers []hygiene.Breaker, at int64) (*surges, error) {
	w := newSurges(breakers)
	if err := c.exec("DELETE FROM surges"); err != nil {
		return nil, err
	}
	if err := c.exec("DELETE FROM progress WHERE name >= ? AND name < ?", countedForAll, countedForAll+"~"); err != nil {
		return nil, err
	}
	err := s.readLog(func(log *conn) error {
		from, err := w.beginning(log, at)
		if err != nil {
			return err
		}
		r := log.query("SELECT source, received_at, outcome FROM events WHERE seq >= ? AND seq <= ? ORDER BY seq", from, at)
		for r.next() {
			o, err := hygiene.ParseOutcome(r.text(2))
			if err != nil {
				r.close()
				return err
			}
			for i, of := 0, w.of(r.text(0)); i < len(of); i++ {
				of[i].take(secondOf(hygiene.Instant(r.int(1))), o)
			}
		}
		return r.close()
	})
	return w, err
}

// archived is how many events received long ago may stand in a row in the log,
// from an import, before what is in front of them is taken for long ago too.
const archived = 200_000

// beginning is where in the log the longest two windows before the latest
// receipt begin.
func (s *surges) beginning(log *conn, at int64) (from int64, err error) {
	span, latest, older := int64(0), int64(0), 0
	for i := range s.breakers {
		span = max(span, 2*secondsOf(&s.breakers[i]))
	}
	from = at + 1
	r := log.query("SELECT seq, received_at FROM events WHERE seq <= ? ORDER BY seq DESC", at)
	for older < archived && r.next() {
		received := secondOf(hygiene.Instant(r.int(1)))
		if latest = max(latest, received); received <= latest-span {
			older++
			continue
		}
		from, older = r.int(0), 0
	}
	return from, r.close()
}

// save writes what changed since the last time, as of the seq up to which the
// log is counted.
func (s *surges) save(c *conn, upTo int64) error {
	for source, of := range s.sources {
		for i := range of {
			if err := of[i].save(c, source); err != nil {
				return err
			}
		}
	}
	s.upTo = upTo
	for i := range s.breakers {
		if err := setProgress(c, countedFor(&s.breakers[i]), upTo); err != nil {
			return err
		}
	}
	return nil
}

func (s *surge) save(c *conn, source string) error {
	latest, known := s.latest()
	if !known || !slices.ContainsFunc(s.seconds, func(n second) bool { return n.changed }) {
		return nil
	}
	outcome := s.breaker.Outcome.String()
	for i := range s.seconds {
		n := &s.seconds[i]
		if !n.changed {
			continue
		}
		n.changed = false
		if err := c.exec(`INSERT INTO surges (source, outcome, second, events, matches) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (source, outcome, second) DO UPDATE SET events = excluded.events, matches = excluded.matches`,
			source, outcome, n.at, int64(n.events), int64(n.matches)); err != nil {
			return err
		}
	}
	return c.exec("DELETE FROM surges WHERE source = ? AND outcome = ? AND second <= ?", source, outcome, latest-2*s.window)
}
