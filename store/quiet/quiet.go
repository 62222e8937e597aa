// Package quiet knows how long it takes a source to say something, and so when it has
// been quiet for too long. Its habit is the longest gap between two of its events in the
// last 14 days, at least an hour; a source that was seen for less than a day has none yet.
//
// Sweeps keep the gaps, one a source and day, by the receipt of the events. Time in which
// no daemon ran counts neither as a gap nor as quiet: both begin at the start of the
// daemon at the earliest.
package quiet

import (
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

const (
	lookBack    = 14 * hygiene.Day
	shortest    = time.Hour   // habit
	firstHabits = hygiene.Day // for how long a source must have been seen
)

// Source is what is known of a source.
type Source struct {
	Name        string
	First, Last hygiene.Instant // receipt of events
	Gap         time.Duration   // the longest of the last 14 days
}

// Note takes the swept events into account. No gap begins before since.
func Note(w engine.Writer, events []hygiene.Event, since hygiene.Instant) error {
	seen := map[string]*Source{}
	gaps := map[gapKey]time.Duration{}
	for i := range events {
		e := &events[i]
		s := seen[e.Source]
		if s == nil {
			var err error
			if s, err = load(w, e.Source); err != nil {
				return err
			}
			seen[e.Source] = s
		}
		s.add(e, since, gaps)
	}
	for _, s := range seen {
		if err := w.Exec("INSERT INTO sources_seen (source, first, last) VALUES (?, ?, ?) ON CONFLICT (source) DO UPDATE SET first = excluded.first, last = excluded.last", s.Name, int64(s.First), int64(s.Last)); err != nil {
			return err
		}
		if err := w.Exec("DELETE FROM source_gaps WHERE source = ? AND day < ?", s.Name, dayOf(s.Last.Add(-lookBack-hygiene.Day))); err != nil {
			return err
		}
	}
	for key, gap := range gaps {
		if err := w.Exec("INSERT INTO source_gaps (source, day, gap) VALUES (?, ?, ?) ON CONFLICT (source, day) DO UPDATE SET gap = CASE WHEN excluded.gap > source_gaps.gap THEN excluded.gap ELSE source_gaps.gap END", key.source, key.day, int64(gap)); err != nil {
			return err
		}
	}
	return nil
}

// gapKey is a source and the day on which a gap ended.
type gapKey struct {
	source string
	day    int64
}

func dayOf(t hygiene.Instant) int64 { return t.Time().Unix() / int64(hygiene.Day/time.Second) }

// add adds an event. One that was received before the last, as from an archive, ends no gap.
func (s *Source) add(e *hygiene.Event, since hygiene.Instant, gaps map[gapKey]time.Duration) {
	if s.First == 0 || e.ReceivedAt < s.First {
		s.First = e.ReceivedAt
	}
	if e.ReceivedAt <= s.Last {
		return
	}
	if from := max(s.Last, since); s.Last != 0 && e.ReceivedAt > from {
		key := gapKey{s.Name, dayOf(e.ReceivedAt)}
		gaps[key] = max(gaps[key], e.ReceivedAt.Sub(from))
	}
	s.Last = e.ReceivedAt
}

func load(q engine.Querier, name string) (*Source, error) {
	s := &Source{Name: name}
	r := q.Query("SELECT first, last FROM sources_seen WHERE source = ?", name)
	for r.Next() {
		s.First, s.Last = hygiene.Instant(r.Int(0)), hygiene.Instant(r.Int(1))
	}
	return s, r.Close()
}

// Read reads what is known of all sources at the time now.
func Read(q engine.Querier, now hygiene.Instant) (list []Source, err error) {
	r := q.Query(`SELECT s.source, s.first, s.last, coalesce((SELECT max(g.gap) FROM source_gaps g WHERE g.source = s.source AND g.day >= ?), 0)
		FROM sources_seen s ORDER BY s.source`, dayOf(now.Add(-lookBack)))
	for r.Next() {
		list = append(list, Source{r.Text(0), hygiene.Instant(r.Int(1)), hygiene.Instant(r.Int(2)), time.Duration(r.Int(3))})
	}
	return list, r.Close()
}

// Habit is how long the source is quiet as a habit; false if that is not known yet.
func (s *Source) Habit() (time.Duration, bool) {
	return max(s.Gap, shortest), s.Last.Sub(s.First) >= firstHabits
}

// State is what a source's silence means.
type State struct {
	For      time.Duration // nothing came for so long, if that is longer than the habit; else 0
	HasHabit bool          // without one it is never quiet
}

// StateAt is the state of the source at the time now. The daemon has listened since.
func (s *Source) StateAt(now, since hygiene.Instant) State {
	_, known := s.Habit()
	return State{s.QuietFor(now, since), known}
}

// QuietFor is how long the source has been quiet at the time now, if that is longer than
// its habit, else 0. The daemon has listened since.
func (s *Source) QuietFor(now, since hygiene.Instant) time.Duration {
	habit, known := s.Habit()
	if quiet := now.Sub(max(s.Last, since)); known && quiet > habit {
		return quiet
	}
	return 0
}
