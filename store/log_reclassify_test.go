package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/storetest"
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

func reclassifyAll(t *testing.T, ctx context.Context, s *store.Store, p *hygiene.Policy, progress func(int64)) (*store.Reclassification, error) {
	t.Helper()
	return s.Reclassify(ctx, p, newTable, "", store.Batch{By: "ops"}, storetest.Start.Add(60*hygiene.Day), progress)
}

// facts is everyone as stored.
func facts(t *testing.T, s *store.Store) string {
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
		for o := range hygiene.AllOutcomes().All() {
			for i := range c.History.Outcome(o).Entries {
				e := &c.History.Outcome(o).Entries[i]
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
		events, registrations := storetest.RandomLog(seed, 150)
		old, anew := storetest.Open(t), storetest.Open(t)
		p := storetest.Policy(t, old)
		storetest.Policy(t, anew)
		for _, s := range []*store.Store{old, anew} {
			if _, err := s.Register(context.Background(), registrations); err != nil {
				t.Fatal(err)
			}
		}
		storetest.Append(t, old, events...)
		sweepAll(t, old, p, 7)
		for i := range events {
			events[i].Outcome, _ = newTable("", events[i].Name, "")
		}
		storetest.Append(t, anew, events...)
		sweepAll(t, anew, p, 0)
		found, err := old.Misclassified(context.Background(), newTable, nil)
		if err != nil {
			t.Fatal(err)
		}
		did, err := reclassifyAll(t, context.Background(), old, p, nil)
		if err != nil || did.Batch != 1 || did.Events == 0 || did.Events != found.Events || did.Contacts != found.AffectedContacts {
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

func TestAReclassificationKilledBeforeTheLogWasWrittenCanBeRepeated(t *testing.T) {
	events, registrations := storetest.RandomLog(3, 120)
	whole, cut := storetest.Open(t), storetest.Open(t)
	p := storetest.Policy(t, whole)
	storetest.Policy(t, cut)
	for _, s := range []*store.Store{whole, cut} {
		if _, err := s.Register(context.Background(), registrations); err != nil {
			t.Fatal(err)
		}
		storetest.Append(t, s, events...)
		sweepAll(t, s, p, 0)
	}
	if _, err := reclassifyAll(t, context.Background(), whole, p, nil); err != nil {
		t.Fatal(err)
	}
	// The roster's part alone, as when a kill comes before the log's.
	b := store.Batch{Kind: store.ReclassifyBatch, By: "ops"}
	m := hygiene.Moment{At: storetest.Start.Add(60 * hygiene.Day)}
	if err := cut.ReclassifyContacts(p, newTable, b, m, 1<<62, func(events int) int { return events / 2 }); err != nil {
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

func TestCallbacksAreStoredWhileTheLogIsReclassified(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	var events []hygiene.Event
	for i := range 3 * store.RewriteRows {
		e := storetest.Event(storetest.Start, "", fmt.Sprint("m", i), hygiene.Unrecognized) // unmatched: only in the log
		e.Body = []byte("{}")
		events = append(events, e)
	}
	storetest.Append(t, s, events...)
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
				if err := s.Append(context.Background(), []hygiene.Event{storetest.Event(storetest.Start.Add(time.Hour), "zoe", fmt.Sprint("z", n), hygiene.Sent)}, nil); err != nil {
					t.Error(err)
				}
				n++
			}
		}
	}()
	did, err := reclassifyAll(t, context.Background(), s, p, nil)
	close(stop)
	n := <-stored
	if err != nil || did.Events != 3*store.RewriteRows || did.Contacts != 0 {
		t.Errorf("%+v, %v", did, err)
	}
	if totals, err := s.Totals(); err != nil || totals.Events != int64(len(events))+n || n == 0 {
		t.Errorf("%d events, %d stored meanwhile, %v", totals.Events, n, err)
	}
	if e, _, err := s.Event(3 * store.RewriteRows); err != nil || e.Outcome != hygiene.HardBounce {
		t.Errorf("%s, %v", e.Outcome, err)
	}
}

func TestEventsOfASourceThatIsGoneKeepTheirOutcome(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	e := storetest.Event(storetest.Start, "ann", "m1", hygiene.HardBounce)
	e.Name = "no event of this table"
	storetest.Append(t, s, e)
	sweepAll(t, s, p, 0)
	did, err := reclassifyAll(t, context.Background(), s, p, nil)
	if err != nil || did.Events != 0 || did.GoneSources["insider"] != 1 {
		t.Errorf("%+v, %v", did, err)
	}
}

// allAre is a table in which every event is the same.
func allAre(o hygiene.Outcome) store.Outcomes {
	return func(_, _, _ string) (hygiene.Outcome, bool) { return o, true }
}

// suppressed is how many contacts are suppressed three days after the start.
func suppressed(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	err = snapshot.Contacts(context.Background(), true, func(c *hygiene.Contact) error {
		if c.Status(storetest.Start.Add(3*hygiene.Day)) == hygiene.IsSuppressed {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// softBounces is a store in which so many contacts had one soft bounce each.
func softBounces(t *testing.T, n int) (*store.Store, *hygiene.Policy, []hygiene.Event) {
	t.Helper()
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	events := received(storetest.Start, "insider", mixed(n, n)...)
	for i := range events {
		events[i].Seq, events[i].Outcome = int64(i+1), hygiene.SoftBounce
	}
	storetest.Append(t, s, events...)
	sweepAll(t, s, p, 0)
	return s, p, events
}

// putBack reclassifies with the table of before, after a cut, and wants nothing
// left of what was cut.
func putBack(t *testing.T, s *store.Store, p *hygiene.Policy, before string) {
	t.Helper()
	now := storetest.Start.Add(2 * hygiene.Day)
	if did, err := s.Reclassify(context.Background(), p, allAre(hygiene.SoftBounce), "", store.Batch{}, now, nil); err != nil || did.Events == 0 || did.Pending == 0 {
		t.Errorf("%+v, %v", did, err)
	}
	if n := suppressed(t, s); n != 0 {
		t.Errorf("put back, and %d are suppressed", n)
	}
	if after := histories(t, s); after != before {
		t.Errorf("before\n%safter\n%s", before, after)
	}
	if words, err := s.PendingOutcomes(); err != nil || len(words) != 0 {
		t.Errorf("%d still pending, %v", len(words), err)
	}
}

// histories is what each contact's history keeps.
func histories(t *testing.T, s *store.Store) (text string) {
	t.Helper()
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	err = snapshot.Contacts(context.Background(), true, func(c *hygiene.Contact) error {
		for o := range hygiene.AllOutcomes().All() {
			for _, e := range c.History.Outcome(o).Entries {
				text += fmt.Sprintln(c.Key, o, e.Moment, e.Message)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAReclassificationKilledBeforeTheLogWasWrittenIsUndoneByTheOldTable(t *testing.T) {
	s, p, events := softBounces(t, 600)
	before := histories(t, s)
	m := hygiene.Moment{At: storetest.Start.Add(hygiene.Day), Seq: int64(len(events))}
	if err := s.ReclassifyContacts(p, allAre(hygiene.HardBounce), store.Batch{Kind: store.ReclassifyBatch}, m, m.Seq, func(events int) int { return events }); err != nil {
		t.Fatal(err)
	}
	if n := suppressed(t, s); n != 600 {
		t.Fatalf("%d suppressed by the roster's part", n)
	}
	found, err := s.Misclassified(context.Background(), allAre(hygiene.SoftBounce), nil)
	if err != nil || found.Pending != 600 || found.Events != 600 || found.AffectedContacts != 600 {
		t.Errorf("the table of before: %+v, %v", found, err)
	}
	found, err = s.Misclassified(context.Background(), allAre(hygiene.HardBounce), nil)
	if err != nil || found.Pending != 600 || found.Events != 0 || found.AffectedContacts != 0 || len(found.Lines) != 0 {
		t.Errorf("the table that was cut short: %+v, %v", found, err)
	}
	if e, _, err := s.Event(1); err != nil || e.Outcome != hygiene.SoftBounce {
		t.Errorf("a preview wrote %s, %v", e.Outcome, err)
	}
	putBack(t, s, p, before)
}

func TestAnInterruptedReclassificationIsUndoneByTheOldTable(t *testing.T) {
	storetest.Sequential(t)
	const n = 2000
	s, p, _ := softBounces(t, n)
	before := histories(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	// One call for the line, one for each event that is read, and then those
	// for what is about to be moved.
	interrupting := func(_, _, _ string) (hygiene.Outcome, bool) {
		if calls++; calls == 1+n+1 {
			cancel()
		}
		return hygiene.HardBounce, true
	}
	if _, err := s.Reclassify(ctx, p, interrupting, "", store.Batch{}, storetest.Start.Add(hygiene.Day), nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if suppressed(t, s) != n {
		t.Fatal("it was interrupted before the roster's part")
	}
	putBack(t, s, p, before)
}

func TestEventsThatWaitForTheSweepAreHeldAlsoWhenReclassified(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	events := received(storetest.Start, "insider", mixed(30, 30)...)
	events[25].Contact = ""
	storetest.Append(t, s, events...)
	sweepHeld(t, s, p, 0, bounces)
	if _, err := s.Register(context.Background(), []store.Registration{{Source: "insider", MessageID: events[25].MessageID, Contact: "zed"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reclassify(context.Background(), p, allAre(hygiene.SoftBounce), "", store.Batch{}, storetest.Start.Add(hygiene.Day), nil); err != nil {
		t.Fatal(err)
	}
	sweepHeld(t, s, p, 0, bounces)
	for _, key := range []string{"c26", "zed"} {
		c, ok, err := s.Contact(key)
		if err != nil || !ok || !c.IsHeldBy(1) || len(c.History.Outcome(hygiene.SoftBounce).Entries) != 1 || len(c.History.Outcome(hygiene.HardBounce).Entries) != 0 {
			t.Errorf("%s: %+v, %v", key, c, err)
		}
	}
}

func TestAStepOfTheLogRewritesFewBytes(t *testing.T) {
	s := storetest.Open(t)
	storetest.Policy(t, s)
	var words []engine.OutcomeUpdate
	for i, size := range []int{900_000, 100_000, 100_000, 100_000, 10, 900_000} {
		e := storetest.Event(storetest.Start, "ann", fmt.Sprint("m", i), hygiene.HardBounce)
		e.Body = make([]byte, size)
		storetest.Append(t, s, e)
		words = append(words, engine.OutcomeUpdate{Seq: int64(i + 1), Outcome: hygiene.SoftBounce})
	}
	for _, want := range []int{1, 2, 2, 1} {
		n, weight, err := s.RewriteNext(words)
		if err != nil || n != want || n > 1 && weight > store.RewriteBytes {
			t.Errorf("%d rows of %d bytes, not %d rows, %v", n, weight, want, err)
		}
		words = words[n:]
	}
}
