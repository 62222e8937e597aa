package store

import (
	"errors"
	"maps"
	"slices"

	"winnow/store/counters"
)

// errBeside is the error of a transaction that writes beside others what they may write.
var errBeside = errors.New("what is written beside others may be theirs")

// checkBeside is the guard of that.
func (w *txWriter) checkBeside(rows []*contactRow) error {
	if w.beside == nil {
		return nil
	}
	for _, k := range rows {
		if k.IsNumber() || !w.beside.Has(k.Key) {
			return errBeside
		}
	}
	return nil
}

// saveAdded adds to the counters what the transaction did.
func (w *txWriter) saveAdded() error {
	for _, name := range slices.Sorted(maps.Keys(w.added)) {
		if err := counters.Add(w, name, w.added[name]); err != nil {
			return err
		}
	}
	clear(w.added)
	return nil
}
