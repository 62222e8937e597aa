package store

import (
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// newTestAppender returns an appender that commits nothing, with so many callers in
// circulation.
func newTestAppender(callers int) *appender {
	return &appender{queued: make(chan struct{}, 1), full: make(chan struct{}, 1), callers: callers}
}

func TestACommitWaitsForMostOfThoseWhoComeBack(t *testing.T) {
	for _, c := range []struct {
		callers int
		waiting int // when the gather begins
		arrive  int // one every 10 µs from then on
		want    time.Duration
	}{
		{callers: 0, waiting: 1, arrive: 100, want: 0},
		{callers: 1, waiting: 1, arrive: 100, want: 0},
		{callers: 2, waiting: 1, arrive: 100, want: 10 * time.Microsecond},
		{callers: 64, waiting: 1, arrive: 100, want: 470 * time.Microsecond}, // 48 of them
		{callers: 64, waiting: 48, arrive: 100, want: 0},
		{callers: 64, waiting: 1, arrive: 46, want: gatherFor},
		{callers: 256, waiting: 1, arrive: 300, want: 1910 * time.Microsecond}, // 192 of them
		{callers: 1024, waiting: 1, arrive: 2000, want: gatherFor},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := newTestAppender(c.callers)
			for range c.waiting {
				a.enqueue(&pending{})
			}
			go func() {
				for range c.arrive {
					time.Sleep(10 * time.Microsecond)
					a.enqueue(&pending{})
				}
			}()
			began := time.Now()
			a.gather()
			if took := time.Since(began); took != c.want {
				t.Errorf("%+v: gathered for %v", c, took)
			}
			time.Sleep(time.Second) // until all have arrived
		})
	}
}

func TestALoneCallerWaitsForNobodySoonAfterACrowd(t *testing.T) {
	a := newTestAppender(0)
	a.waiting = make([]*pending, 56)
	a.circulate(8)
	if a.callers != 64 {
		t.Fatalf("%d callers", a.callers)
	}
	a.waiting = nil
	commits := 0
	for ; a.callers > 1; commits++ {
		before := a.callers
		if a.circulate(1); a.callers >= before || a.callers < before*3/4 {
			t.Fatalf("%d callers after %d", a.callers, before)
		}
	}
	if commits > 40 {
		t.Errorf("it waits for others in %d commits", commits)
	}
}

// The callers that a commit waits for are known from the commits before it.
func TestTheCallersOfEachCommitAreCounted(t *testing.T) {
	s, err := OpenNew(filepath.Join(t.TempDir(), "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const callers = 16
	var all []*pending
	s.appender.mu.Lock() // none of them is taken before all are there
	for range callers {
		all = append(all, &pending{probe: true, ready: make(chan struct{})})
	}
	s.appender.waiting = all
	signal(s.appender.queued)
	s.appender.mu.Unlock()
	for _, p := range all {
		if <-p.ready; p.err != nil {
			t.Fatal(p.err)
		}
	}
	s.appender.mu.Lock()
	defer s.appender.mu.Unlock()
	if n := s.appender.callers; n != callers {
		t.Errorf("%d callers are in circulation, not %d", n, callers)
	}
}
