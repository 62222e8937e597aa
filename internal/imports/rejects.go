package imports

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"

	"winnow/internal/atomicfile"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
)

// skipped is what was left out of a file.
type skipped struct {
	Lines  int64 // rejected
	Fields int64 // of lines that were taken
}

// skippedField is why a field was left out of a line that was taken.
type skippedField struct{ error }

// rejectFile tells what is left out of a file: the first of it on the screen, and
// all in a file of its own, if there is one.
type rejectFile struct {
	screen io.Writer
	name   string // of the file; empty for none
	file   *atomicfile.File
	rows   *csv.Writer
	skipped
}

// reportedRejects is how many rejected lines are told one by one.
const reportedRejects = 20

// create makes the file.
func (r *rejectFile) create() (err error) {
	if r.name == "" {
		return nil
	}
	if r.file, err = atomicfile.Create(r.name); err != nil {
		return err
	}
	r.rows = csv.NewWriter(r.file)
	return r.rows.Write([]string{"line", "reason", "text"})
}

// wanted tells whether there is such a file.
func (r *rejectFile) wanted() bool { return r.file != nil }

// add tells of a line, or of a field of it, that was left out.
func (r *rejectFile) add(line int64, why error, text []byte) {
	what := "the line was left out: "
	var field skippedField
	if errors.As(why, &field) {
		r.Fields++
		what = ""
	} else {
		r.Lines++
	}
	if r.Fields+r.Lines <= reportedRejects {
		fmt.Fprintf(r.screen, "winnow: line %d: %s%s\n", line, what, why)
	}
	r.note(line, why, text)
}

// note tells of a line in the file alone.
func (r *rejectFile) note(line int64, why error, text []byte) {
	if r.wanted() {
		r.rows.Write([]string{strconv.FormatInt(line, 10), why.Error(), string(csvlist.TrimLineEnd(text))})
	}
}

// close puts the file in its place.
func (r *rejectFile) close() error {
	if !r.wanted() {
		return nil
	}
	defer r.file.Discard()
	r.rows.Flush()
	return errors.Join(r.rows.Error(), r.file.Commit())
}

// err is the error of a file that was not taken in whole.
func (l *skipped) err(file string) error {
	if l.Lines == 0 {
		return nil
	}
	return fmt.Errorf("%s left out of %s", ui.CountVerb(l.Lines, "line", "was", "were"), file)
}
