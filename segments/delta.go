package segments

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// The words of the column change, which is a delta's first.
const (
	entered = "entered"
	left    = "left"
)

// changeColumn is the name of a delta's first column.
const changeColumn = "change"

// delta writes who entered a segment and who left it since the last published
// run in which the segment was whole. The members of that run are read while the
// contacts pass, both in byte order of the key: nothing is held in memory.
//
// Each contact has one row at most. Who is another member than before, by a new
// retry or by the end of one, has entered again: a reader that takes in whoever
// entered by key, and strikes whoever left, has the segment as it is. A contact
// that is no longer in the store leaves no row, since there is nothing to show.
//
// If the members of that run can't be read there is no delta, and the run says so.
// Reporting everyone as entered would look like a good file, and readers would
// keep contacts who left without their being told. Only a segment that no
// published run has whole begins with everyone entering.
type delta struct {
	files  []*file
	before *memberReader // nil when the segment has no base
	err    error         // why there is no delta
	done   bool
}

// openDelta opens the files of the delta and the base.
func (x *execution) openDelta(o *output) *delta {
	d := &delta{}
	if x.plan.Book == nil {
		d.err = errors.New("there is nowhere to keep the members of a run")
		return d
	}
	base := x.plan.Bases[o.name]
	if base.Run != "" {
		d.before, d.err = x.openBase(base)
	}
	if d.err == nil {
		d.err = x.openDeltaFiles(o, d, base)
	}
	return d
}

func (x *execution) openBase(base Base) (*memberReader, error) {
	e := x.plan.Export.Name
	list, err := x.plan.Book.OpenMembers(e, base.Run, base.Segment)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the members of run %s/%s, which it tells the changes since, are gone", e, base.Run)
	case err != nil:
		return nil, fmt.Errorf("reading the members of run %s/%s: %w", e, base.Run, err)
	}
	return openMembers(list, memberTitle(e, base.Run, base.Segment)), nil
}

func (x *execution) openDeltaFiles(o *output, d *delta, base Base) error {
	columns := slices.Concat([]Column{{name: changeColumn}}, o.columns)
	for _, format := range x.formats() {
		e, err := newEncoder(format, columns, x.plan.Export.CSV)
		if err != nil {
			return err
		}
		entry := File{Name: o.name + ".delta." + string(format), Segment: o.name, Format: format, Kind: Delta, Columns: headers(columns)}
		if d.before != nil {
			entry.Since = base.Run
		}
		d.files = append(d.files, createFile(entry, e, x.replicas, x.compressors))
	}
	return nil
}

// turn tells what became of the member since the base: entered, left, or nothing.
func (d *delta) turn(m *member, is bool) string {
	was := d.before != nil && d.before.passTo(m.key)
	switch {
	case is && (!was || !d.before.is(m)):
		return entered
	case was && !is:
		return left
	}
	return ""
}

func (d *delta) row(cells []cell) {
	for _, f := range d.files {
		f.row(cells)
	}
}

// close ends the delta's files, or takes them away when it failed, and gives
// what they are.
func (d *delta) close(base Base, export string) []File {
	d.done = true
	if d.before != nil {
		if err := d.before.close(); err != nil && d.err == nil {
			d.err = fmt.Errorf("reading the members of run %s/%s: %w", export, base.Run, err)
		}
	}
	if d.err != nil {
		d.discard()
		return nil
	}
	var files []File
	for _, f := range d.files {
		files = append(files, f.close())
	}
	return files
}

func (d *delta) discard() {
	for _, f := range d.files {
		f.discard()
	}
}

// abandon ends a delta that was not closed, as its segment or the run failed.
func (d *delta) abandon() {
	if d.done {
		return
	}
	d.done = true
	d.discard()
	if d.before != nil {
		d.before.from.Close()
	}
}

// trouble tells what went wrong with the delta, or will with the next, and what
// readers do about it.
func (d *delta) trouble(unkept error) error {
	switch {
	case d.err != nil && unkept != nil:
		return fmt.Errorf("its delta could not be made: %w; nor could its members be kept: %w; read the segment whole this time and the next", d.err, unkept)
	case d.err != nil:
		return fmt.Errorf("its delta could not be made: %w; read the segment whole this time, the next delta goes on from this run", d.err)
	case unkept != nil:
		return fmt.Errorf("its members could not be kept: %w; the next run can't make its delta", unkept)
	}
	return nil
}
