package exports

import (
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store/runs"
)

func TestTheTimeBetweenTriesDoublesToAnHour(t *testing.T) {
	backoff := Backoff{pauses: []time.Duration{1, 1}, first: time.Minute, longest: time.Hour}
	for tries, want := range map[int64]time.Duration{1: time.Minute, 3: time.Minute, 6: 2 * time.Minute, 9: 4 * time.Minute, 3000: time.Hour} {
		if got := backoff.next(tries); got < want*3/4 || got > want*5/4 {
			t.Errorf("after %d tries it waits %s, want about %s", tries, got, want)
		}
	}
	if far := (runs.Delivery{NextAt: hygiene.InstantOf(time.Now().AddDate(9, 0, 0))}); !backoff.due(far, time.Now()) {
		t.Error("a clock that was wrong once postpones a delivery for years")
	}
}
