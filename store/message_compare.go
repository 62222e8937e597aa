package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
	"winnow/store/messages"
)

// What the send log says is heeded in three ways. A sweep compares each event with the send
// log as it is then, for which it looks up the message in any case. A line that comes after
// the event is compared as it comes if the event is one of the latest, see hearLate. Any
// other is compared by the review, once the event is so old: by then most lines have come.
// A line that comes later still lets the next review begin at the events of the time when
// its message was sent again, and at the beginning of the log if the line does not say when:
// the log has no index of messages, for one would cost the sweep a page for each event.
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
			events, err = l.EventsAfter(from, min(lotEvents, int(end-from)), lotBytes)
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
			return cmp.Or(w.compareWithSendLog(swept), counters.Set(w, counters.Compared, from))
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
		if from, err = counters.Get(c, counters.Compared); err != nil {
			return err
		}
		if end, err = counters.Get(c, counters.Cursor); err != nil {
			return err
		}
		some, err = messages.Any(c)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	err = s.readLog(func(l engine.LogReader) (err error) {
		end, err = lastReceivedBefore(l, from, end, before)
		return err
	})
	if err == nil && !some && from < end {
		err = s.write(func(c engine.Writer) error { return counters.Set(c, counters.Compared, end) })
		from = end
	}
	return from, end, err
}

// lastReceivedBefore is the seq of the last event, after from and up to end, that was
// received before that time; from for none. The receipts of a log are in order, as far as
// its clock is.
func lastReceivedBefore(l engine.LogReader, from, end int64, before hygiene.Instant) (int64, error) {
	for from < end {
		middle := (from + end + 1) / 2
		received, err := l.Number("SELECT received_at FROM events WHERE seq = ?", middle)
		if err != nil {
			return from, err
		}
		if hygiene.Instant(received) < before { // 0 for an event that is gone
			from = middle
		} else {
			end = middle - 1
		}
	}
	return from, nil
}

// clocksDiffer is by how much a system's clock may be ahead that says when a message was
// sent.
const clocksDiffer = time.Hour

// compareSince lets [Store.CompareLate] begin at the events since that time again, if it
// was past them.
func (w *txWriter) compareSince(sent hygiene.Instant) error {
	to, err := counters.Get(w, counters.Compared)
	if err != nil || to == 0 {
		return err
	}
	from := to
	err = w.log(func(l engine.LogReader) (err error) {
		from, err = lastReceivedBefore(l, 0, to, sent.Add(-clocksDiffer))
		return err
	})
	if err != nil || from == to {
		return err
	}
	return counters.Set(w, counters.Compared, from)
}
