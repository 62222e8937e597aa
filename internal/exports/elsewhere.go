package exports

import (
	"errors"
	"io/fs"
	"time"

	"winnow/segments"
	"winnow/store/runs"
)

// Daemons of several hosts may share a store, see [store.Store.Shared]. The files of a run
// are on the host that made it, which delivers it whether it still runs the jobs or not.
// Other hosts leave its delivery alone, and hold back later runs, which the consumers of
// deltas read in order. A host that is gone must not hold them back for long.

// elsewhereFor is how long a run that waits here is held back for an earlier one, whose
// files are on another host.
var elsewhereFor = 10 * time.Minute

// errElsewhere says why a run is lost to a remote.
var errElsewhere = errors.New("its files are on the host that made it, which did not deliver it; a later run, which another host made, is delivered instead")

// firstHere is the first delivery that this host can make, if it may: those before it are
// made, or given up.
func (x *Exporter) firstHere(e segments.Export, waiting []runs.Delivery) (d runs.Delivery, ok bool, err error) {
	for i, d := range waiting {
		if !x.hasFiles(e, d.Run) {
			continue
		}
		if i > 0 && time.Since(d.PublishedAt.Time()) < elsewhereFor {
			return runs.Delivery{}, false, nil
		}
		for _, lost := range waiting[:i] {
			lost.Status, lost.Error = runs.Lost, errElsewhere.Error()
			if err := x.Store.SaveDelivery(lost); err != nil {
				return runs.Delivery{}, false, err
			}
			if x.OnAttempt != nil {
				x.OnAttempt(lost)
			}
		}
		return d, true, nil
	}
	return runs.Delivery{}, false, nil
}

// hasFiles reports whether this host has files of a published run, or can't see whether it
// has.
func (x *Exporter) hasFiles(e segments.Export, run string) bool {
	for _, d := range x.Directories(e) {
		folder, err := d.Open(e.Name, run)
		if err == nil {
			folder.Close()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}
