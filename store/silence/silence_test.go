package silence

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
)

// randomLog is sendings and other events of some messages, of more than the days that are
// looked at.
func randomLog(r *rand.Rand, n int, now hygiene.Instant) []hygiene.Event {
	outcomes := slices.Collect(hygiene.AllOutcomes().All())
	events := make([]hygiene.Event, n)
	for i := range events {
		at := now.Add(-time.Duration(r.Int64N(int64(100 * hygiene.Day))))
		o := outcomes[r.IntN(len(outcomes))]
		if r.IntN(2) == 0 {
			o = hygiene.Sent
		}
		events[i] = hygiene.Event{ReceivedAt: at, At: at, Source: fmt.Sprint("s", r.IntN(2)), MessageID: fmt.Sprint("m", r.IntN(n/2)), Outcome: o, Contact: "ann", Body: []byte("{}")}
	}
	return events
}

// silentOf finds the silent messages in memory.
func silentOf(events []hygiene.Event, o Options) (list []string) {
	first, answered := map[string]hygiene.Instant{}, map[string]bool{}
	for _, e := range events {
		key := e.Source + " " + e.MessageID
		switch {
		case hygiene.TerminalOutcomes().Has(e.Outcome) && e.At >= o.from().Add(-slack):
			answered[key] = true
		case e.Outcome == hygiene.Sent && e.At >= o.from().Add(-slack) && (first[key] == 0 || e.At < first[key]):
			first[key] = e.At
		}
	}
	for key, at := range first {
		if !answered[key] && at >= o.from() && o.Now.Sub(at) >= o.After {
			list = append(list, key)
		}
	}
	slices.Sort(list)
	return list
}

func TestSilentMessagesAreThoseWithoutATerminalEventInWhateverOrder(t *testing.T) {
	now := hygiene.InstantOf(time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC))
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 7))
		events := randomLog(r, 600, now)
		o := Options{Now: now, After: 72 * time.Hour, run: []int{0, 1, 40}[seed%3], step: []int64{0, 1, 97}[seed%3]}
		want := silentOf(events, o)
		for range 2 {
			r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			e := enginetest.Open(t, enginetest.Location(t))
			if err := e.WriteLog(func(w engine.LogWriter) error { return w.AppendEvents([][]hygiene.Event{events}) }); err != nil {
				t.Fatal(err)
			}
			var got []string
			last := hygiene.Instant(0)
			found, err := Find(t.Context(), e, t.TempDir(), o, func(m *Message) error {
				if m.SentAt < last || m.Contact != "ann" {
					t.Errorf("%+v comes after %s", m, last)
				}
				last = m.SentAt
				got = append(got, m.Source+" "+m.ID)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			sum := int64(0)
			for _, c := range found.Counts {
				sum += c.Messages
			}
			if len(want) == 0 || !slices.Equal(got, want) || found.Messages != int64(len(want)) || sum != found.Messages || found.Events != int64(len(events)) {
				t.Errorf("seed %d: %d messages listed, %d counted, want %d; %d events", seed, len(got), sum, len(want), found.Events)
			}
			if (found.Bytes > 0) != (o.run > 0) || found.Bytes > int64(len(events)*recordSize) {
				t.Errorf("%d bytes in the scratch file with runs of %d", found.Bytes, o.run)
			}
		}
	}
}

// A pass that is stopped ends with the step that it is in.
func TestAPassCanBeStoppedBetweenItsSteps(t *testing.T) {
	now := hygiene.InstantOf(time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC))
	e := enginetest.Open(t, enginetest.Location(t))
	if err := e.WriteLog(func(w engine.LogWriter) error {
		return w.AppendEvents([][]hygiene.Event{randomLog(rand.New(rand.NewPCG(1, 2)), 300, now)})
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var steps []int64
	_, err := Find(ctx, e, t.TempDir(), Options{Now: now, After: time.Hour, step: 100, Progress: func(events int64) {
		steps = append(steps, events)
		cancel()
	}}, nil)
	if !errors.Is(err, context.Canceled) || !slices.Equal(steps, []int64{100}) {
		t.Errorf("after %d events: %v", steps, err)
	}
}
