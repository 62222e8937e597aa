package destinationtest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/segments"
	"winnow/segments/destination"
)

// Run tests what every destination promises. open returns a new one that is
// empty, and the folder of the machine behind it that holds the export's folder.
func Run(t *testing.T, open func(t *testing.T) (to segments.Destination, folder string)) {
	start := func(t *testing.T) (segments.Destination, func(parts ...string) string) {
		to, folder := open(t)
		return to, func(parts ...string) string { return filepath.Join(append([]string{folder, Export}, parts...)...) }
	}
	deliver := func(t *testing.T, to segments.Destination, d segments.Delivery) {
		t.Helper()
		if err := to.Deliver(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a run is delivered whole and latest points to the newest", func(t *testing.T) {
		to, at := start(t)
		deliver(t, to, Delivery(t, 2, 50))
		older := Delivery(t, 1, 3)
		older.Newest = false
		deliver(t, to, older)
		WantNames(t, at(), RunName(1), RunName(2), destination.Latest)
		WantRun(t, at(RunName(1)), 1, 3)
		WantRun(t, at(destination.Latest), 2, 50)
	})
	t.Run("a run that is there is not sent again, and becomes the latest", func(t *testing.T) {
		to, at := start(t)
		first, second := Delivery(t, 1, 3), Delivery(t, 2, 3)
		for _, d := range []segments.Delivery{first, second} {
			deliver(t, to, d)
		}
		first.Progress = func(int64) { t.Error("it was read again") }
		deliver(t, to, first)
		WantRun(t, at(destination.Latest), 1, 3)
	})
	t.Run("another run of the same name is replaced", func(t *testing.T) {
		to, at := start(t)
		deliver(t, to, Delivery(t, 1, 4))
		deliver(t, to, Delivery(t, 1, 3))
		WantRun(t, at(destination.Latest), 1, 3)
		WantNames(t, at(), RunName(1), destination.Latest)
	})
	t.Run("a run that lost a file there is delivered again", func(t *testing.T) {
		to, at := start(t)
		deliver(t, to, Delivery(t, 1, 3))
		if err := os.Remove(at(RunName(1), "all.csv")); err != nil {
			t.Fatal(err)
		}
		deliver(t, to, Delivery(t, 1, 3))
		WantRun(t, at(RunName(1)), 1, 3)
	})
	t.Run("a damaged run is not delivered", func(t *testing.T) {
		to, at := start(t)
		files := Files(t, 1, 3)
		d := DeliveryOf(t, files, 1)
		files["same.csv"].Data[9] ^= 1
		err := to.Deliver(t.Context(), d)
		if err == nil || !strings.Contains(err.Error(), to.String()) || !strings.Contains(err.Error(), "same.csv does not match the run's manifest") {
			t.Errorf("the error is %v", err)
		}
		WantNames(t, at())
	})
	t.Run("progress adds up to all bytes", func(t *testing.T) {
		to, _ := start(t)
		testProgress(t, to)
	})
	t.Run("an ended context delivers nothing", func(t *testing.T) {
		to, at := start(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := to.Deliver(ctx, Delivery(t, 1, 3)); err == nil {
			t.Error("it was delivered")
		}
		if _, err := os.Stat(at(RunName(1))); err == nil {
			t.Error("the run is there")
		}
	})
}

func testProgress(t *testing.T, to segments.Destination) {
	d := Delivery(t, 1, 5000)
	want, got, calls := int64(0), int64(0), 0
	for _, f := range d.Files() {
		if f.Name != segments.ManifestName {
			want += f.Bytes
		}
	}
	d.Progress = func(bytes int64) { got, calls = got+bytes, calls+1 }
	if err := to.Deliver(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if got != want || calls < 5 {
		t.Errorf("progress was %d bytes in %d calls; %d were sent", got, calls, want)
	}
}
