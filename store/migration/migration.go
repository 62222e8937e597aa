// Package migration copies a store from files on this host into a PostgreSQL database.
//
// It knows both engines only as tables of rows: store/sqlite reads each table in the order
// of its keys while nobody writes, store/postgres adds rows and notes in the same transaction
// how far it is. So a migration that was killed goes on where it was, whatever was under
// way, and takes no memory that grows with the store. Then every row of both sides is
// compared, and only after that the database may be opened by others.
//
// A table that is added to the schema of both engines is copied without a change here. The
// lists of members, which are files there and a table in PostgreSQL, are in lists.go; texts that PostgreSQL can't
// store are in text.go, the comparison in compare.go.
package migration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"winnow/store/engine"
	"winnow/store/location"
	"winnow/store/members"
	"winnow/store/postgres"
	"winnow/store/sqlite"
)

// Options say what is copied where.
type Options struct {
	From string // path of the store's main file; the caller holds the locks of those who use it
	To   string // URL of the database
	// Progress makes a function that is called with how many of something there are so far,
	// which may be nil, and one that is called when that ends. It may be nil.
	Progress func(noun string) (show func(int64), done func())
	// Chunk is how many rows one transaction copies; 0 for as many as is good.
	Chunk int64
}

// Result is what was copied.
type Result struct {
	Tables  []Table       `json:"tables"` // those that have rows
	Rows    int64         `json:"rows"`
	Lists   int64         `json:"member_lists"`      // of members of segments
	Resumed bool          `json:"resumed,omitempty"` // an earlier migration, which was interrupted
	Took    time.Duration `json:"-"`
	Seconds float64       `json:"seconds"`
}

// Table is what was copied of a table.
type Table struct {
	Name     string `json:"name"`
	Rows     int64  `json:"rows"`
	Replaced int64  `json:"replaced_texts,omitempty"` // texts in which U+FFFD is for what PostgreSQL can't store
}

// A transaction copies so many rows, and about so many bytes of bodies and texts.
const (
	chunkRows  = 20_000
	chunkBytes = 16 << 20
)

// migration is one under way.
type migration struct {
	Options
	from   *sqlite.Tables
	to     *postgres.Target
	show   func(int64) // the progress
	result Result
}

// Run copies a store, or goes on with that, compares both, and makes the database one that
// can be used.
func Run(ctx context.Context, o Options) (result Result, err error) {
	if o.Chunk == 0 {
		o.Chunk = chunkRows
	}
	began := time.Now()
	m := &migration{Options: o}
	if m.from, err = sqlite.OpenTables(o.From); err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, m.from.Close()) }()
	if m.to, err = postgres.OpenTarget(ctx, o.To); err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, m.to.Close()) }()
	for _, step := range []func(context.Context) error{m.begin, m.copyTables, m.copyLists, m.to.Analyze, m.compareTables, m.compareLists, m.end} {
		if err := step(ctx); err != nil {
			if ctx.Err() != nil {
				return result, ctx.Err() // and not what was under way then
			}
			return result, err
		}
	}
	m.result.Took = time.Since(began)
	m.result.Seconds = m.result.Took.Seconds()
	return m.result, nil
}

func (m *migration) begin(ctx context.Context) error {
	mark, err := m.from.Mark()
	if err != nil {
		return err
	}
	return m.to.Begin(ctx, mark)
}

func (m *migration) end(ctx context.Context) error {
	sequences, err := m.from.Sequences()
	if err != nil {
		return err
	}
	return m.to.End(ctx, sequences)
}

// showing shows the progress of what is counted by that noun, until done.
func (m *migration) showing(noun string) (done func()) {
	m.show, done = nil, func() {}
	if m.Progress != nil {
		m.show, done = m.Progress(noun)
	}
	if m.show == nil {
		m.show = func(int64) {}
	}
	return done
}

func (m *migration) copyTables(ctx context.Context) error {
	defer m.showing("copied row")()
	tables := m.from.List()
	for i := range tables {
		c := &tableCopy{migration: m, table: &tables[i]}
		if err := c.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// tableCopy copies one table.
type tableCopy struct {
	*migration
	table *engine.Table
	far   postgres.Filled
	rows  *sqlite.TableRows
	last  engine.Row // the key of the last row that was read
	bytes int        // read since the transaction began
	n     int64      // rows, the same
}

func (c *tableCopy) run(ctx context.Context) (err error) {
	if c.far, err = c.to.Filled(ctx, c.table.Name); err != nil {
		return err
	}
	c.result.Rows += c.far.Rows
	c.result.Resumed = c.result.Resumed || c.far.Rows > 0
	if c.far.Whole {
		return nil
	}
	var after engine.Row
	if c.far.Rows > 0 {
		if after, err = decodeKey(c.table, c.far.Last); err != nil {
			return err
		}
	}
	c.rows = c.from.Rows(c.table, after)
	defer func() { err = errors.Join(err, c.rows.Close()) }()
	for !c.far.Whole {
		c.n, c.bytes = 0, 0
		if err := c.to.Append(ctx, c.table, c.next, c.place); err != nil {
			return err
		}
	}
	return nil
}

// next reads the next row of the transaction.
func (c *tableCopy) next() (engine.Row, error) {
	if c.n == c.Chunk || c.bytes >= chunkBytes {
		return nil, nil
	}
	row, err := c.rows.Next()
	if row == nil || err != nil {
		c.far.Whole = err == nil
		return nil, err
	}
	c.n++
	for _, value := range row {
		switch v := value.(type) {
		case string:
			c.bytes += len(v)
		case []byte:
			c.bytes += len(v)
		}
	}
	c.last = c.table.KeyOf(row)
	if _, err := storable(c.table, row); err != nil {
		return nil, err
	}
	c.show(c.result.Rows + c.n)
	return row, nil
}

// place is where the transaction ended.
func (c *tableCopy) place() (f postgres.Filled, err error) {
	c.result.Rows += c.n
	c.far.Rows += c.n
	if c.last != nil {
		c.far.Last, err = encodeKey(c.last)
	}
	return c.far, err
}

// lists are both places of the members of segments.
func (m *migration) lists() (from, to members.Lists) {
	return members.Folder(location.Beside(m.From, "members")), members.Table{Engine: m.to.Engine}
}

// notEqual is the error of a comparison.
func notEqual(format string, args ...any) error {
	return fmt.Errorf("the copy is not the store: "+format+"; nobody may use the database: drop it, and begin again with a new one", args...)
}
