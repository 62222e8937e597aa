package store

import (
	"context"
	"time"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/quiet"
	"winnow/store/silence"
)

// FindSilent finds the silent messages in one pass over the log; see [silence.Find].
func (s *Store) FindSilent(ctx context.Context, o silence.Options, visit func(*silence.Message) error) (silence.Found, error) {
	return silence.Find(ctx, s.engine, s.ScratchFolder(), o, visit)
}

// CountSilent counts the silent messages and stores the counts; with after 0 it stores
// that none are counted. It reads the log in steps, between which ctx can end it: what was
// counted before stays. progress is called with the events looked at; it may be nil.
func (s *Store) CountSilent(ctx context.Context, after time.Duration, now hygiene.Instant, progress func(int64)) error {
	var counted silence.Counted
	if after > 0 {
		found, err := s.FindSilent(ctx, silence.Options{Now: now, After: after, Progress: progress}, nil)
		if err != nil {
			return err
		}
		counted = silence.Counted{At: now, After: after, Counts: found.Counts}
	}
	return s.engine.Write(func(w engine.Writer) error { return silence.Save(w, counted) })
}

// SilentCounted is what the last review counted.
func (s *Store) SilentCounted() (counted silence.Counted, err error) {
	err = s.read(func(c engine.Reader) error {
		counted, err = silence.Read(c)
		return err
	})
	return counted, err
}

// Listens stores since when callbacks are received: what came before, or did not come,
// says nothing about a source.
func (s *Store) Listens(since hygiene.Instant) error {
	return s.engine.Write(func(w engine.Writer) error { return counters.Set(w, counters.Listening, int64(since)) })
}

// QuietSources says of each source from which something came for how long nothing has come
// since, if that is longer than its habit, and whether it has a habit yet.
func (s *Store) QuietSources(now hygiene.Instant) (states map[string]quiet.State, err error) {
	states = map[string]quiet.State{}
	err = s.read(func(c engine.Reader) error {
		since, err := counters.Get(c, counters.Listening)
		if err != nil {
			return err
		}
		sources, err := quiet.Read(c, now)
		for i := range sources {
			states[sources[i].Name] = sources[i].StateAt(now, hygiene.Instant(since))
		}
		return err
	})
	return states, err
}
