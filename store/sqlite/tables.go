package sqlite

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/store/engine"
)

// Tables reads all of a database, table by table, to copy it to another engine. While it
// is open nobody writes to the database: both files have a transaction that could write,
// and never does.
type Tables struct {
	list          []engine.Table
	log, contacts *conn
	of            map[string]*conn // of each table
}

// OpenTables opens the database whose contacts are at the path, which must be there. Its
// schema is updated if an older winnow has written it, as by [OpenExisting].
func OpenTables(path string) (*Tables, error) {
	for _, file := range []string{path, LogPath(path)} {
		if !Exists(file) {
			return nil, fmt.Errorf("open %s: %w", file, ErrMissing)
		}
	}
	t := &Tables{of: map[string]*conn{}}
	if err := t.open(path); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *Tables) open(path string) (err error) {
	if t.log, err = openFile(LogPath(path), "events", ""); err != nil {
		return err
	}
	if t.contacts, err = openFile(path, "roster", ""); err != nil {
		return err
	}
	for _, c := range []*conn{t.log, t.contacts} {
		if err := c.exec("BEGIN IMMEDIATE"); err != nil {
			return err
		}
		if err := t.describe(c); err != nil {
			return err
		}
	}
	made := objectsToday()
	slices.SortFunc(t.list, func(a, b engine.Table) int {
		return cmp.Compare(slices.Index(made, object{"table", a.Name}), slices.Index(made, object{"table", b.Name}))
	})
	return nil
}

// describe adds the tables of a file.
func (t *Tables) describe(c *conn) error {
	there, err := objectsOf(c)
	if err != nil {
		return err
	}
	for _, o := range there {
		if o.kind != "table" {
			continue
		}
		table, err := describeTable(c, o.name)
		if err != nil {
			return err
		}
		t.list = append(t.list, table)
		t.of[o.name] = c
	}
	return nil
}

func describeTable(c *conn, name string) (table engine.Table, err error) {
	table.Name = name
	places := map[int64]int{} // in the key, from 1
	r := c.query("SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid", name)
	for r.Next() {
		kind := slices.Index([]string{"INTEGER", "TEXT", "BLOB"}, r.Text(1))
		if kind < 0 {
			err = fmt.Errorf("the column %s of %s is of the type %s, which is not copied", r.Text(0), name, r.Text(1))
			break
		}
		if place := r.Int(2); place > 0 {
			places[place] = len(table.Columns)
		}
		table.Columns = append(table.Columns, engine.Column{Name: r.Text(0), Kind: engine.Kind(kind)})
	}
	for place := range int64(len(places)) {
		table.Key = append(table.Key, places[place+1])
	}
	return table, errors.Join(err, r.Close())
}

// List are all tables of both files, in the order of the schema, which has a table before
// those that refer to it.
func (t *Tables) List() []engine.Table { return t.list }

// Rows reads the rows of a table after that key, in the order of the keys; all of them
// for nil. One answer is open at a time.
func (t *Tables) Rows(table *engine.Table, after engine.Row) *TableRows {
	key := quotedNames(table, table.Key)
	sql := "SELECT " + quotedNames(table, nil) + " FROM " + quoted(table.Name)
	if after != nil {
		sql += " WHERE (" + key + ") > (" + strings.TrimSuffix(strings.Repeat("?, ", len(table.Key)), ", ") + ")"
	}
	return &TableRows{r: t.of[table.Name].query(sql+" ORDER BY "+key, after...), row: make(engine.Row, len(table.Columns))}
}

// TableRows are rows of a table.
type TableRows struct {
	r   *rows
	row engine.Row
}

// Next reads the next row, which is good until the one after it is read; nil after the last.
func (r *TableRows) Next() (engine.Row, error) {
	if !r.r.Next() {
		return nil, r.r.err
	}
	for i, value := range r.r.dest {
		r.row[i] = value
	}
	return r.row, nil
}

// Close ends the answer.
func (r *TableRows) Close() error { return r.r.Close() }

// quotedNames are the names of these columns of a table, or of all for nil.
func quotedNames(table *engine.Table, columns []int) string {
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

func quoted(name string) string { return `"` + name + `"` }

// Sequences are the greatest ids that were ever given out in the tables that never give one
// out twice. The events go on behind the sweep's cursor, see continueLog.
func (t *Tables) Sequences() (map[string]int64, error) {
	of := map[string]int64{}
	for _, c := range []*conn{t.log, t.contacts} {
		r := c.query("SELECT name, seq FROM sqlite_sequence")
		for r.Next() {
			of[r.Text(0)] = r.Int(1)
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	cursor, err := t.contacts.number("SELECT value FROM counters WHERE name = 'cursor'")
	of["events"] = max(of["events"], cursor)
	return of, err
}

// marks are what almost every use of a store changes.
var marks = map[bool][]string{
	true: {"SELECT name, seq FROM sqlite_sequence ORDER BY name", "SELECT * FROM probe", "SELECT * FROM retention", "SELECT * FROM quarantine_size", "SELECT writer, n FROM pulled ORDER BY writer"},
	false: {"SELECT name, seq FROM sqlite_sequence ORDER BY name", "SELECT * FROM counters ORDER BY name", "SELECT name, max(at) FROM jobs GROUP BY name ORDER BY name",
		"SELECT sum, saved_at FROM config_file ORDER BY path", "SELECT max(id) FROM ledger", "SELECT max(id) FROM contacts", "SELECT max(id) FROM policies", "SELECT max(id), max(finished_at) FROM runs"},
}

// Mark is a digest by which it is known again whether this is the same database, and
// whether somebody has used it meanwhile. A change to little, such as a pin, it may miss.
func (t *Tables) Mark() (string, error) {
	digest := sha256.New()
	for _, c := range []*conn{t.log, t.contacts} {
		for _, sql := range marks[c == t.log] {
			r := c.query(sql)
			for r.Next() {
				fmt.Fprintf(digest, "%v\n", r.dest)
			}
			if err := r.Close(); err != nil {
				return "", err
			}
			io.WriteString(digest, "\n")
		}
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// Close ends both transactions, in which nothing was written.
func (t *Tables) Close() (err error) {
	for _, c := range []*conn{t.log, t.contacts} {
		if c != nil {
			err = errors.Join(err, c.rollback(), c.close())
		}
	}
	return err
}
