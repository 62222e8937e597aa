package exports

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
)

// The error of one directory comes beside the result, not in place of it.
func TestAReleaseThatOneDirectoryMissesStillReturnsItsResult(t *testing.T) {
	x := testExporter(t)
	e := &x.Config.Exports[0]
	e.To = append(e.To, local.Folder(filepath.Join(filepath.Dir(e.To[0].String()), "other")))
	e.Keep, e.Guard.MinRows = 2, map[string]int64{"reachable": 1000}
	other := x.exportAt(t, secondOfJanuary)
	held := x.exportAt(t, secondOfJanuary.Add(hygiene.Day))
	if err := os.RemoveAll(e.To[1].String()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(e.To[1].String(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	did, err := x.Release(t.Context(), "nightly", held.ScheduledAt, hygiene.InstantOf(time.Now()), false, nil)
	if err == nil || did.Run.Name != held.Name || did.Run.Status != segments.Released || !slices.Equal(did.Discarded, RunNames([]segments.Run{other})) {
		t.Errorf("released as %+v, %v", did, err)
	}
}
