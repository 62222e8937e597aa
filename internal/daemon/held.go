package daemon

import (
	"fmt"
	"sync"

	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/exports"
	"winnow/segments"
	"winnow/store/runs"
)

// heldRuns remembers what the page says of held runs, because whether they are out of
// date is found by reading lists of members.
type heldRuns struct {
	mu    sync.Mutex
	asked string // what the answer depends on
	list  []view.HeldRun
}

// heldExports describes the held runs of each export that has some.
func (d *Daemon) heldExports(cfg *config.Config) ([]view.HeldRun, error) {
	d.held.mu.Lock()
	defer d.held.mu.Unlock()
	ledger, err := d.store.LastLedger()
	if err != nil {
		return nil, err
	}
	asked := fmt.Sprintln(cfg.Hash, ledger)
	for _, e := range cfg.Exports {
		runs, err := d.store.RunsOf(e.Name, runs.AllRuns, segments.Held)
		if err != nil {
			return nil, err
		}
		asked += fmt.Sprintln(e.Name, exports.RunNames(runs))
	}
	if asked == d.held.asked {
		return d.held.list, nil
	}
	list, err := exports.HeldExports(cfg, d.store)
	if err == nil {
		d.held.asked, d.held.list = asked, list
	}
	return list, err
}
