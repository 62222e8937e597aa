package command

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/store"
)

// testAct is what jobs do, on a store of its own.
func testAct(t *testing.T) *act {
	t.Helper()
	cfg, err := config.Load(testConfig(t, t.TempDir(), "1h"), configOptions(true))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(cfg.Store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &act{config: cfg, store: s}
}

func (a *act) bounce(t *testing.T, at hygiene.Instant, contact string) {
	t.Helper()
	e := hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: "m-" + contact, Name: "undelivered", Code: "1400",
		Outcome: hygiene.HardBounce, Contact: contact, Body: []byte("{}")}
	if err := a.store.Append(context.Background(), []hygiene.Event{e}, nil); err != nil {
		t.Fatal(err)
	}
}

func TestWhoBouncedWhileARunBeginsIsNotTexted(t *testing.T) {
	a := testAct(t)
	began := hygiene.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	present := began
	a.bounce(t, began.Add(time.Second), "ann") // after the run began, before its sweep
	result, err := a.export(context.Background(), "nightly", began.Time(), func() hygiene.Instant {
		present = present.Add(2 * time.Second)
		return present
	})
	if err != nil {
		t.Fatal(err)
	}
	latest := filepath.Join(a.config.Exports[0].To[0].String(), "nightly", "latest")
	if text := readFile(t, filepath.Join(latest, "do-not-text.csv")); text != "contact,reasons\nann,hard_bounce\n" {
		t.Errorf("do-not-text.csv is %q", text)
	}
	if text := readFile(t, filepath.Join(latest, "reachable.csv")); text != "contact,phone,status\n" {
		t.Errorf("reachable.csv is %q as of %s", text, result.Run.AsOf)
	}
}

func TestAPanicLeavesNoLockBehind(t *testing.T) {
	a := testAct(t)
	func() {
		defer func() { recover() }()
		a.alone(context.Background(), func() error { panic("a fault in a rule") })
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := a.sweep(ctx, hygiene.InstantOf(time.Now())); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func TestAnIdleSweepWritesNothing(t *testing.T) {
	a := testAct(t)
	at := hygiene.InstantOf(time.Now())
	a.bounce(t, at, "ann")
	sweep := func() {
		if _, err := a.sweep(context.Background(), at); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second)
	}
	sweep()
	sweep() // the second after the bounce: the counts by status are of another time
	wal := func() string { return readFile(t, a.store.Path()+"-wal") }
	before := wal()
	for range 20 {
		sweep()
	}
	if wal() != before {
		t.Error("the roster was written")
	}
}

func BenchmarkIdleSweep(b *testing.B) {
	cfg, err := config.Load(testConfig(b, b.TempDir(), "1h"), configOptions(true))
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(cfg.Store)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	a := &act{config: cfg, store: s}
	for b.Loop() {
		if _, err := a.sweep(context.Background(), hygiene.InstantOf(time.Now())); err != nil {
			b.Fatal(err)
		}
	}
}
