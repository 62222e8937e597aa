package sqlite

import (
	"errors"
	"fmt"

	"winnow/store/engine"
	"winnow/store/scratchfile"
)

// Scratch is tables that are not worth keeping: in a scratch file, or, when they
// are known to be small, in memory. It is used by one goroutine at a time. A
// pass over the log of any engine counts in one, as its counts are private.
type Scratch struct {
	querier
	folder string // of the file; empty for memory
}

// scratchTuning is for tables that are private and need not outlive a crash: one transaction that never ends, so that a page goes to the disk only
// when the cache has no room for it.
const scratchTuning = `PRAGMA page_size = 16384; PRAGMA cache_size = -49152; PRAGMA journal_mode = OFF;
	PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = %s; BEGIN;`

// NewScratch makes tables, given as SQL, in a scratch file in the folder. Without
// a folder they are in memory, with all that is sorted: nothing need be writable.
func NewScratch(folder, tables string) (*Scratch, error) {
	s := &Scratch{folder: folder}
	var err error
	if folder == "" {
		err = s.open(":memory:", "MEMORY", tables)
	} else {
		err = scratchfile.Open(folder, "scratch.db", func(path string) error {
			if err := createPrivate(path); err != nil {
				return err
			}
			return s.open("file:"+escaped(path), "FILE", tables)
		})
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Scratch) open(name, sorted, tables string) (err error) {
	if s.c, err = openConn(name + "?_stmt_cache_size=0"); err != nil {
		return err
	}
	return s.c.script(fmt.Sprintf(scratchTuning, sorted) + tables)
}

// Close frees the space. A nil Scratch has none.
func (s *Scratch) Close() error {
	if s == nil || s.c == nil {
		return nil
	}
	c := s.c
	s.c = nil
	return c.close()
}

// Explain adds to the error of a full disk which folder that is, and what to do.
func (s *Scratch) Explain(err error) error {
	if errors.Is(err, engine.ErrFull) {
		return scratchfile.WriteError(s.folder, err)
	}
	return err
}

// Folder is where the scratch file is; empty for memory.
func (s *Scratch) Folder() string { return s.folder }
