package sqlite

import (
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"

	"winnow/store/engine"
)

// friendlyError says in plain words what SQLite reported and what to do, and
// keeps the cause.
func friendlyError(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sqlite3.ErrFull:
		return fmt.Errorf("%w: %w", engine.ErrFull, err)
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Errorf("%w: %w", engine.ErrBusy, err)
	case sqlite3.ErrReadonly, sqlite3.ErrPerm, sqlite3.ErrCantOpen:
		return fmt.Errorf("the store can't be opened for writing; check its folder and permissions: %w", err)
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return fmt.Errorf("the store is damaged or not a SQLite file; restore a backup: %w", err)
	}
	return err
}

// oldestSQLite is the first version without the race that could corrupt a file
// when its write-ahead log is reset.
const oldestSQLite = 3_051_003

func checkVersion() error {
	if name, n, _ := sqlite3.Version(); n < oldestSQLite {
		return fmt.Errorf("winnow was built with SQLite %s, which can damage a store; build it with 3.51.3 or later", name)
	}
	return nil
}
