package command

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"winnow/segments"
)

func TestASlowServerHoldsUpNoOther(t *testing.T) {
	slow, crm := gated{&shelf{name: "slow"}, make(chan struct{})}, noting{&shelf{name: "crm"}, make(chan struct{}, 9)}
	a, e := remoteAct(t, slow, crm)
	d := &daemon{store: a.store, log: slog.New(slog.DiscardHandler)}
	d.current.Store(a.config)
	p := newDeliverer(d)
	d.deliverer = p
	var all sync.WaitGroup
	for day := 1; day <= 2; day++ {
		a.nightlyAt(t, time.Date(2026, 1, day, 2, 0, 0, 0, time.UTC))
		p.nudge("nightly")
		for came := false; !came; {
			p.round(e, &all)
			select {
			case <-crm.came:
				came = true
			case <-p.wake:
			case <-time.After(10 * time.Second):
				t.Fatalf("run %d waits for the server that is slow", day)
			}
		}
	}
	soon, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	newest, _, err := a.store.LastRun("nightly", segments.Published)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.bring(soon, e, newest, crm); err != nil {
		t.Errorf("by hand it waits too: %v", err)
	}
	crm.wants(t, "01*", "02*", "02*")
	close(slow.open)
	all.Wait()
	slow.wants(t, "01*", "02*")
}

// gated is a remote that takes nothing before it is opened.
type gated struct {
	*shelf
	open chan struct{}
}

func (g gated) Deliver(ctx context.Context, d segments.Delivery) error {
	<-g.open
	return g.shelf.Deliver(ctx, d)
}

// noting tells when it got something.
type noting struct {
	*shelf
	came chan struct{}
}

func (n noting) Deliver(ctx context.Context, d segments.Delivery) error {
	defer func() { n.came <- struct{}{} }()
	return n.shelf.Deliver(ctx, d)
}
