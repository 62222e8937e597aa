package daemon

import (
	"context"
	"log/slog"
	"time"

	"winnow/store"
)

// watchStoreEvery is how often the daemon looks whether its store is still there.
const watchStoreEvery = time.Second

// watchStore logs when the store's files are moved, removed or replaced, also while no
// callback arrives, and when they are back.
func watchStore(ctx context.Context, s *store.Store, log *slog.Logger) {
	tick := time.NewTicker(watchStoreEvery)
	defer tick.Stop()
	gone := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := s.InPlace()
		switch {
		case err != nil && !gone:
			log.Error("the store has gone; callbacks are refused until it is back", "error", err)
		case err == nil && gone:
			log.Info("the store is back where it was; callbacks are stored")
		}
		gone = err != nil
	}
}
