package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/store/engine"
)

// What is deleted or overwritten stays in the tables until they are vacuumed, and vacuuming
// leaves what somebody may still read: a transaction, on a standby too if that says so, that
// began before. Whether there is one is not for every user to see, so it is tried: a row is
// deleted from a table of its own, and if vacuuming that leaves it, all others would keep more.
// So the tables, of which some are large, are vacuumed when it helps, once.
//
// Vacuuming looks at the pages that have changed since the last time. Where an index has
// keys, numbers or message ids, all of it is read, so that none stays there. Those of the log have
// only places: they are left to the server, and vacuuming costs the same however long it is.

// logTables are those of which nothing but places is in an index.
var logTables = []string{"events", "quarantine", "arrivals"}

// How the indexes of a table are vacuumed: whole, or not at all.
const (
	wholeIndexes = "INDEX_CLEANUP ON"
	noIndexes    = "INDEX_CLEANUP OFF"
)

// PurgeLog implements engine.Engine. The server removes what was deleted and overwritten
// from its tables; its write-ahead log and copies of it keep that as long as they are kept.
func (e *Engine) PurgeLog(do func(engine.LogReader, engine.LogWriter) error) (clean bool, err error) {
	if err := e.ReadLog(func(engine.LogReader) error { return nil }); err != nil { // all that has arrived gets its place
		return false, err
	}
	err = e.process.write(func(w *logWriter) error { return do(&logReader{w.c}, w) })
	if err != nil {
		return false, err
	}
	return e.vacuum(noIndexes, func(*conn) ([]string, error) { return logTables, nil })
}

// Purge implements engine.Engine.
func (e *Engine) Purge([][]byte) (clean bool, err error) {
	return e.vacuum(wholeIndexes, func(c *conn) ([]string, error) {
		names, err := tableNames(c)
		return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(logTables, name) }), err
	})
}

// vacuum removes what was deleted from the tables. It reports false if somebody may still read
// it. It has a connection of its own, as it takes long where a table is large.
func (e *Engine) vacuum(indexes string, of func(*conn) ([]string, error)) (clean bool, err error) {
	pg, err := e.connect()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, pg.Close(context.Background())) }()
	c := connOf(e.ctx, pg)
	if err := checkOwned(c); err != nil {
		return false, err
	}
	if clean, err = isUnread(c); err != nil || !clean {
		return false, err
	}
	tables, err := of(c)
	if err != nil {
		return false, err
	}
	for _, table := range slices.Concat(tables, tables) { // twice: a page that somebody looks at in that moment is left out
		if _, err := pg.Exec(e.ctx, "VACUUM (TRUNCATE FALSE, "+indexes+") "+quoted(table)); err != nil {
			return false, fmt.Errorf("vacuum %s: %w", table, friendly(err))
		}
	}
	return true, nil
}

// isUnread reports whether nobody can read any more what has been deleted by now. If so, no
// page is left of a table whose only row was deleted after that. Short transactions, of which
// some are always under way, are waited for.
func isUnread(c *conn) (bool, error) {
	err := errors.Join(c.exec("INSERT INTO vacuumed (id) VALUES (1)"), c.flush(), c.exec("DELETE FROM vacuumed"), c.flush())
	for began := time.Now(); err == nil; {
		if _, err := c.pg.Exec(c.ctx, "VACUUM (TRUNCATE) vacuumed"); err != nil {
			return false, friendly(err)
		}
		left, err := c.number("SELECT pg_relation_size('vacuumed')")
		if err != nil || left == 0 || time.Since(began) > shortFor {
			return left == 0, err
		}
		time.Sleep(shortFor / 50)
	}
	return false, err
}

// shortFor is how long a short transaction takes.
const shortFor = time.Second

// foreignTables counts the tables of the store that belong to another user. The owner of the
// database may vacuum them.
const foreignTables = `SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND NOT pg_has_role(relowner, 'USAGE')
	AND NOT pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE')`

// checkOwned is an error if this user may not vacuum the tables: the server only warns of that.
func checkOwned(c *conn) error {
	foreign, err := c.number(foreignTables)
	if err == nil && foreign > 0 {
		err = fmt.Errorf("tables of the store belong to another user (%d of them), who alone may vacuum them, so what was erased would stay there; make the user of the store URL their owner by ALTER TABLE … OWNER TO …", foreign)
	}
	return err
}
