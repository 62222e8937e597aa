package imports

import (
	"context"
	"errors"
	"fmt"
	"io"

	"winnow/hygiene"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
)

// importer takes in the lines of such a file.
type importer interface {
	// columns gets the names in the header, and says what is wrong with them.
	columns(names []string) error
	// take gets a line: the contact's key, and the fields as they stand in the
	// file, which are good until the next line. It says why the line is left out,
	// or, as a leftField, what of it is.
	add(key string, fields []string) error
	// flush writes what was taken since the last time.
	flush() error
}

// shortImporter is a taker of lines that may end early.
type shortImporter interface {
	// fewest is how many columns a line has at least; the others are empty then.
	fewest() int
}

// readContacts shows the file to a taker, and reports each line that is left out.
func readContacts(ctx context.Context, out *ui.Printer, keys hygiene.KeyFormat, o Options, t importer) (l skipped, err error) {
	f, err := openInput(ctx, out, o)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	in := &contactReader{input: f, keys: keys, taker: t}
	if err := in.header(o.Key, o.Delimiter); err != nil {
		return l, fmt.Errorf("%s: %w", o.File, err)
	}
	if err := in.rejectFile.create(); err != nil {
		return l, err
	}
	if err := in.all(); err != nil {
		return in.skipped, in.stopped(err)
	}
	return in.skipped, nil
}

// contactReader is a file on its way to a taker.
type contactReader struct {
	*input
	keys   hygiene.KeyFormat
	taker  importer
	list   *csvlist.Reader
	fields []string
	weight int   // bytes of the lines since the last flush
	next   int64 // the first line that was not flushed; 0 before the first flush
}

// header opens the file and shows the taker the names of its columns.
func (in *contactReader) header(key string, separator byte) (err error) {
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
	if t, is := in.taker.(shortImporter); is && err == nil {
		in.list.MinColumns = t.fewest()
	}
	return err
}

// all takes in line after line, and has them written a few thousand at a time,
// fewer when they are long.
func (in *contactReader) all() error {
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
			in.rejectFile.add(r.Line, why, r.Raw)
		}
		if in.weight += len(r.Raw); n%GroupLines != 0 && in.weight < groupBytes {
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
func (in *contactReader) line(r *csvlist.Record) error {
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
	return in.taker.add(key, in.fields)
}

func (in *contactReader) flush() error {
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
func (in *contactReader) stopped(err error) error {
	if in.next == 0 {
		return fmt.Errorf("%s: %w; nothing of it was taken in", in.name, err)
	}
	return fmt.Errorf("%s: %w; it was taken in up to line %d, and importing the whole file again is right", in.name, err, in.next-1)
}
