package store

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/messages"
)

// What the send log says is heeded in three ways. A sweep compares each event with the send
// log as it is then, for which it looks up the message in any case. A line that comes after
// the event is compared as it comes if the event is one of the latest, see hearLate. Any
// other is compared by the review, once the event is so old: by then most lines have come.
// What is registered later still is not compared: the log has no index of messages, for one
// would cost the sweep a page for each event.
const compareAfter = 3 * hygiene.Day

// CompareLate compares events with the send log once more, three days after they were
// received, so that conflicts with lines that came after the events are found. It can be
// stopped between steps and repeated without harm.
func (s *Store) CompareLate(ctx context.Context, now hygiene.Instant) error {
	from, end, err := s.toCompare(now.Add(-compareAfter))
	if err != nil || from >= end {
		return err
	}
	for from < end && err == nil {
		var events []hygiene.Event
		err = s.readLog(func(l engine.LogReader) (err error) {
			events, err = l.EventsAfter(from, min(sweepEvents, int(end-from)), sweepBytes)
			return err
		})
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		from = end
		if len(events) > 0 {
			from = min(end, events[len(events)-1].Seq)
		}
		err = s.writeAs(nil, func(w *txWriter) error {
			swept := slices.DeleteFunc(events, func(e hygiene.Event) bool { return e.Seq > end })
			return cmp.Or(w.compareWithSendLog(swept), setCounter(w, compared, from))
		})
	}
	return err
}

// toCompare is which events, after from and up to end, were swept and not compared for a
// second time although they were received before that time. Where the send log is empty,
// there are none, and none will be of those that there are now.
func (s *Store) toCompare(before hygiene.Instant) (from, end int64, err error) {
	var some bool
	err = s.read(func(c engine.Reader) (err error) {
		if from, err = counter(c, compared); err != nil {
			return err
		}
		if end, err = counter(c, cursor); err != nil {
			return err
		}
		some, err = messages.Any(c)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	err = s.readLog(func(l engine.LogReader) error {
		low := from
		for low < end { // the receipts of one log are in order, as far as its clock is
			middle := (low + end + 1) / 2
			received, err := l.Number("SELECT received_at FROM events WHERE seq = ?", middle)
			if err != nil {
				return err
			}
			if hygiene.Instant(received) < before { // 0 for an event that is gone
				low = middle
			} else {
				end = middle - 1
			}
		}
		return nil
	})
	if err == nil && !some && from < end {
		err = s.write(func(c engine.Writer) error { return setCounter(c, compared, end) })
		from = end
	}
	return from, end, err
}
