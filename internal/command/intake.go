package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"winnow/hygiene"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
)

// contactFile is a CSV file that names contacts, as an argument.
type contactFile struct {
	File      string `arg:"" help:"A CSV file with a header; - for stdin."`
	Key       string `default:"contact" placeholder:"COLUMN" help:"The column that names the contact; contact when not said."`
	Rejected  string `placeholder:"FILE" help:"Write the lines that were left out to this file, each with its number and why."`
	separated `embed:""`
}

// taker takes in the lines of such a file.
type taker interface {
	// columns gets the names in the header, and says what is wrong with them.
	columns(names []string) error
	// take gets a line: the contact's key, and the fields as they stand in the
	// file, which are good until the next line. It says why the line is left out,
	// or, as a leftField, what of it is.
	take(key string, fields []string) error
	// flush writes what was taken since the last time.
	flush() error
}

// shortTaker is a taker of lines that may end early.
type shortTaker interface {
	// fewest is how many columns a line has at least; the others are empty then.
	fewest() int
}

// options are what the flags say.
func (x *contactFile) options(c *call) (options, error) {
	delimiter, err := x.separator()
	return options{File: x.File, Stdin: c.stdin, Rejected: x.Rejected, Delimiter: delimiter, Key: x.Key, Config: c.config, Now: c.now}, err
}

// readContacts shows the file to a taker, and reports each line that is left out.
func readContacts(ctx context.Context, out *ui.Printer, keys hygiene.KeyFormat, o options, t taker) (l left, err error) {
	f, err := openImport(ctx, out, o)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	in := &intake{importing: f, keys: keys, taker: t}
	if err := in.header(o.Key, o.Delimiter); err != nil {
		return l, fmt.Errorf("%s: %w", o.File, err)
	}
	if err := in.rejects.begin(); err != nil {
		return l, err
	}
	if err := in.all(); err != nil {
		return in.left, in.stopped(err)
	}
	return in.left, nil
}

// intake is a file on its way to a taker.
type intake struct {
	*importing
	keys   hygiene.KeyFormat
	taker  taker
	list   *csvlist.Reader
	fields []string
	weight int   // bytes of the lines since the last flush
	next   int64 // the first line that was not flushed; 0 before the first flush
}

// header opens the file and shows the taker the names of its columns.
func (in *intake) header(key string, separator byte) (err error) {
	if in.list, err = csvlist.OpenKeyed(in.file, csvlist.KeyColumn{Name: key, Flag: "--key"}, separator); err != nil {
		return err
	}
	names := make([]string, len(in.list.Fields))
	for i, field := range in.list.Fields {
		names[i] = csvlist.CellText(field)
		for _, other := range names[:i] {
			if other == names[i] && other != "" {
				return fmt.Errorf("the header names %q twice: rename one", other)
			}
		}
	}
	err = in.taker.columns(names)
	if t, is := in.taker.(shortTaker); is && err == nil {
		in.list.MinColumns = t.fewest()
	}
	return err
}

// all takes in line after line, and has them written a few thousand at a time,
// fewer when they are long.
func (in *intake) all() error {
	show, done := in.Progress("line")
	defer done()
	for n := int64(1); ; n++ {
		r, err := in.list.Next()
		if err == io.EOF {
			return in.flush()
		}
		if err != nil {
			return err
		}
		if why := in.line(&r); why != nil {
			in.rejects.add(r.Line, why, r.Raw)
		}
		if in.weight += len(r.Raw); n%importGroup != 0 && in.weight < importBytes {
			continue
		}
		if err := in.flush(); err != nil {
			return err
		}
		if show != nil {
			show(n)
		}
	}
}

// line takes one line in. One of empty fields alone, as spreadsheets leave them
// at the end, is passed over.
func (in *intake) line(r *csvlist.Record) error {
	if r.Err != nil {
		return r.Err
	}
	in.fields = in.fields[:0]
	empty := true
	for _, field := range in.list.Fields {
		text := csvlist.CellText(field)
		in.fields = append(in.fields, text)
		empty = empty && text == ""
	}
	if empty {
		return nil
	}
	for len(in.fields) < in.list.Columns {
		in.fields = append(in.fields, "")
	}
	key, err := in.keys.Normalize(in.fields[in.list.KeyIndex])
	if err != nil {
		return err
	}
	return in.taker.take(key, in.fields)
}

func (in *intake) flush() error {
	if err := in.ready(); err != nil {
		return err
	}
	if err := in.taker.flush(); err != nil {
		return err
	}
	in.weight, in.next = 0, in.list.Line
	return nil
}

// stopped tells how far a file was taken in that did not come to its end.
func (in *intake) stopped(err error) error {
	if in.next == 0 {
		return fmt.Errorf("%s: %w; nothing of it was taken in", in.name, err)
	}
	return fmt.Errorf("%s: %w; it was taken in up to line %d, and importing the whole file again is right", in.name, err, in.next-1)
}
