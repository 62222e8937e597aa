package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"winnow/hygiene"
)

// newTable takes hard bounces for soft ones, and knows what was not recognized.
func newTable(_, event, _ string) (hygiene.Outcome, bool) {
	o, err := hygiene.ParseOutcome(event)
	switch {
	case err != nil:
		return 0, false
	case o == hygiene.HardBounce:
		return hygiene.SoftBounce, true
	case o == hygiene.Unrecognized:
		return hygiene.HardBounce, true
	}
	return o, true
}

func reclassifyAll(t *testing.T, ctx context.Context, s *Store, p *hygiene.Policy, progress func(int64)) (*Reclassification, error) {
	t.Helper()
	return s.Reclassify(ctx, p, newTable, Batch{By: "ops"}, start.Add(60*hygiene.Day), progress)
}

// facts is everyone as stored.
func facts(t *testing.T, s *Store) string {
	t.Helper()
	var text string
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	err = snapshot.Contacts(context.Background(), true, func(c *hygiene.Contact) error {
		text += fmt.Sprintf("%s %+v %+v", c.Key, c.Suppressions, c.Tags)
		if c.Retry != nil {
			text += fmt.Sprintf(" %+v", *c.Retry)
		}
		for o := hygiene.Scheduled; o <= hygiene.Unrecognized; o++ {
			for i := range c.History.Trail(o).Entries {
				e := &c.History.Trail(o).Entries[i]
				text += fmt.Sprint(" ", o, e.Moment, e.Message, c.History.Kind(e))
			}
		}
		text += "\n"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestReclassifyingGivesTheContactsThatTheNewTableWouldHaveGiven(t *testing.T) {
	compared := 0
	for seed := range uint64(8) {
		events, registrations := randomLog(seed, 150)
		old, anew := openStore(t), openStore(t)
		p := testPolicy(t, old)
		testPolicy(t, anew)
		for _, s := range []*Store{old, anew} {
			if _, err := s.Register(context.Background(), registrations); err != nil {
				t.Fatal(err)
			}
		}
		appendEvents(t, old, events...)
		sweepAll(t, old, p, 7)
		for i := range events {
			events[i].Outcome, _ = newTable("", events[i].Name, "")
		}
		appendEvents(t, anew, events...)
		sweepAll(t, anew, p, 0)
		found, err := old.Misclassified(context.Background(), newTable, nil)
		if err != nil {
			t.Fatal(err)
		}
		did, err := reclassifyAll(t, context.Background(), old, p, nil)
		if err != nil || did.Batch != 1 || did.Events == 0 || did.Events != found.Events || did.Contacts != found.Touched {
			t.Errorf("seed %d: did %+v, found %+v, %v", seed, did, found, err)
		}
		if again, err := reclassifyAll(t, context.Background(), old, p, nil); err != nil || again.Events != 0 || again.Batch != 0 {
			t.Errorf("seed %d: again %+v, %v", seed, again, err)
		}
		if anyOverflowed(t, anew) || anyOverflowed(t, old) {
			continue
		}
		compared++
		if a, b := facts(t, old), facts(t, anew); a != b {
			t.Errorf("seed %d: reclassified\n%sread so from the start\n%s", seed, a, b)
		}
	}
	if compared < 3 {
		t.Errorf("only %d stores were compared", compared)
	}
}

func TestAReclassificationKilledBetweenRosterAndLogIsDoneAgainWithoutHarm(t *testing.T) {
	events, registrations := randomLog(3, 120)
	whole, cut := openStore(t), openStore(t)
	p := testPolicy(t, whole)
	testPolicy(t, cut)
	for _, s := range []*Store{whole, cut} {
		if _, err := s.Register(context.Background(), registrations); err != nil {
			t.Fatal(err)
		}
		appendEvents(t, s, events...)
		sweepAll(t, s, p, 0)
	}
	if _, err := reclassifyAll(t, context.Background(), whole, p, nil); err != nil {
		t.Fatal(err)
	}
	// The roster's part alone, as when a kill comes before the log's.
	b := Batch{Kind: ReclassifyBatch, By: "ops"}
	err := cut.eachPiece(context.Background(), newTable, newReclassification(), nil, func(events []hygiene.Event) error {
		events = events[:len(events)/2]
		words := make([]rewording, len(events))
		for i, e := range events {
			is, _ := newTable("", e.Name, "")
			words[i] = rewording{e.Seq, is}
		}
		return cut.moveEvents(p, &b, events, words, int64(1<<62), hygiene.Moment{At: start.Add(60 * hygiene.Day)}, newReclassification())
	})
	if err != nil {
		t.Fatal(err)
	}
	if facts(t, cut) == facts(t, whole) {
		t.Fatal("half of it was all")
	}
	if _, err := reclassifyAll(t, context.Background(), cut, p, nil); err != nil {
		t.Fatal(err)
	}
	if a, b := facts(t, cut), facts(t, whole); a != b {
		t.Errorf("in two parts\n%sin one\n%s", a, b)
	}
}

func TestCallbacksAreStoredWhileTheLogIsReworded(t *testing.T) {
	s := openStore(t)
	p := testPolicy(t, s)
	var events []hygiene.Event
	for i := range 3 * rewriteStep {
		e := ev(start, "", fmt.Sprint("m", i), hygiene.Unrecognized) // unmatched: only in the log
		e.Body = []byte("{}")
		events = append(events, e)
	}
	appendEvents(t, s, events...)
	sweepAll(t, s, p, 0)
	stop, stored := make(chan struct{}), make(chan int64)
	go func() {
		n := int64(0)
		for {
			select {
			case <-stop:
				stored <- n
				return
			default:
				if err := s.Append(context.Background(), []hygiene.Event{ev(start.Add(time.Hour), "zoe", fmt.Sprint("z", n), hygiene.Sent)}, nil); err != nil {
					t.Error(err)
				}
				n++
			}
		}
	}()
	did, err := reclassifyAll(t, context.Background(), s, p, nil)
	close(stop)
	n := <-stored
	if err != nil || did.Events != 3*rewriteStep || did.Contacts != 0 {
		t.Errorf("%+v, %v", did, err)
	}
	if totals, err := s.Totals(); err != nil || totals.Events != int64(len(events))+n || n == 0 {
		t.Errorf("%d events, %d stored meanwhile, %v", totals.Events, n, err)
	}
	if e, _, err := s.Event(3 * rewriteStep); err != nil || e.Outcome != hygiene.HardBounce {
		t.Errorf("%s, %v", e.Outcome, err)
	}
}

func TestEventsOfASourceThatIsGoneKeepTheirOutcome(t *testing.T) {
	s := openStore(t)
	p := testPolicy(t, s)
	e := ev(start, "ann", "m1", hygiene.HardBounce)
	e.Name = "no event of this table"
	appendEvents(t, s, e)
	sweepAll(t, s, p, 0)
	did, err := reclassifyAll(t, context.Background(), s, p, nil)
	if err != nil || did.Events != 0 || did.Gone["insider"] != 1 {
		t.Errorf("%+v, %v", did, err)
	}
}
