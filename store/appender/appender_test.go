package appender

import (
	"testing"
	"testing/synctest"
	"time"

	"winnow/store/engine/enginetest"
)

// newTestAppender returns an appender that commits nothing, with so many callers in
// circulation.
func newTestAppender(callers int) *Appender {
	return &Appender{queued: make(chan struct{}, 1), full: make(chan struct{}, 1), callers: callers}
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
				a.enqueue(&Batch{})
			}
			go func() {
				for range c.arrive {
					time.Sleep(10 * time.Microsecond)
					a.enqueue(&Batch{})
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
	a.waiting = make([]*Batch, 56)
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
	a := Start(enginetest.Open(t, enginetest.Location(t)), func(err error) error { return err })
	defer a.Close()
	const callers = 16
	var all []*Batch
	a.mu.Lock() // none of them is taken before all are there
	for range callers {
		all = append(all, &Batch{probe: true, ready: make(chan struct{})})
	}
	a.waiting = all
	signal(a.queued)
	a.mu.Unlock()
	for _, p := range all {
		if <-p.ready; p.err != nil {
			t.Fatal(p.err)
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := a.callers; n != callers {
		t.Errorf("%d callers are in circulation, not %d", n, callers)
	}
}
