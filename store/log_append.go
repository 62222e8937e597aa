package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/store/appender"
	"winnow/store/engine"
)

// ErrBusy is the error of an append for which another process kept the log too long.
// Nothing was stored.
var ErrBusy = engine.ErrBusy

// Append returns once the events and the unreadable bodies are on disk, all of
// them or none. It is safe for use by many goroutines. After an error it is
// unknown whether they were stored; ctx ends the waiting, not the storing. An
// event with U+0000 in a text, or one that is not UTF-8, is quarantined: not every database
// can store it.
func (s *Store) Append(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable) error {
	return s.AppendRetried(ctx, events, bad, nil)
}

// AppendRetried is Append of what became of bodies in quarantine, when they were read
// again: the bodies of these ids leave the quarantine in the same commit.
func (s *Store) AppendRetried(ctx context.Context, events []hygiene.Event, bad []hygiene.Unreadable, ids []int64) error {
	if len(events) == 0 && len(bad) == 0 && len(ids) == 0 {
		return nil
	}
	events, bad = storable(events, bad)
	return s.appender.Commit(ctx, &appender.Batch{Events: events, Bad: bad, Retried: ids})
}

// storable moves events that not every database can store to what is quarantined: callbacks
// of others are in the same commit.
func storable(events []hygiene.Event, bad []hygiene.Unreadable) ([]hygiene.Event, []hygiene.Unreadable) {
	if slices.ContainsFunc(events, hasOddText) {
		all := events
		events, bad = make([]hygiene.Event, 0, len(all)), slices.Clone(bad)
		for i := range all {
			if e := &all[i]; hasOddText(*e) {
				bad = append(bad, hygiene.Unreadable{ReceivedAt: e.ReceivedAt, Source: e.Source, Why: "a text of the event contains U+0000, or is not UTF-8", Body: e.Body})
			} else {
				events = append(events, *e)
			}
		}
	}
	if slices.ContainsFunc(bad, func(u hygiene.Unreadable) bool { return isOdd(u.Source) || isOdd(u.Why) }) {
		bad = slices.Clone(bad)
		for i := range bad {
			bad[i].Source, bad[i].Why = evenText(bad[i].Source), evenText(bad[i].Why)
		}
	}
	return events, bad
}

// hasOddText reports whether a text of the event is odd.
func hasOddText(e hygiene.Event) bool {
	return isOdd(e.Source) || isOdd(e.MessageID) || isOdd(e.Name) || isOdd(e.Code) || isOdd(e.Contact) || isOdd(e.To)
}

// isOdd reports whether a text contains U+0000 or is not UTF-8.
func isOdd(text string) bool {
	return strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text)
}

// evenText is the text with U+FFFD for what is odd in it.
func evenText(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// LogBlocked is for how long another process has kept this one from appending to
// the log; 0 if it does not.
func (s *Store) LogBlocked() time.Duration { return s.appender.Blocked() }

// nameHolder adds to an error who is in the way, and what to do.
func nameHolder(e engine.Engine, err error) error {
	process, since, found := logHolder(e)
	if !found || process.Process == 0 {
		return err
	}
	if process.Host != "" {
		return fmt.Errorf("%w: process %d of %s has been writing to it since %s", err, process.Process, process.Host, since.UTC().Format(time.RFC3339))
	}
	return fmt.Errorf("%w: process %d has been writing to it since %s; if it is suspended, kill -CONT %d resumes it", err, process.Process, since.UTC().Format(time.RFC3339), process.Process)
}
