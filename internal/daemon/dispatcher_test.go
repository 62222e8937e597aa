package daemon

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/exports"
	"winnow/segments"
)

// Tests retry deliveries immediately.
func init() { exports.DeliveryBackoff = exports.Backoff{} }

func TestASlowServerHoldsUpNoOther(t *testing.T) {
	slow, crm := gatedRemote{&fakeRemote{name: "slow://slow"}, make(chan struct{}), make(chan struct{}, 9)}, notifyingRemote{&fakeRemote{name: "crm://crm"}, make(chan struct{}, 9)}
	x := &exports.Exporter{Operations: apptest.Operations(t)}
	configured := &x.Config.Exports[0]
	configured.To, configured.Delta = append(configured.To, slow, crm), []string{"do-not-text"}
	e := x.Config.Exports[0]
	p := newDispatcher(slog.New(slog.DiscardHandler), func() []segments.Export { return x.Config.Exports }, func() bool { return true }, x.DeliverTo)
	var deliveries sync.WaitGroup
	for day := 1; day <= 2; day++ {
		at := time.Date(2026, 1, day, 2, 0, 0, 0, time.UTC)
		if _, err := x.Export(t.Context(), "nightly", at, func() hygiene.Instant { return hygiene.InstantOf(at) }); err != nil {
			t.Fatal(err)
		}
		p.notify("nightly")
		for received := false; !received; {
			p.dispatch(e, &deliveries)
			select {
			case <-crm.received:
				received = true
			case <-p.trigger:
			case <-time.After(10 * time.Second):
				t.Fatalf("run %d waits for the slow server", day)
			}
		}
		if day == 1 {
			<-slow.reached // while this run is the newest
		}
	}
	soon, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := x.Redeliver(soon, "nightly", "latest", []string{"crm://crm"}); err != nil {
		t.Errorf("a manual delivery waits too: %v", err)
	}
	crm.wantRuns(t, "01*", "02*", "02*")
	close(slow.open)
	deliveries.Wait()
	slow.wantRuns(t, "01*", "02*")
}

// gatedRemote accepts nothing before open is closed.
type gatedRemote struct {
	*fakeRemote
	open    chan struct{}
	reached chan struct{} // has a token for each delivery
}

func (r gatedRemote) Deliver(ctx context.Context, d segments.Delivery) error {
	r.reached <- struct{}{}
	<-r.open
	return r.fakeRemote.Deliver(ctx, d)
}

// notifyingRemote sends on received after each delivery.
type notifyingRemote struct {
	*fakeRemote
	received chan struct{}
}

func (r notifyingRemote) Deliver(ctx context.Context, d segments.Delivery) error {
	defer func() { r.received <- struct{}{} }()
	return r.fakeRemote.Deliver(ctx, d)
}

// fakeRemote records the day of each run that is delivered to it, with a star if the
// run becomes the latest.
type fakeRemote struct {
	name string

	mu   sync.Mutex
	runs []string
}

func (r *fakeRemote) String() string { return r.name }

func (r *fakeRemote) Deliver(ctx context.Context, d segments.Delivery) error {
	if err := d.Verify(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs = append(r.runs, d.Run[len("2026-01-"):len("2026-01-02")]+map[bool]string{true: "*"}[d.Newest])
	return nil
}

func (r *fakeRemote) wantRuns(t *testing.T, runs ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.runs, runs) {
		t.Errorf("%s received %q, want %q", r.name, r.runs, runs)
	}
}
