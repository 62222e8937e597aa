package sqlite

import (
	"errors"
	"fmt"

	"winnow/store/engine"
)

// snapshot is a transaction that reads, on a connection of its own. While it is
// open SQLite keeps all that is overwritten.
type snapshot struct{ reader }

// cacheMany is the page cache, in KiB, of each of several snapshots. They go
// through the file from end to end: a page is not needed again, and together
// they stay small on a machine with many processors.
const cacheMany = 2 << 10

// Snapshots implements engine.Engine. Nothing is locked: after a commit
// between the first and the last of them, they are begun again, which takes a
// fraction of a commit.
func (e *Engine) Snapshots(n int) (list []engine.Snapshot, err error) {
	var conns []*conn
	for range n {
		c, err := connect(e.path, reading)
		if err != nil {
			return nil, errors.Join(err, closeAll(conns))
		}
		conns = append(conns, c)
		if n > 1 {
			if err := c.script(fmt.Sprintf("PRAGMA cache_size = -%d", cacheMany)); err != nil {
				return nil, errors.Join(err, closeAll(conns))
			}
		}
	}
	begin := func() (err error) {
		for _, c := range conns {
			err = errors.Join(err, c.beginNow("contacts"))
		}
		return err
	}
	if err := e.atOneMoment(begin); err != nil {
		return nil, errors.Join(err, closeAll(conns))
	}
	for _, c := range conns {
		list = append(list, &snapshot{reader{querier{c: c}}})
	}
	return list, nil
}

// atOneMoment calls begin, which begins transactions, until there was no commit to the
// contacts between the first and the last of them.
func (e *Engine) atOneMoment(begin func() error) error {
	for same := false; !same; {
		err := e.reader.use(func(c *conn) error {
			before, err := c.number("PRAGMA data_version")
			if err := errors.Join(err, begin()); err != nil {
				return err
			}
			after, err := c.number("PRAGMA data_version")
			same = before == after
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// beginNow begins a transaction of the present moment, instead of the one there
// may be. Reading from the table, which the file has, fixes the moment.
func (c *conn) beginNow(table string) error {
	if err := c.rollback(); err != nil {
		return err
	}
	if err := c.exec("BEGIN"); err != nil {
		return err
	}
	_, err := c.number("SELECT 1 FROM " + table + " LIMIT 1")
	return err
}

func closeAll(conns []*conn) error {
	var errs []error
	for _, c := range conns {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// Close ends the snapshot.
func (s *snapshot) Close() error { return s.c.close() }
