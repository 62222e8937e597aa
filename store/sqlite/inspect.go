package sqlite

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Inspection is what was found in the two files of a database.
type Inspection struct {
	Events, Last int64           // in the log: how many, and the seq of the last; also when it was deleted since
	Received     hygiene.Instant // receipt of the last event; 0 for none
	Cursor       int64           // of the sweep
	Contacts     int64
	BackedUp     hygiene.Instant // the last backup that was recorded; 0 for none
	Pulled       []engine.Pulled // how far the logs of receivers were pulled, the latest writer of each last
	Newer        bool            // a newer winnow has written it: that is the problem, and nothing was counted
	Problems     []string        // in sentences; empty for a database that is well
}

// maxProblems is how many problems of a kind are listed.
const maxProblems = 20

// InspectCopy looks for damage in a copy of a database, which nobody writes, and changes
// nothing. thorough reads every page and row; else only what says how much there is. The
// error is that of a look that was interrupted.
func InspectCopy(ctx context.Context, path string, thorough bool) (*Inspection, error) {
	return inspectFiles(ctx, path, thorough, func(string) bool { return true })
}

// Inspect looks for damage in a database that others may be writing, reads all of it, and
// changes nothing. A file without a write-ahead log is not in use.
func Inspect(ctx context.Context, path string) (*Inspection, error) {
	return inspectFiles(ctx, path, true, func(path string) bool {
		_, err := os.Stat(path + "-wal")
		return errors.Is(err, fs.ErrNotExist)
	})
}

// OpenCopy opens the contacts of a copy, which nobody writes and InspectCopy has found
// well, and changes nothing. It is nil for a copy that an older winnow has made, whose
// tables may be other ones.
func OpenCopy(path string) (engine.Snapshot, error) {
	c, err := openConn("file:" + escaped(path) + "?mode=ro&immutable=1")
	if err != nil {
		return nil, err
	}
	steps, err := schemaFiles("roster")
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	version, err := c.number("PRAGMA user_version")
	if err == nil {
		err = c.script(distrust)
	}
	if err != nil || int(version) != len(steps) {
		return nil, errors.Join(err, c.close())
	}
	return &snapshot{reader{querier{c: c}}}, nil
}

// inspectFiles reads the contacts first: beside a writer the log is ahead of their cursor.
func inspectFiles(ctx context.Context, path string, thorough bool, unused func(path string) bool) (*Inspection, error) {
	in := &Inspection{}
	for _, f := range []struct{ path, schema string }{{path, "roster"}, {LogPath(path), "events"}} {
		if _, err := os.Stat(f.path); err != nil {
			in.problem("%s can't be opened: %v", f.path, err)
			continue
		}
		name := "file:" + escaped(f.path) + "?mode=ro"
		if unused(f.path) {
			name += "&immutable=1"
		}
		c, err := openConn(name)
		if err != nil {
			in.problem("%s can't be opened: %v", f.path, err)
			continue
		}
		err = errors.Join(in.inspect(ctx, c, f.path, f.schema, thorough), c.close())
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			in.problem("%s can't be read: %v", f.path, err)
		}
	}
	if len(in.Problems) == 0 && in.Cursor > in.Last {
		in.problem("the sweep has read up to event %d, and the log ends at %d: the two files are not of one moment", in.Cursor, in.Last)
	}
	return in, nil
}

func (in *Inspection) problem(format string, args ...any) {
	in.Problems = append(in.Problems, fmt.Sprintf(format, args...))
}

// inspect looks at one file, and first whether it is one of winnow's: a query by a schema
// that somebody else made could do anything.
func (in *Inspection) inspect(ctx context.Context, c *conn, path, schema string, thorough bool) error {
	if err := c.script(distrust); err != nil {
		return err
	}
	if err := checkSchema(c, path, schema); err != nil {
		in.problem("%v", err)
		return nil
	}
	if known, err := in.checkVersion(c, schema); err != nil || !known {
		return err
	}
	if thorough {
		if err := in.checkPages(ctx, c, path); err != nil {
			return err
		}
	}
	if schema == "roster" {
		return in.countContacts(c)
	}
	return in.countEvents(c)
}

// checkVersion reports whether this winnow knows the schema.
func (in *Inspection) checkVersion(c *conn, schema string) (known bool, err error) {
	steps, err := schemaFiles(schema)
	if err != nil {
		return false, err
	}
	version, err := c.number("PRAGMA user_version")
	if err != nil || int(version) <= len(steps) {
		return true, err
	}
	in.Newer = true
	in.problem("%v", errNewer(schema, version, len(steps)))
	return false, nil
}

// checkPages reads the whole file.
func (in *Inspection) checkPages(ctx context.Context, c *conn, path string) error {
	err := c.each(ctx, fmt.Sprintf("PRAGMA integrity_check(%d)", maxProblems), func(row []string) {
		if row[0] != "ok" {
			in.problem("%s is damaged: %s", path, row[0])
		}
	})
	if err != nil {
		return err
	}
	n := 0
	return c.each(ctx, "PRAGMA foreign_key_check", func(row []string) {
		if n++; n <= maxProblems {
			in.problem("%s is damaged: row %s of %s refers to a row of %s that is missing", path, row[1], row[0], row[2])
		}
	})
}

func (in *Inspection) countContacts(c *conn) (err error) {
	if in.Cursor, err = c.number("SELECT value FROM counters WHERE name = 'cursor'"); err != nil {
		return err
	}
	at, err := c.number("SELECT value FROM counters WHERE name = 'backed_up'")
	if err != nil {
		return err
	}
	in.BackedUp = hygiene.Instant(at)
	in.Contacts, err = c.number("SELECT count(*) FROM contacts")
	return err
}

func (in *Inspection) countEvents(c *conn) error {
	size, err := (&logReader{querier{c: c}}).Size()
	if err != nil {
		return err
	}
	in.Events, in.Received = size.Events, size.Received
	if in.Last, err = c.number("SELECT seq FROM sqlite_sequence WHERE name = 'events'"); err != nil {
		return err
	}
	pulls, err := c.number("SELECT count(*) FROM sqlite_schema WHERE name = 'pulled'")
	if err != nil || pulls == 0 {
		return err // of an earlier version
	}
	r := c.query("SELECT writer, receiver, n FROM pulled ORDER BY turn")
	for r.Next() {
		in.Pulled = append(in.Pulled, engine.Pulled{Writer: r.Text(0), Receiver: r.Text(1), From: r.Int(2), Through: r.Int(2)})
	}
	return r.Close()
}

// each calls found for every row of a statement that may take long, until ctx ends.
func (c *conn) each(ctx context.Context, sql string, found func(row []string)) (err error) {
	s, err := c.prepared(sql)
	if err != nil {
		return err
	}
	r, err := s.s.QueryContext(ctx, nil)
	if err != nil {
		return friendlyError(err)
	}
	defer func() { err = errors.Join(err, friendlyError(r.Close())) }()
	dest := make([]driver.Value, len(r.Columns()))
	for {
		switch err := r.Next(dest); {
		case err == io.EOF:
			return nil
		case err != nil:
			return friendlyError(err)
		}
		row := make([]string, len(dest))
		for i, v := range dest {
			row[i] = fmt.Sprint(v)
		}
		found(row)
	}
}
