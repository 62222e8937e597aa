package app_test

import (
	"context"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
)

func TestAPanicReleasesTheStoreLock(t *testing.T) {
	a := apptest.Operations(t)
	func() {
		defer func() { recover() }()
		a.Exclusive(context.Background(), func() error { panic("a bug in a rule") })
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := a.Sweep(ctx, hygiene.InstantOf(time.Now())); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func TestAnIdleSweepDoesNotWriteTheContactsDatabase(t *testing.T) {
	a := apptest.Operations(t)
	at := hygiene.InstantOf(time.Now())
	apptest.Bounce(t, a.Store, at, "ann")
	sweep := func() {
		if _, err := a.Sweep(context.Background(), at); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second)
	}
	sweep()
	sweep() // a second one: it still updates the time of the counts by status
	wal := func() string { return apptest.ReadFile(t, a.Store.Path()+"-wal") }
	before := wal()
	for range 20 {
		sweep()
	}
	if wal() != before {
		t.Error("the contacts database was written")
	}
}

func BenchmarkIdleSweep(b *testing.B) {
	a := apptest.Open(b, apptest.Config(b, b.TempDir(), "1h"))
	for b.Loop() {
		if _, err := a.Sweep(context.Background(), hygiene.InstantOf(time.Now())); err != nil {
			b.Fatal(err)
		}
	}
}
