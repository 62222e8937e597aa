// Package imports takes files in: archives of events, the send log, contacts,
// suppressions, and the contacts of static lists. Each import reads a file record
// by record, reports what it skips with line and reason, and writes a few thousand
// records at a time.
//
// A list of contacts is a CSV that an importer is shown row by row: a new kind of
// list implements [importer].
package imports

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"winnow/internal/atomicfile"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
)

// input is a file on its way in.
type input struct {
	*ui.Printer
	ctx       context.Context
	config    string // the path of the config, for commands to type
	now       time.Time
	name      string
	file      io.ReadCloser
	unchanged func() error // tells when it is another file than the one that was opened
	rejectFile
}

// What is written together: so many lines, or so many bytes of them. Lines may be
// long, and what they grow to in memory is a multiple.
const (
	GroupLines = 4096
	groupBytes = 2 << 20
)

// Options say what to import.
type Options struct {
	File      string // its name; - is Stdin
	Stdin     io.Reader
	Rejected  string // the file to write rejected lines to; empty for none
	Delimiter byte   // of a CSV; 0 to find out
	Key       string // the column of a CSV that holds the contact's key
	Apply     bool   // where imports show first: do it
	Config    string // the path of the config, for commands to type
	Now       func() time.Time
}

// openInput opens the file of an import.
func openInput(ctx context.Context, out *ui.Printer, o Options) (*input, error) {
	if err := atomicfile.CheckDistinct(o.File, o.Rejected); err != nil {
		return nil, err
	}
	f, err := atomicfile.OpenInput(ctx, o.Stdin, o.File)
	if err != nil {
		return nil, err
	}
	if atomicfile.IsNamed(f, o.Rejected) {
		f.Close()
		return nil, ui.Usagef("stdin reads %s; write to another file", o.Rejected)
	}
	return &input{Printer: out, ctx: ctx, config: o.Config, now: o.Now(), name: o.File, file: f, unchanged: atomicfile.Unchanged(f), rejectFile: rejectFile{screen: out.Stderr, name: o.Rejected}}, nil
}

// ready is an error when what was gathered must not be written: someone wants the
// work ended, or the file was changed. Half a line of a file that is being
// written can be another person's.
func (in *input) ready() error {
	if in.ctx.Err() != nil {
		return ui.ErrInterrupted
	}
	return in.unchanged()
}

// isStopped tells whether the work ended because it was not ready.
func isStopped(err error) bool {
	return errors.Is(err, ui.ErrInterrupted) || errors.Is(err, atomicfile.ErrChanged)
}

// close closes the file, and puts the one of the lines that were left out in its
// place.
func (in *input) close() error {
	in.file.Close()
	return in.rejectFile.close()
}

// notJSONLines says what is wrong with a file that should hold JSON objects, by
// how it begins.
func notJSONLines(head []byte) error {
	if err := csvlist.CheckText(head); err != nil {
		return err
	}
	if bytes.HasPrefix(textOf(head), []byte("[")) {
		return errors.New("it is a JSON array: write its objects one a line, without the brackets and commas")
	}
	return nil
}

// textOf is a file from the first that it says on.
func textOf(head []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(head, []byte(csvlist.ByteOrderMark)), " \t\r\n")
}
