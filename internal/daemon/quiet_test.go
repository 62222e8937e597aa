package daemon

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"winnow/hygiene"
)

func TestAQuietSourceIsOnThePageAndInTheMetricUntilItSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := testDaemon(t)
		sweep := func() {
			t.Helper()
			appendEvents(t, d, time.Now(), hygiene.Sent)
			if err := d.sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		quiet := func() (seconds int64, alert bool) {
			t.Helper()
			totals, err := d.totals()
			if err != nil {
				t.Fatal(err)
			}
			found, err := d.quiet.alerts(d.current.Load(), hygiene.InstantOf(time.Now()))
			if err != nil {
				t.Fatal(err)
			}
			return totals.Quiet["insider"], len(found) == 1 && strings.Contains(found[0].Title, "Nothing came from source insider for 3h")
		}
		for range 30 {
			sweep()
			time.Sleep(time.Hour)
		}
		if n, alert := quiet(); n != 0 || alert {
			t.Errorf("within its habit the source is quiet for %d seconds, with an alert: %v", n, alert)
		}
		time.Sleep(2 * time.Hour)
		if n, alert := quiet(); n != 3*3600 || !alert {
			t.Errorf("the source is quiet for %d seconds, with an alert: %v", n, alert)
		}
		sweep()
		if n, _ := quiet(); n != 0 {
			t.Errorf("a source that speaks again is quiet for %d seconds", n)
		}
	})
}
