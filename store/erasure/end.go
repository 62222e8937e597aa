package erasure

import (
	"context"
	"errors"
	"time"

	"winnow/store/engine"
)

// ErrReader is the error of an erasure that waits for somebody who reads the store: what they
// may read is kept for them.
var ErrReader = errors.New("somebody is reading the store, so what was erased is still in its files; winnow removes it once that has ended")

// end reads the end of the log while nothing is appended, empties the write-ahead logs, and
// deletes the names. What came meanwhile is erased by the names that are still at hand.
func (r *Run) end(ctx context.Context) error {
	until := time.Now().Add(r.Wait)
	if err := r.purgeLog(ctx, until); err != nil {
		return err
	}
	step("names")
	err := r.Engine.Write(func(w engine.Writer) error {
		for _, p := range r.Pending {
			if err := DeletePending(w, p.ID); err != nil {
				return err
			}
		}
		return SetUnclean(w, true)
	})
	if err != nil {
		return err
	}
	r.unnamed = true
	if err := Purge(ctx, r.Engine, r.Names, until); err != nil {
		return err
	}
	return r.eraseLast(ctx, until)
}

// eraseLast erases what was appended since the names were deleted, until nothing was.
func (r *Run) eraseLast(ctx context.Context, until time.Time) error {
	before := r.Did
	if err := r.log(ctx); err != nil || r.Did.Events == before.Events && r.Did.Bodies == before.Bodies {
		return err
	}
	return r.purgeLog(ctx, until)
}

// purgeLog erases the end of the log, and then empties its write-ahead log. The messages of
// what is erased are kept before, so nothing is erased while others wait to append.
func (r *Run) purgeLog(ctx context.Context, until time.Time) error {
	return waitFor(ctx, until, func() (bool, error) {
		if err := r.log(ctx); err != nil { // what came, while others append
			return false, err
		}
		var s LogStep
		step("end of the log")
		clean, err := r.Engine.PurgeLog(func(l engine.LogReader, _ engine.LogWriter) (err error) {
			s, err = r.Names.ReadLog(l, r.seq, 1<<62)
			return err
		})
		return clean && len(s.Erase) == 0 && s.Read < logStepEvents, err
	})
}

// Purge empties the contacts' write-ahead log, and removes what is left of the names in
// the file. names may be nil.
func Purge(ctx context.Context, e engine.Engine, names *Names, until time.Time) error {
	var texts [][]byte
	if names != nil {
		texts = names.Texts()
	}
	step("purge")
	err := waitFor(ctx, until, func() (bool, error) { return e.Purge(texts) })
	if err != nil {
		return err
	}
	return e.Write(func(w engine.Writer) error { return SetUnclean(w, false) })
}

// ErrFiles is the error of files from which a person could not be erased. All else is done,
// and they are tried again.
var ErrFiles = errors.New("erase from files")

// pause is how long a reader is waited for between two tries.
const pause = 50 * time.Millisecond

// waitFor repeats do until it is done, or it is too late.
func waitFor(ctx context.Context, until time.Time, do func() (bool, error)) error {
	for {
		done, err := do()
		if err != nil || done {
			return err
		}
		if time.Now().After(until) {
			return ErrReader
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
