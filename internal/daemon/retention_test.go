package daemon

import (
	"testing"
	"time"

	"winnow/hygiene"
)

func TestADaemonDeletesWhatIsOldAfterItsSweeps(t *testing.T) {
	d := testDaemon(t, "hygiene:", "retention: {events: 30d}\nhygiene:")
	now := time.Now()
	appendEvents(t, d, now.Add(-60*hygiene.Day), hygiene.Sent, hygiene.Delivered)
	appendEvents(t, d, now, hygiene.Delivered)
	if err := d.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for seq := int64(1); seq <= 3; seq++ {
		if _, there, err := d.store.Event(seq); err != nil || there != (seq == 3) {
			t.Errorf("event %d: there is %v, %v", seq, there, err)
		}
	}
	facts, err := d.store.Pruned()
	if n, _ := facts.Of("events", "insider"); err != nil || n != 2 || facts.EndedAt < hygiene.InstantOf(now) {
		t.Errorf("%+v, %v", facts, err)
	}
}
