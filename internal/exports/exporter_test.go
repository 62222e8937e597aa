package exports

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/console/view"
	"winnow/segments"
)

// Tests do not wait between tries.
func init() { DeliveryBackoff = Backoff{} }

var secondOfJanuary = time.Date(2026, 1, 2, 2, 0, 0, 0, time.UTC)

// testExporter makes runs of a new store.
func testExporter(t *testing.T) *Exporter { return &Exporter{Operations: apptest.Operations(t)} }

// fakeRemote is a remote that records what is delivered, and may be down.
type fakeRemote struct {
	name string

	mu    sync.Mutex
	err   error    // of deliveries; nil while it is up
	runs  []string // that it got, with a star if readers were pointed to them
	calls int      // of Deliver
}

func (r *fakeRemote) String() string { return r.name }

func (r *fakeRemote) Deliver(ctx context.Context, d segments.Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.err != nil {
		return r.err
	}
	if err := d.Verify(ctx); err != nil {
		return err
	}
	r.runs = append(r.runs, d.Run[len("2026-01-"):len("2026-01-02")]+map[bool]string{true: "*"}[d.Newest])
	return nil
}

func (r *fakeRemote) failWith(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *fakeRemote) wantRuns(t *testing.T, runs ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.runs, runs) {
		t.Errorf("%s got %q, want %q", r.name, r.runs, runs)
	}
}

var errDown = errors.New("nobody answers")

// exporterWithRemotes is testExporter whose export has these remotes.
func exporterWithRemotes(t *testing.T, remotes ...segments.Destination) (*Exporter, segments.Export) {
	t.Helper()
	x := testExporter(t)
	e := &x.Config.Exports[0]
	e.To, e.Delta = append(e.To, remotes...), []string{"do-not-text"}
	return x, *e
}

// exportAndDeliver makes the run of that day of January and delivers it.
func (x *Exporter) exportAndDeliver(t *testing.T, day int) segments.Run {
	t.Helper()
	run := x.exportAt(t, time.Date(2026, 1, day, 2, 0, 0, 0, time.UTC))
	x.deliverAll(t)
	return run
}

func (x *Exporter) deliverAll(t *testing.T) {
	t.Helper()
	if err := x.deliver(context.Background(), x.Config.Exports[0], true); err != nil {
		t.Fatal(err)
	}
}

func (x *Exporter) undelivered(t *testing.T) []view.Delivery {
	t.Helper()
	list, err := UndeliveredRuns(x.Config, x.Store)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// exportAt makes a run of the export of testExporter, with a delta.
func (x *Exporter) exportAt(t *testing.T, at time.Time) segments.Run {
	t.Helper()
	x.Config.Exports[0].Delta = []string{"do-not-text"}
	result, err := x.Export(context.Background(), "nightly", at, func() hygiene.Instant { return hygiene.InstantOf(at) })
	if err != nil {
		t.Fatal(err)
	}
	return result.Run
}

func (x *Exporter) statusOf(t *testing.T, run segments.Run) segments.Status {
	t.Helper()
	run, _, err := x.Store.RunOf("nightly", run.ScheduledAt)
	if err != nil {
		t.Fatal(err)
	}
	return run.Status
}

func (x *Exporter) folder(parts ...string) string {
	return filepath.Join(append([]string{x.Config.Exports[0].To[0].String(), "nightly"}, parts...)...)
}
