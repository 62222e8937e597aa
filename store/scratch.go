package store

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/mattn/go-sqlite3"

	"winnow/store/keyset"
	"winnow/store/scratchfile"
)

// scratch is tables that are not worth keeping: in a temporary file, or, of what
// is known to be little, in memory.
type scratch struct {
	c      *conn
	folder string // that the file is in; empty for memory
}

// scratchSetup is for tables that nobody else sees and that need not outlive a
// crash: one transaction, never ended, so that a page goes to the disk only when
// the cache has no room for it.
const scratchSetup = `PRAGMA page_size = 16384; PRAGMA cache_size = -49152; PRAGMA journal_mode = OFF;
	PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = %s; BEGIN;`

// newMemoryScratch makes tables in memory, and whatever is sorted stays there too:
// no folder need be writable.
func newMemoryScratch(tables string) (*scratch, error) {
	f := &scratch{}
	if err := f.open(":memory:", "MEMORY", tables); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// newScratch makes the tables in a scratch file.
func (s *Store) newScratch(tables string) (*scratch, error) {
	f := &scratch{folder: s.scratchFolder()}
	err := scratchfile.Open(f.folder, "scratch.db", func(path string) error {
		if err := makePrivate(path); err != nil {
			return err
		}
		return f.open("file:"+escaped(path), "FILE", tables)
	})
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// open opens the tables; sorted is where SQLite keeps what it sorts.
func (f *scratch) open(name, sorted, tables string) error {
	raw, err := (&sqlite3.SQLiteDriver{}).Open(name + "?_stmt_cache_size=0")
	if err != nil {
		return fmt.Errorf("open %s: %w", name, plain(err))
	}
	f.c = &conn{db: raw.(*sqlite3.SQLiteConn), stmts: map[string]*statement{}}
	return f.c.script(fmt.Sprintf(scratchSetup, sorted) + tables)
}

// close frees the space. A nil scratch has none.
func (f *scratch) close() error {
	if f == nil || f.c == nil {
		return nil
	}
	return f.c.close()
}

// whereFull says which disk is full, and what to do.
func (f *scratch) whereFull(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) && e.Code == sqlite3.ErrFull {
		return scratchfile.WriteError(f.folder, err)
	}
	return err
}

// scratchFolder is where scratch files are made.
func (s *Store) scratchFolder() string { return scratchfile.Folder(filepath.Dir(s.path)) }

// NewSeen makes an empty set of keys, with its scratch files where the store has
// its own.
func (s *Store) NewSeen() *keyset.Set { return keyset.New(s.scratchFolder(), 0) }
