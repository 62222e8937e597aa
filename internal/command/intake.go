package command

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"winnow/hygiene"
)

// contactFile is a CSV file that names contacts, as an argument.
type contactFile struct {
	File     string `arg:"" help:"A CSV file with a header; - for stdin."`
	Key      string `default:"contact" placeholder:"COLUMN" help:"The column that names the contact; contact when not said."`
	Rejected string `placeholder:"FILE" help:"Write the lines that were left out to this file, each with its number and why."`
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

// leftField is why a field was left out of a line that was taken.
type leftField struct{ error }

// left is what was left out of a file.
type left struct {
	Lines  int64 // rejected
	Fields int64 // of lines that were taken
}

// read shows the file to a taker, and tells each line that is left out.
func (x *contactFile) read(c *call, keys hygiene.KeyFormat, t taker) (out left, err error) {
	if err := apart(x.File, x.Rejected); err != nil {
		return out, err
	}
	f, err := c.openFile(x.File)
	if err != nil {
		return out, err
	}
	defer f.Close()
	if isFile(f, x.Rejected) {
		return out, &usageError{fmt.Errorf("%s is what stdin reads: write to another file", x.Rejected)}
	}
	in := &intake{call: c, keys: keys, taker: t}
	if err := in.header(f, x.Key); err != nil {
		return out, fmt.Errorf("%s: %w", x.File, err)
	}
	if x.Rejected != "" {
		to, err := createFile(x.Rejected)
		if err != nil {
			return out, err
		}
		defer to.discard()
		in.rejected = csv.NewWriter(to)
		in.rejected.Write([]string{"line", "reason", "text"})
		defer func() {
			in.rejected.Flush()
			err = errors.Join(err, in.rejected.Error(), to.finish())
		}()
	}
	if err := in.all(); err != nil {
		return in.out, fmt.Errorf("%s: stopped before line %d: %w; it can be done again from the beginning", x.File, in.list.line, err)
	}
	return in.out, nil
}

// intake is a file on its way to a taker.
type intake struct {
	*call
	keys     hygiene.KeyFormat
	taker    taker
	list     *list
	fields   []string
	out      left
	rejected *csv.Writer // nil for nobody
}

// header opens the file and shows the taker the names of its columns.
func (in *intake) header(f io.Reader, key string) (err error) {
	if in.list, err = openList(f, key, 0); err != nil {
		return errors.New(strings.Replace(err.Error(), "--column", "--key", 1)) // the flag's name here
	}
	names := make([]string, len(in.list.fields))
	for i, field := range in.list.fields {
		names[i] = strings.TrimSpace(string(unquote(field)))
		for _, other := range names[:i] {
			if other == names[i] && other != "" {
				return fmt.Errorf("the header names %q twice: rename one", other)
			}
		}
	}
	return in.taker.columns(names)
}

// all takes in line after line, and has them written a few thousand at a time.
func (in *intake) all() error {
	show, done := in.progress("line")
	defer done()
	for n := int64(1); ; n++ {
		r, err := in.list.next()
		if err == io.EOF {
			return in.taker.flush()
		}
		if err != nil {
			return err
		}
		if why := in.line(&r); why != nil {
			in.tell(&r, why)
		}
		if n%importGroup != 0 {
			continue
		}
		if err := errors.Join(in.taker.flush(), in.interrupted()); err != nil {
			return err
		}
		if show != nil {
			show(n)
		}
	}
}

// line takes one line in. One of empty fields alone, as spreadsheets leave them
// at the end, is passed over.
func (in *intake) line(r *record) error {
	if r.why != nil {
		return r.why
	}
	in.fields = in.fields[:0]
	empty := true
	for _, field := range in.list.fields {
		text := strings.TrimSpace(string(unquote(field)))
		in.fields = append(in.fields, text)
		empty = empty && text == ""
	}
	if empty {
		return nil
	}
	key, err := in.keys.Normalize(in.fields[in.list.keyColumn])
	if err != nil {
		return err
	}
	return in.taker.take(key, in.fields)
}

// tell says what was left out, the first of it on the screen.
func (in *intake) tell(r *record, why error) {
	left := "the line was left out: "
	var field leftField
	if errors.As(why, &field) {
		in.out.Fields++
		left = ""
	} else {
		in.out.Lines++
	}
	if in.out.Fields+in.out.Lines <= toldRejects {
		fmt.Fprintf(in.Stderr, "winnow: line %d: %s%s\n", r.line, left, why)
	}
	if in.rejected != nil {
		in.rejected.Write([]string{strconv.FormatInt(r.line, 10), why.Error(), string(trimEnd(r.raw))})
	}
}

// err is the error of a file that was not taken in whole.
func (l *left) err(file string) error {
	r := rejects{n: l.Lines}
	return r.err(file)
}
