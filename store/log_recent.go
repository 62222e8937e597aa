package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// The bounds of a look at the latest events.
const (
	maxRecentEvents = 2000
	maxRecentBytes  = 8 << 20 // of bodies
	recentChunk     = 16
)

// RecentEvents visits the latest events of the log with their bodies, the latest first:
// at most 2,000, and at most about 8 MiB of bodies. An event whose body names no contact
// has the one that the send log names. all reports whether that is the whole log.
func (s *Store) RecentEvents(visit func(*hygiene.Event)) (all bool, err error) {
	last, err := s.LastSeq()
	if err != nil {
		return false, err
	}
	bytes := 0
	for next := last; next > max(0, last-maxRecentEvents); next -= recentChunk {
		if bytes > maxRecentBytes {
			return false, nil
		}
		events, err := s.eventsBefore(next, recentChunk)
		if err != nil {
			return false, err
		}
		for i := range events {
			bytes += len(events[i].Body)
			visit(&events[i])
		}
	}
	return last <= maxRecentEvents, nil
}

// eventsBefore reads the events of these n seqs up to last, the latest first.
func (s *Store) eventsBefore(last, n int64) (events []hygiene.Event, err error) {
	var seqs []int64
	for seq := last; seq > max(0, last-n); seq-- {
		seqs = append(seqs, seq)
	}
	err = s.readLog(func(l engine.LogReader) error {
		return l.Events(seqs, true, func(_ int, e *hygiene.Event) error {
			events = append(events, *e)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	err = s.read(func(c engine.Reader) error { return findContactsOf(c, events) })
	return events, err
}
