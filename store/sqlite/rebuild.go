package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"winnow/store/engine"
)

// RebuildLog writes the log of the database at that path anew, without unused pages, and
// as a file that can give them back from then on. It fails if any process has the log
// open, this one included: writing takes long, and callbacks would not be answered. It is
// one transaction: after an error the log is as it was.
func RebuildLog(path string) (err error) {
	log := LogPath(path)
	if !Exists(log) {
		return fmt.Errorf("open %s: %w", log, ErrMissing)
	}
	// SQLite copies the file to where temporary files are; by default that may be memory.
	if os.Getenv("TMPDIR") == "" && os.Getenv("SQLITE_TMPDIR") == "" {
		if err := os.Setenv("SQLITE_TMPDIR", filepath.Dir(log)); err != nil {
			return err
		}
		defer os.Unsetenv("SQLITE_TMPDIR")
	}
	// In this mode SQLite lets no other connection in, and does not get in beside one.
	c, err := openConn("file:" + escaped(log) + "?_busy_timeout=1000&_locking_mode=EXCLUSIVE&_stmt_cache_size=0")
	if err != nil {
		return rebuildError(log, err)
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for _, sql := range []string{distrust, "PRAGMA synchronous = FULL", "BEGIN EXCLUSIVE", "COMMIT", "PRAGMA auto_vacuum = INCREMENTAL", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if err := c.script(sql); err != nil {
			return rebuildError(log, err)
		}
	}
	return nil
}

func rebuildError(log string, err error) error {
	if errors.Is(err, engine.ErrBusy) {
		return fmt.Errorf("rebuild %s: a process has it open: stop winnow serve, run this again and start it; until then nothing was changed (%w)", log, err)
	}
	return fmt.Errorf("rebuild %s: %w; the log is as it was", log, err)
}
