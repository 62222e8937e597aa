package store_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/storetest"
)

// conflictsIn lists the conflicts of a store, by source and message, and checks their
// counts.
func conflictsIn(t *testing.T, s *store.Store) []string {
	t.Helper()
	list := []string{}
	counts := map[string]int64{}
	conflicts, err := s.ContactConflicts(10_000)
	must(t, err)
	for _, c := range conflicts {
		counts[c.Source]++
		list = append(list, fmt.Sprint(c.Source, " ", c.MessageID, ": ", c.Contact, ", not ", c.Registered))
	}
	totals, err := s.Totals()
	must(t, err)
	if !maps.Equal(totals.Conflicts, counts) {
		t.Errorf("the counts are %v, and %v are listed", totals.Conflicts, counts)
	}
	slices.Sort(list)
	return list
}

func TestABodyThatNamesAnotherContactThanTheSendLogIsAConflict(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "1", Contact: "ann"}, store.Registration{Source: "insider", MessageID: "2", Contact: "bob"},
		store.Registration{Source: "globex", MessageID: "1", Contact: "carl"}, store.Registration{Source: "insider", MessageID: "3", Phone: "+905551234567"})
	globex := storetest.Event(storetest.Start, "eve", "1", hygiene.Delivered)
	globex.Source = "globex"
	storetest.Append(t, s, globex,
		storetest.Event(storetest.Start, "eve", "1 ", hygiene.HardBounce), storetest.Event(storetest.Start+1, "eve", "1", hygiene.Delivered),
		storetest.Event(storetest.Start+2, "bob", "2", hygiene.Delivered), storetest.Event(storetest.Start+3, "", "2", hygiene.Sent), storetest.Event(storetest.Start+4, "zoe", "3", hygiene.Sent))
	storetest.Sweep(t, s, p, 0)
	if got := conflictsIn(t, s); !slices.Equal(got, []string{"globex 1: eve, not carl", "insider 1: eve, not ann"}) {
		t.Errorf("conflicts: %q", got)
	}
	if eve, _, err := s.Contact("eve"); err != nil || eve.Status(storetest.Start+5) != hygiene.IsSuppressed {
		t.Errorf("the event does not count for the contact of the body: %+v, %v", eve, err)
	}
	storetest.Append(t, s, storetest.Event(storetest.Start+9, "eve", "1", hygiene.Sent), storetest.Event(storetest.Start+9, "dora", "1", hygiene.Sent))
	storetest.Sweep(t, s, p, 0)
	if got := conflictsIn(t, s); !slices.Equal(got, []string{"globex 1: eve, not carl", "insider 1: dora, not ann", "insider 1: eve, not ann"}) {
		t.Errorf("after more events, conflicts: %q", got)
	}
}

func TestAnEventThatMustWaitForTheSendLogMayBeAConflict(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	o := options(p, storetest.Start)
	o.RequireSendLog = map[string]bool{"insider": true}
	storetest.Append(t, s, storetest.Event(storetest.Start, "eve", "1", hygiene.HardBounce))
	_, err := s.Sweep(t.Context(), o)
	must(t, err)
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "1", Contact: "ann"})
	swept, err := s.Sweep(t.Context(), o)
	if err != nil || swept.Unmatched != 1 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	if got := conflictsIn(t, s); !slices.Equal(got, []string{"insider 1: eve, not ann"}) {
		t.Errorf("conflicts: %q", got)
	}
	if _, ok, err := s.Contact("eve"); ok || err != nil {
		t.Errorf("the event acts: %v", err)
	}
}

func TestAConflictWithALineThatCameAfterTheEventIsFoundThreeDaysLater(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	day := func(n int) hygiene.Instant { return storetest.Start.Add(time.Duration(n) * hygiene.Day) }
	compare := func(now hygiene.Instant, want ...string) {
		t.Helper()
		must(t, s.CompareLate(t.Context(), now))
		if got := conflictsIn(t, s); !slices.Equal(got, want) {
			t.Errorf("conflicts: %q, want %q", got, want)
		}
	}
	storetest.Append(t, s, storetest.Event(day(0), "nobody", "0", hygiene.Sent)) // before there was any send log
	storetest.Sweep(t, s, p, 0)
	compare(day(4))
	for i := range 5 {
		storetest.Append(t, s, storetest.Event(day(4)+hygiene.Instant(i), "eve", fmt.Sprint(i+1), hygiene.Sent), storetest.Event(day(4)+hygiene.Instant(i), "ann", fmt.Sprint(i+1), hygiene.Delivered))
	}
	storetest.Sweep(t, s, p, 0)
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "0", Contact: "ann"}, store.Registration{Source: "insider", MessageID: "2", Contact: "ann"})
	compare(day(5), "insider 0: nobody, not ann") // which may be of any time
	compare(day(7), "insider 0: nobody, not ann")
	compare(day(7)+2, "insider 0: nobody, not ann", "insider 2: eve, not ann")
	compare(day(8), "insider 0: nobody, not ann", "insider 2: eve, not ann")
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "3", Contact: "ann", SentAt: day(8)}) // what came before was of another
	compare(day(9), "insider 0: nobody, not ann", "insider 2: eve, not ann")
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "4", Contact: "ann", SentAt: day(4)})
	compare(day(9), "insider 0: nobody, not ann", "insider 2: eve, not ann", "insider 3: eve, not ann", "insider 4: eve, not ann")
}

// The sweep reads the send log while the batch before is applied. What is registered
// meanwhile counts all the same.
func TestWhatIsRegisteredDuringASweepCounts(t *testing.T) {
	for seed := range uint64(6) {
		s := storetest.Open(t)
		p := storetest.Policy(t, s)
		events, registrations := collidingLog(seed, 400)
		r := rand.New(rand.NewPCG(seed, 14))
		storetest.Append(t, s, events...)
		o := options(p, storetest.Start)
		o.Batch = 20
		o.Progress = func(int64) {
			if n := min(len(registrations), r.IntN(20)); n > 0 {
				storetest.Register(t, s, registrations[:n]...)
				registrations = registrations[n:]
			}
		}
		swept, err := s.Sweep(t.Context(), o)
		must(t, err)
		storetest.Register(t, s, registrations...)
		storetest.Sweep(t, s, p, 0)
		totals, err := s.Totals()
		if err != nil || totals.Unmatched != 0 || swept.Unmatched == 0 || swept.Unmatched == 400 {
			t.Errorf("seed %d: %d of 400 events were unmatched in between, %d in the end, %v", seed, swept.Unmatched, totals.Unmatched, err)
		}
	}
}

func TestAConflictWithALineThatCameAfterTheEventIsFoundAsItComes(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "0", Contact: "ann"})
	storetest.Append(t, s, storetest.Event(storetest.Start, "eve", "1 ", hygiene.Sent), storetest.Event(storetest.Start+1, "eve", "1", hygiene.Delivered), storetest.Event(storetest.Start+2, "ann", "2", hygiene.Sent))
	storetest.Sweep(t, s, p, 0)
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "1", Phone: "+905551234567"}, store.Registration{Source: "insider", MessageID: "2", Contact: "ann"},
		store.Registration{Source: "globex", MessageID: "1", Contact: "ann"})
	if got := conflictsIn(t, s); len(got) != 0 {
		t.Errorf("conflicts: %q", got)
	}
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "1", Contact: "ann"})
	if got := conflictsIn(t, s); !slices.Equal(got, []string{"insider 1: eve, not ann"}) {
		t.Errorf("conflicts: %q", got)
	}
}
