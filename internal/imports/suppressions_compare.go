package imports

import (
	"context"
	"errors"
	"io"
	"strconv"

	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/records"
)

// A Comparison looks at a list of suppressions before any of it is imported.
type Comparison interface {
	// Listed receives some suppressions of the list, those that are held back too. Their
	// contacts are named by key or by phone number.
	Listed(some []store.ImportedSuppression) error
	// Compare is called when all were received.
	Compare() error
	// Print prints what was found.
	Print(w io.Writer) error
	// Result is the same as JSON, with the result of the import.
	Result(imported any) any
}

// CompareSuppressions is [Suppressions], but that the comparison sees the whole list
// before.
func CompareSuppressions(ctx context.Context, out *ui.Printer, a *app.App, o Options, c Comparison) error {
	return importSuppressions(ctx, out, a, o, &comparing{Comparison: c, waiting: records.Spool{Folder: a.Store.ScratchFolder()}})
}

// comparing passes suppressions on to a comparison, and keeps them until it is done.
type comparing struct {
	Comparison
	listed  []store.ImportedSuppression // not passed on yet
	waiting records.Spool               // to be imported
}

// list passes on what a row says of a contact or number.
func (c *comparing) list(of subject, record []string) error {
	until, err := strconv.ParseInt(record[1], 10, 64)
	if err != nil {
		return err
	}
	c.listed = append(c.listed, store.ImportedSuppression{Key: of.key, Phone: of.phone, Reason: record[0], Until: instant.Instant(until)})
	if len(c.listed) < FlushLines {
		return nil
	}
	return c.passOn()
}

func (c *comparing) passOn() error {
	err := c.Listed(c.listed)
	c.listed = c.listed[:0]
	return err
}

// wait keeps a suppression that is to be imported.
func (c *comparing) wait(of subject, record []string) error {
	return c.waiting.Add(append([]string{of.key, of.phone}, record...)...)
}

// compare lets the comparison compare, and then passes on what waits.
func (c *comparing) compare(pass passFunc) error {
	err := c.passOn()
	if err == nil {
		err = c.Compare()
	}
	if err != nil {
		return err
	}
	return c.waiting.Each(func(record []string) error {
		return pass(subject{record[0], record[1]}, record[2:])
	})
}

func (c *comparing) close() error {
	if c == nil {
		return nil
	}
	return errors.Join(c.waiting.Close())
}
