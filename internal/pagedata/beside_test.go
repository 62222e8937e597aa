package pagedata

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
)

// counter is a question whose answer is how often it was asked.
type counter struct {
	passes Passes
	q      question
	takes  time.Duration
	n      atomic.Int64
	err    error
}

// ask asks for the answer as a page does.
func (c *counter) ask(ctx context.Context) answer[int64] {
	return ask(ctx, &c.passes, c.q, func(context.Context, *ui.Printer) (int64, error) {
		time.Sleep(c.takes)
		return c.n.Add(1), c.err
	})
}

// want demands an answer of that age.
func (c *counter) want(t *testing.T, value int64, age time.Duration, running bool) {
	t.Helper()
	a := c.ask(t.Context())
	if a.Value != value || a.Running != running || value != 0 && time.Since(a.At.Time()) != age {
		t.Errorf("%+v, %s old; want %d, %s old, running %v", a, time.Since(a.At.Time()), value, age, running)
	}
}

func TestAPageDoesNotWaitForAPassAndShowsTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{q: question{name: "x"}, takes: 3 * time.Second}
		began := time.Now()
		c.want(t, 0, 0, true)
		if took := time.Since(began); took > briefly {
			t.Errorf("the first page waits %s", took)
		}
		time.Sleep(c.takes)
		c.want(t, 1, c.takes+briefly, false)
		time.Sleep(passPause * c.takes)
		c.want(t, 1, (passPause+1)*c.takes+2*briefly, true)
		time.Sleep(c.takes)
		c.want(t, 2, c.takes+briefly, false)
	})
}

func TestAPageThatRefreshesAllDayCostsAHundredthOfAProcessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{q: question{name: "x"}, takes: 2 * time.Second}
		for began := time.Now(); time.Since(began) < 24*time.Hour; time.Sleep(time.Second) {
			c.ask(t.Context())
		}
		if busy := time.Duration(c.n.Load()) * c.takes; busy > 24*time.Hour/90 {
			t.Errorf("%d passes: %s of a day", c.n.Load(), busy)
		}
	})
}

func TestPassesAreMadeOneAtATimeAndNoneIsLostWithThePageThatAskedForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p Passes
		var running, most atomic.Int64
		gone, leave := context.WithCancel(t.Context())
		for _, name := range []string{"a", "b", "c"} {
			a := ask(gone, &p, question{name: name, of: 7}, func(context.Context, *ui.Printer) (string, error) {
				most.Store(max(most.Load(), running.Add(1)))
				defer running.Add(-1)
				time.Sleep(time.Minute)
				return name, nil
			})
			if a.Counting == nil || a.Counting.Of != 7 || a.Counting.Waiting == (name == "a") {
				t.Errorf("%s: %+v", name, a.Counting)
			}
		}
		leave()
		time.Sleep(4 * time.Minute)
		if most.Load() != 1 {
			t.Errorf("%d ran at a time", most.Load())
		}
		c := p.get("c")
		if <-c.ended; c.result != "c" {
			t.Errorf("c found %v", c.result)
		}
	})
}

func TestAPassThatFailsLeavesWhatWasFoundBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{q: question{name: "x"}}
		c.want(t, 1, 0, false)
		c.err = errors.New("the disk is full")
		time.Sleep(minPassPause)
		if a := c.ask(t.Context()); a.Value != 1 || a.Err == nil {
			t.Errorf("%+v", a)
		}
	})
}

func TestAnAnswerThatNamesPeopleIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, names := range []bool{true, false} {
			c := &counter{q: question{name: "x", namesPeople: names}, takes: time.Second}
			c.ask(t.Context())
			time.Sleep(keptForPeople + 2*time.Second)
			if (c.passes.get("x") == nil) != names {
				t.Errorf("names people %v: kept %v", names, c.passes.get("x") != nil)
			}
		}
	})
}

func TestAFloodOfQuestionsIsRefusedAndKeepsWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{q: question{name: "known"}}
		c.want(t, 1, 0, false)
		c.takes = time.Hour
		for i := range maxUnendedPasses {
			c.q.name = strings.Repeat("x", i+1)
			c.ask(t.Context())
		}
		if c.q.name = "one more"; c.ask(t.Context()).Err == nil {
			t.Error("one more is asked")
		}
		time.Sleep(minPassPause)
		if c.q.name = "known"; c.ask(t.Context()).Value != 1 {
			t.Error("what was known is lost")
		}
		time.Sleep(keptFor)
	})
}

func TestAPageIsShownEvenIfTheDaysCanNotBeCounted(t *testing.T) {
	closed, err := store.Open(filepath.Join(t.TempDir(), "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	s := &Source{Store: closed, Passes: Passes{Patience: time.Minute}}
	var p view.Overview
	if s.AddDays(t.Context(), view.OverviewQuery{Days: 30}, &p); p.Days != nil || len(p.Alerts) != 1 || !strings.Contains(p.Alerts[0].Why, "count the days") {
		t.Errorf("%d days, alerts %+v", len(p.Days), p.Alerts)
	}
}
