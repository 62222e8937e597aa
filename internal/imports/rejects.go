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

// maxReported is the maximum number of rejected lines and skipped parts that are
// reported on stderr.
const maxReported = 20

// rejects reports what is not imported: the first of it on stderr, and all of it in
// the file that --rejected names.
type rejects struct {
	stderr io.Writer
	name   string // of the file; empty for none
	file   *atomicfile.File
	rows   *csv.Writer
	counts rejectCounts
}

// rejectCounts counts what was not imported.
type rejectCounts struct {
	lines int64
	parts int64 // of lines that were imported otherwise
	flaws int64 // lines that were imported in spite of what is wrong with them
}

// flawedLine is the error of a line that was imported in spite of it.
type flawedLine struct{ error }

// skippedPart is the error of a line that was imported except for a part of it, such
// as an invalid phone number.
type skippedPart struct{ error }

// create creates the file, if one is wanted.
func (r *rejects) create() (err error) {
	if r.name == "" {
		return nil
	}
	if r.file, err = atomicfile.Create(r.name); err != nil {
		return err
	}
	r.rows = csv.NewWriter(r.file)
	return r.rows.Write([]string{"line", "reason", "text"})
}

// hasFile reports whether there is a file.
func (r *rejects) hasFile() bool { return r.file != nil }

// add counts and reports a line that was rejected; a part of it, when the reason is a
// skippedPart; or what is wrong with one that was imported, when it is a flawedLine.
func (r *rejects) add(line int64, reason error, text []byte) {
	format := "winnow: line %d rejected: %s\n"
	var part skippedPart
	var flaw flawedLine
	switch {
	case errors.As(reason, &part):
		r.counts.parts++
		format = "winnow: line %d: %s\n"
	case errors.As(reason, &flaw):
		r.counts.flaws++
		format = "winnow: line %d is imported all the same: %s\n"
	default:
		r.counts.lines++
	}
	if r.counts.parts+r.counts.lines+r.counts.flaws <= maxReported {
		fmt.Fprintf(r.stderr, format, line, ui.Printable(reason.Error()))
	}
	r.addToFile(line, reason, text)
}

// addToFile writes a line to the file only, and does not count it.
func (r *rejects) addToFile(line int64, reason error, text []byte) {
	if r.hasFile() {
		r.rows.Write([]string{strconv.FormatInt(line, 10), reason.Error(), string(csvlist.TrimLineEnd(text))})
	}
}

// close completes the file.
func (r *rejects) close() error {
	if !r.hasFile() {
		return nil
	}
	defer r.file.Discard()
	r.rows.Flush()
	return errors.Join(r.rows.Error(), r.file.Commit())
}

// err returns the error of an import that rejected lines.
func (c rejectCounts) err(file string) error {
	if c.lines == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s rejected", file, ui.Count(c.lines, "line"))
}
