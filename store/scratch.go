package store

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
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

// newScratch makes the file in the folder that the variable TMPDIR names, or
// beside the store, and takes its name away at once: its space is free again as
// soon as nobody has it open, even when the process is killed.
func (s *Store) newScratch(tables string) (*scratch, error) {
	f := &scratch{folder: s.scratchFolder()}
	folder, err := os.MkdirTemp(f.folder, "winnow-scratch-")
	if err != nil {
		return nil, errNoScratch(f.folder, err)
	}
	err = errors.Join(f.openFile(filepath.Join(folder, "scratch.db"), tables), os.RemoveAll(folder))
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *scratch) openFile(path, tables string) error {
	if err := makePrivate(path); err != nil {
		return err
	}
	return f.open("file:"+escaped(path), "FILE", tables)
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
		return errFull(f.folder, err)
	}
	return err
}

// errNoScratch says where no temporary file can be made, and what to do.
func errNoScratch(folder string, err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		err = at.Err // the name of the file says nothing: the folder is what is wrong
	}
	return fmt.Errorf("make a temporary file in %s: %w; set TMPDIR to a folder that is there and that you may write in", folder, err)
}

func errFull(folder string, err error) error {
	return fmt.Errorf("write a temporary file in %s: %w; set TMPDIR to a folder with more room", folder, err)
}

// scratchFolder is where temporary files are made.
func (s *Store) scratchFolder() string { return cmp.Or(os.Getenv("TMPDIR"), filepath.Dir(s.path)) }

// spillFile is a temporary file without a name, written from its beginning to
// its end, and then read.
type spillFile struct {
	*os.File
	folder string // that it is in
}

// newSpillFile makes a file as newScratch does.
func (s *Store) newSpillFile() (*spillFile, error) {
	folder := s.scratchFolder()
	f, err := os.CreateTemp(folder, "winnow-scratch-")
	if err != nil {
		return nil, errNoScratch(folder, err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(errNoScratch(folder, err), f.Close())
	}
	return &spillFile{f, folder}, nil
}

// Write writes, and says which disk is full.
func (f *spillFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	if err != nil {
		err = errFull(f.folder, err)
	}
	return n, err
}
