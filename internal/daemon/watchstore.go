package daemon

import (
	"context"
	"time"
)

// watchStoreEvery is how often the daemon looks whether its store is still there.
const watchStoreEvery = time.Second

// watchStore logs when the store's files are moved, removed or replaced, also while no
// callback arrives, and when they are back.
func (d *Daemon) watchStore(ctx context.Context) {
	tick := time.NewTicker(watchStoreEvery)
	defer tick.Stop()
	gone := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := d.store.InPlace()
		switch {
		case err != nil && !gone:
			d.log.Error("the store has gone; callbacks are refused until it is back", "error", err)
		case err == nil && gone:
			d.log.Info("the store is back where it was; callbacks are stored")
		}
		gone = err != nil
	}
}
