package segments

import (
	"fmt"
	"hash/fnv"
	"slices"
)

// output is one segment of the run: its files, its delta, and the list of its
// members.
type output struct {
	name    string
	index   int      // of the segment in the plan
	except  []string // the reasons that do not count for it
	columns []Column
	files   []*file
	list    *memberList
	// showsMessage says that a column is the id of a retry's message.
	showsMessage bool
	phoneKeys    bool   // see Plan
	delta        *delta // nil without one
	cells        []cell // of the present row; the first is the change, which only a delta shows
	times        TimeOptions
	written      []byte // backs rowSum
	err          error  // why the segment has no file
}

func (x *execution) openOutput(o *output) error {
	i := slices.IndexFunc(x.plan.Segments, func(s Segment) bool { return s.Name == o.name })
	if i < 0 {
		return fmt.Errorf("there is no segment %q", o.name)
	}
	o.index, o.columns, o.except = i, x.plan.Segments[i].Columns, x.plan.Segments[i].Except
	if len(o.columns) == 0 {
		o.columns = DefaultColumns()
	}
	o.cells = make([]cell, 1+len(o.columns))
	o.showsMessage = slices.ContainsFunc(o.columns, func(c Column) bool { return c.name == messageIDColumn })
	var err error
	if o.files, err = x.createFiles(File{Name: o.name, Segment: o.name, Kind: Full}, o.columns); err != nil {
		return err
	}
	o.list = x.createMemberList(o.name)
	if slices.Contains(x.plan.Export.Delta, o.name) {
		o.delta = x.openDelta(o)
	}
	return nil
}

// createFiles creates the files of these columns, one for each format of the
// export. entry describes them for the manifest; its name lacks the format.
func (x *execution) createFiles(entry File, columns []Column) (files []*file, err error) {
	for _, c := range columns {
		entry.Columns = append(entry.Columns, c.Header())
	}
	name := entry.Name
	for _, format := range slices.Compact(slices.Sorted(slices.Values(x.plan.Export.Formats))) {
		e, err := newEncoder(format, columns, encoding{x.plan.Export.CSV, x.plan.Export.Times, name, x.compressors})
		if err != nil {
			return files, err
		}
		entry.Name, entry.Format = name+"."+string(format), format
		if entry.Name == ManifestName {
			return files, fmt.Errorf("its file %s would take the manifest's place: give the segment another name", ManifestName)
		}
		files = append(files, createFile(entry, e, x.replicas, x.compressors))
	}
	return files, nil
}

// write writes the present contact: to the files if it is a member, and to the
// delta if it entered, left or changed.
func (o *output) write(m *member, v *view, isMember bool) error {
	change := ""
	if o.delta != nil {
		change = o.delta.change(m, isMember)
	}
	if !isMember && change == "" {
		return nil
	}
	defer v.contact.Except(v.contact.Except(o.except))
	if err := v.fill(o.columns, o.cells[1:]); err != nil {
		return err
	}
	if isMember {
		messageID := ""
		if o.showsMessage {
			messageID = v.messageID()
		}
		sum := o.rowSum()
		o.list.add(m, messageID, sum)
		if o.delta != nil && change == "" && o.delta.rowChanged(m, sum) {
			change = changed
		}
		for _, f := range o.files {
			f.row(o.cells[1:])
		}
	}
	if change != "" {
		o.cells[0].setText(change)
		if change == left {
			o.showRetryOfBase()
		}
		for _, f := range o.delta.files {
			f.row(o.cells)
		}
	}
	return nil
}

// writeMerged writes to the delta that the member of that key was merged into another
// contact, if a column shows the key.
func (o *output) writeMerged(key string) {
	shown := false
	for i := range o.columns {
		o.cells[1+i].form = absentForm
		if name := o.columns[i].name; name == contactColumn || name == phoneColumn && o.phoneKeys {
			o.cells[1+i].setText(key)
			shown = true
		}
	}
	if !shown {
		return
	}
	o.cells[0].setText(merged)
	for _, f := range o.delta.files {
		f.row(o.cells)
	}
}

// showRetryOfBase shows the message and the attempt of the retry that a member left
// with, and nothing else of a retry: the contact may have none any more, or another.
func (o *output) showRetryOfBase() {
	was := o.delta.members
	if len(was.messageID) == 0 {
		return
	}
	for i := range o.columns {
		switch cell := &o.cells[1+i]; o.columns[i].name {
		case messageIDColumn:
			cell.setText(string(was.messageID))
		case attemptColumn:
			cell.setNumber(was.attempt)
		case uniqueArgsColumn, dueAtColumn:
			cell.form = absentForm
		}
	}
}

// rowSum identifies what the present row shows, so that a later run can see whether
// a member's row has changed. Formats do not matter.
func (o *output) rowSum() uint64 {
	o.written = o.written[:0]
	for i := range o.cells[1:] {
		o.written = appendJSONCell(append(o.written, ','), &o.cells[1+i], o.times)
	}
	sum := fnv.New64a()
	sum.Write(o.written)
	return sum.Sum64()
}

// close ends the files of a segment that is whole. It returns the segment's
// entries of the manifest, and how many members it has.
func (o *output) close() (files []File, rows int64) {
	for _, f := range o.files {
		files = append(files, f.close())
		rows = f.entry.Rows
	}
	o.list.close()
	if o.delta != nil {
		files = append(files, o.delta.close()...)
	}
	return files, rows
}

// deltaError says what is wrong with the delta of this run, or will be with the
// next one, and what readers do about it. It is nil for a segment without a delta.
func (o *output) deltaError() error {
	if o.delta == nil {
		return nil
	}
	switch err, listErr := o.delta.err, o.list.err; {
	case err != nil && listErr != nil:
		return fmt.Errorf("its delta could not be made: %w; nor could its members be kept: %w; read the full file this time and the next", err, listErr)
	case err != nil:
		return fmt.Errorf("its delta could not be made: %w; read the full file this time, the next delta starts from this run", err)
	case listErr != nil:
		return fmt.Errorf("its members could not be kept: %w; the next run can't make its delta", listErr)
	}
	return nil
}

// discard removes the files of a segment that failed.
func (o *output) discard() {
	for _, f := range o.files {
		f.discard()
	}
	o.abort()
}

// abort ends what later runs would read, unless it was closed.
func (o *output) abort() {
	if o.list != nil {
		o.list.abort()
	}
	if o.delta != nil {
		o.delta.abort()
	}
}
