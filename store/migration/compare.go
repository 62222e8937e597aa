package migration

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"winnow/store/engine"
	"winnow/store/postgres"
)

// compareTables compares all rows of both sides.
func (m *migration) compareTables(ctx context.Context) error {
	defer m.showing("compared row")()
	tables, compared := m.from.List(), int64(0)
	for i := range tables {
		c := &comparison{migration: m, table: &tables[i], seed: maphash.MakeSeed(), before: compared}
		if err := c.run(ctx); err != nil {
			return err
		}
		compared += c.rows
		if c.rows > 0 {
			m.result.Tables = append(m.result.Tables, Table{c.table.Name, c.rows, c.replaced})
		}
	}
	m.result.Rows = compared
	return nil
}

// comparison compares the rows of a table, one by one, in the order of their keys. Where a
// replacement may have moved a row it is set aside: of those only the sum of their hashes is
// compared.
type comparison struct {
	*migration
	table    *engine.Table
	seed     maphash.Seed
	before   int64 // rows compared before this table
	rows     int64
	replaced int64
	aside    [2]uint64 // sums of hashes, of both sides
}

func (c *comparison) run(ctx context.Context) (err error) {
	here := c.from.Rows(c.table, nil)
	defer func() { err = errors.Join(err, here.Close()) }()
	there, err := c.to.Rows(ctx, c.table)
	if err != nil {
		return err
	}
	defer there.Close()
	for {
		row, err := c.nextHere(here.Next)
		if err != nil {
			return err
		}
		found, err := c.nextThere(there)
		if err != nil {
			return err
		}
		if row == nil && !found {
			break
		}
		if row == nil || !found || !there.Is(row) {
			return c.difference(row, found, there.Row)
		}
	}
	if c.aside[0] != c.aside[1] {
		return notEqual("rows of %s whose keys have U+FFFD differ", c.table.Name)
	}
	return ctx.Err()
}

// nextHere reads the next row of the store that is not set aside; nil after the last.
func (c *comparison) nextHere(next func() (engine.Row, error)) (engine.Row, error) {
	for {
		row, err := next()
		if row == nil || err != nil {
			return nil, err
		}
		replaced, err := storable(c.table, row)
		if err != nil {
			return nil, err
		}
		c.replaced += replaced
		c.rows++
		c.show(c.before + c.rows)
		if !mayBeReplaced(c.table, row) {
			return row, nil
		}
		c.aside[0] += c.hash(row)
	}
}

// nextThere goes to the next row of the database that is not set aside; false after the last.
func (c *comparison) nextThere(rows *postgres.TableRows) (found bool, err error) {
	for {
		found, err := rows.Next()
		if !found || err != nil {
			return false, err
		}
		if !slices.ContainsFunc(c.table.Key, func(column int) bool { return rows.HasText(column, replacement) }) {
			return true, nil
		}
		c.aside[1] += c.hash(rows.Row())
	}
}

func (c *comparison) hash(row engine.Row) uint64 {
	var h maphash.Hash
	h.SetSeed(c.seed)
	for _, value := range row {
		fmt.Fprintf(&h, "%q\n", value)
	}
	return h.Sum64()
}

// difference says which row is the first that differs. row is that of the store; nil for none.
func (c *comparison) difference(row engine.Row, found bool, there func() engine.Row) error {
	if !found {
		return notEqual("%s lacks the row %s", c.table.Name, c.named(row))
	}
	other := there()
	if row == nil {
		return notEqual("%s has a row %s more", c.table.Name, c.named(other))
	}
	if a, b := c.named(row), c.named(other); a != b {
		return notEqual("%s has the row %s where %s is to be", c.table.Name, b, a)
	}
	for i, value := range row {
		if fmt.Sprintf("%q", value) != fmt.Sprintf("%q", other[i]) {
			return notEqual("%s of the row %s of %s differs", c.table.Columns[i].Name, c.named(row), c.table.Name)
		}
	}
	return notEqual("the row %s of %s differs", c.named(row), c.table.Name)
}

// named names a row by its key; a contact by both that it has.
func (c *comparison) named(row engine.Row) string {
	var parts []string
	for i, column := range c.table.Columns {
		if slices.Contains(c.table.Key, i) || c.table.Name == "contacts" && column.Name == "key" {
			parts = append(parts, fmt.Sprintf("%s %q", column.Name, row[i]))
		}
	}
	return strings.Join(parts, ", ")
}
