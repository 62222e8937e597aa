package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Target is a database that is filled from another engine, table by table. Nobody else can
// use it until that is complete.
type Target struct {
	// Engine is the database as the store will open it, to write what the other engine
	// keeps elsewhere.
	Engine *Engine
	pg     *pgx.Conn
}

// errIncomplete is the error of opening a database that winnow migrate has not filled.
var errIncomplete = errors.New("winnow migrate has not finished copying a store into this database: run it again, it goes on where it was; or drop the database and use a new one")

// filledLock is held by the one process that fills a database.
const filledLock = writeLock + 3

// filledFor is how long a process waits for that: the server needs a moment to notice that one
// has ended which filled it.
const filledFor = 2 * time.Second

// OpenTarget opens the database that the URL names, which is empty, or one that another
// process began to fill. It makes the tables if there are none.
func OpenTarget(ctx context.Context, url string) (*Target, error) {
	e, err := openWith(url, opening{create: true, incomplete: true})
	if err != nil {
		return nil, err
	}
	t := &Target{Engine: e}
	if t.pg, err = e.connect(); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	c := t.on(ctx)
	err = c.exec("SET statement_timeout = 0") // which a role may have; to compare a table takes as long as it takes
	alone := int64(0)
	for began := time.Now(); err == nil && alone == 0 && time.Since(began) < filledFor && ctx.Err() == nil; {
		if alone, err = c.number("SELECT pg_try_advisory_lock($1)", int64(filledLock)); alone == 0 {
			time.Sleep(reconnectPause)
		}
	}
	if err == nil && alone == 0 {
		err = errors.New("another winnow migrate fills this database; wait for it")
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Close closes the connections.
func (t *Target) Close() error {
	var err error
	if t.pg != nil {
		err = t.pg.Close(context.Background())
	}
	return errors.Join(err, t.Engine.Close())
}

func (t *Target) on(ctx context.Context) *conn { return connOf(ctx, t.pg) }

// Begin begins to fill the database from a store of that mark, or goes on. It is an error
// if there is anything else in it.
func (t *Target) Begin(ctx context.Context, mark string) error {
	c := t.on(ctx)
	began, ended, of, err := begun(c)
	switch {
	case err != nil:
		return err
	case ended != 0:
		return fmt.Errorf("the database has a store already: winnow migrate filled it, and finished at %s", hygiene.Instant(ended))
	case began != 0 && of != mark:
		return errors.New("the database has a part of a copy that winnow migrate began, of another store, or of this one before it was used again: drop the database, make a new one, and begin again")
	case began != 0:
		return nil
	}
	if err := checkVacant(c); err != nil {
		return err
	}
	return c.inTx("BEGIN", func() error {
		return errors.Join(c.exec("DELETE FROM quarantine_size"), // the row is one that is copied
			c.exec("INSERT INTO migration (id, mark, began_at, ended_at) VALUES (1, $1, winnow_now(), 0)", mark))
	}, nil)
}

// begun is what the database says of its filling; 0 for a time that has not come.
func begun(c *conn) (began, ended int64, mark string, err error) {
	r := c.query("SELECT began_at, ended_at, mark FROM migration")
	if r.Next() {
		began, ended, mark = r.Int(0), r.Int(1), r.Text(2)
	}
	return began, ended, mark, r.Close()
}

// checkComplete is an error if the database is being filled.
func checkComplete(c *conn) error {
	began, ended, _, err := begun(c)
	if err == nil && began != 0 && ended == 0 {
		err = errIncomplete
	}
	return err
}

// checkVacant is an error if a store has been used that is in the database.
func checkVacant(c *conn) error {
	names, err := tableNames(c)
	if err != nil {
		return err
	}
	for _, name := range names {
		sql := "SELECT EXISTS (SELECT 1 FROM " + quoted(name) + ")"
		switch name {
		case "winnow_schema", "quarantine_size":
			continue
		case "log_end":
			sql = "SELECT EXISTS (SELECT 1 FROM log_end WHERE seq > 0 OR quarantined > 0)"
		}
		if used, err := c.number(sql); err != nil || used != 0 {
			return errors.Join(err, fmt.Errorf("the database has a store already, with rows in %s: a store is copied into an empty database only", name))
		}
	}
	return nil
}

func tableNames(c *conn) (names []string, err error) {
	r := c.query("SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name")
	for r.Next() {
		names = append(names, r.Text(0))
	}
	return names, r.Close()
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// Filled is how far a table is filled.
type Filled struct {
	Last  []byte // names the last row, as the caller chose to; empty before the first
	Rows  int64  // so far
	Whole bool   // no row is missing
}

// Filled is how far a table is.
func (t *Target) Filled(ctx context.Context, table string) (f Filled, err error) {
	r := t.on(ctx).query("SELECT last, rows, whole FROM migrated WHERE name = $1", table)
	if r.Next() {
		f = Filled{r.Blob(0), r.Int(1), r.Int(2) != 0}
	}
	return f, r.Close()
}

// Append adds rows to a table, and notes how far it is then, in one transaction. next reads
// a row, or returns nil after the last; far is called after that.
func (t *Target) Append(ctx context.Context, table *engine.Table, next func() (engine.Row, error), far func() (Filled, error)) error {
	c := t.on(ctx)
	return c.inTx("BEGIN", func() error {
		if err := c.flush(); err != nil {
			return err
		}
		rows := &copyRows{ctx: ctx, next: next}
		_, err := t.pg.PgConn().CopyFrom(ctx, rows, "COPY "+quoted(table.Name)+" ("+columnNames(table, nil)+") FROM STDIN (FORMAT binary)")
		if err := rows.stop(); err != nil {
			return err // and not what the server said of it
		}
		if err != nil {
			return fmt.Errorf("copy rows of %s: %w", table.Name, friendly(err))
		}
		f, err := far()
		if err != nil {
			return err
		}
		return c.exec(`INSERT INTO migrated (name, last, rows, whole) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO UPDATE SET last = excluded.last, rows = excluded.rows, whole = excluded.whole`,
			table.Name, append([]byte{}, f.Last...), f.Rows, truth(f.Whole))
	}, nil)
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// columnNames are the names of these columns of a table, or of all for nil.
func columnNames(table *engine.Table, columns []int) string {
	var names []string
	for _, c := range columns {
		names = append(names, quoted(table.Columns[c].Name))
	}
	for i := range table.Columns {
		if columns == nil {
			names = append(names, quoted(table.Columns[i].Name))
		}
	}
	return strings.Join(names, ", ")
}

// Analyze counts what is in the tables, so that queries are planned well from the start.
func (t *Target) Analyze(ctx context.Context) error {
	c := t.on(ctx)
	return errors.Join(c.exec("ANALYZE"), c.flush())
}

// End makes the database one that can be used. sequences are the greatest ids that were ever
// given out, by table: the next ones follow them. In tables without a sequence they follow
// the greatest that is there, and no row is ever deleted.
func (t *Target) End(ctx context.Context, sequences map[string]int64) error {
	c := t.on(ctx)
	return c.inTx("BEGIN", func() error {
		err := c.exec("UPDATE log_end SET seq = $1, quarantined = $2 WHERE id = 1", sequences["events"], sequences["quarantine"])
		for table, last := range sequences {
			if table != "events" && table != "quarantine" && last > 0 {
				err = errors.Join(err, c.exec("SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", table, last))
			}
		}
		return errors.Join(err, c.exec("DELETE FROM migrated"), c.exec("UPDATE migration SET ended_at = winnow_now() WHERE id = 1"))
	}, nil)
}
