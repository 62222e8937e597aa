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
	"winnow/segments/destination"
)

// Nobody waits in a test.
func init() { exports.DeliveryBackoff = exports.Backoff{} }

func TestASlowServerHoldsUpNoOther(t *testing.T) {
	slow, crm := gated{&fakeRemote{name: "slow://slow"}, make(chan struct{})}, noting{&fakeRemote{name: "crm://crm"}, make(chan struct{}, 9)}
	a := apptest.Operations(t)
	a.Config.Exports[0].Remotes, a.Config.Exports[0].Delta = []segments.Remote{slow, crm}, []string{"do-not-text"}
	e := a.Config.Exports[0]
	d := &Daemon{store: a.Store, log: slog.New(slog.DiscardHandler)}
	d.current.Store(a.Config)
	p := newDispatcher(d)
	d.dispatcher = p
	var all sync.WaitGroup
	for day := 1; day <= 2; day++ {
		at := time.Date(2026, 1, day, 2, 0, 0, 0, time.UTC)
		if _, err := d.Exporter().Export(t.Context(), "nightly", at, func() hygiene.Instant { return hygiene.InstantOf(at) }); err != nil {
			t.Fatal(err)
		}
		p.notify("nightly")
		for came := false; !came; {
			p.dispatchExport(e, &all)
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
	if _, err := d.Exporter().Redeliver(soon, "nightly", "latest", []string{"crm://crm"}); err != nil {
		t.Errorf("by hand it waits too: %v", err)
	}
	crm.wants(t, "01*", "02*", "02*")
	close(slow.open)
	all.Wait()
	slow.wants(t, "01*", "02*")
}

// gated is a remote that takes nothing before it is opened.
type gated struct {
	*fakeRemote
	open chan struct{}
}

func (g gated) Deliver(ctx context.Context, d segments.Delivery) error {
	<-g.open
	return g.fakeRemote.Deliver(ctx, d)
}

// noting tells when it got something.
type noting struct {
	*fakeRemote
	came chan struct{}
}

func (n noting) Deliver(ctx context.Context, d segments.Delivery) error {
	defer func() { n.came <- struct{}{} }()
	return n.fakeRemote.Deliver(ctx, d)
}

// fakeRemote keeps the names of the runs that it is brought, with a star when
// readers are pointed to them.
type fakeRemote struct {
	name string

	mu  sync.Mutex
	got []string
}

func (r *fakeRemote) String() string { return r.name }

func (r *fakeRemote) Deliver(ctx context.Context, d segments.Delivery) error {
	if err := destination.Whole(ctx, d.From, d.Export, d.Run); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, d.Run[len("2026-01-"):len("2026-01-02")]+map[bool]string{true: "*"}[d.Newest])
	return nil
}

func (r *fakeRemote) wants(t *testing.T, runs ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.got, runs) {
		t.Errorf("%s got %q, want %q", r.name, r.got, runs)
	}
}
