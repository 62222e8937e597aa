package store

import (
	"context"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/quiet"
	"winnow/store/silence"
)

// FindSilent finds the silent messages in one pass over the log; see [silence.Find].
func (s *Store) FindSilent(ctx context.Context, o silence.Options, visit func(*silence.Message) error) (silence.Found, error) {
	return silence.Find(ctx, s.engine, s.scratchFolder(), o, visit)
}

// CountSilent counts the silent messages and stores the counts; with after 0 it stores
// that none are counted.
func (s *Store) CountSilent(ctx context.Context, after time.Duration, now hygiene.Instant) error {
	var counted silence.Counted
	if after > 0 {
		found, err := s.FindSilent(ctx, silence.Options{Now: now, After: after}, nil)
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
	return s.engine.Write(func(w engine.Writer) error { return setCounter(w, listening, int64(since)) })
}

// QuietSources are the sources from which nothing came for longer than is their habit, and
// for how long.
func (s *Store) QuietSources(now hygiene.Instant) (quietFor map[string]time.Duration, err error) {
	quietFor = map[string]time.Duration{}
	err = s.read(func(c engine.Reader) error {
		since, err := counter(c, listening)
		if err != nil {
			return err
		}
		sources, err := quiet.Read(c, now)
		for i := range sources {
			if d := sources[i].QuietFor(now, hygiene.Instant(since)); d > 0 {
				quietFor[sources[i].Name] = d
			}
		}
		return err
	})
	return quietFor, err
}
