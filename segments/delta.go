package segments

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// delta writes which contacts entered a segment, which left it and which rows
// changed since its base. The members of the base are read while the contacts pass,
// both in byte order of the key: nothing is held in memory. Of the row that a member
// had, the list of members has a sum.
//
// Each contact has one row at most. A contact that is another member than before,
// because a retry began or ended, has entered again: a reader that adds who
// entered by key, and removes who left or was merged, knows who is in the segment. If
// it replaces who changed, too, it has the segment's rows as they are. Of a
// contact that was merged into another nothing but the key is shown, and one that is no
// longer in the store for any other reason has no row.
//
// If the members of the base can't be read there is no delta, and the run says
// so. Reporting everyone as entered would look like a good file, and readers would
// keep contacts who left without learning of it. Only a segment without a base
// begins with everyone entering. A base of an earlier build has no sums of rows. Then
// a delta with changes can't be made either: one without them would pass for
// complete, and one that lists everyone would make the CRM write its whole list anew.
type delta struct {
	shows   Changes
	files   []*file
	members *memberReader // of the base; nil when the segment has none
	baseRun string        // EXPORT/RUN, for errors
	err     error         // why there is no delta
	closed  bool

	mergedInto func(key string) (string, error) // see Plan
	writeGone  func(key string)                 // writes the row of a contact that was merged
}

// openDelta opens the base of the segment, and the files of its delta.
func (x *execution) openDelta(o *output) *delta {
	base := x.plan.Bases[o.name]
	d := &delta{shows: DefaultChanges, baseRun: x.plan.Export.Name + "/" + base.Run, mergedInto: x.plan.MergedInto, writeGone: o.writeMerged}
	if shows, ok := x.plan.Export.Changes[o.name]; ok {
		d.shows = shows
	}
	if x.plan.Store == nil {
		d.err = errors.New("no members of runs are kept")
		return d
	}
	if base.Run != "" {
		if d.err = x.openBase(d, base); d.err != nil {
			return d
		}
	}
	columns := slices.Concat([]Column{{name: changeColumn}}, o.columns)
	d.files, d.err = x.createFiles(File{Name: o.name + ".delta", Segment: o.name, Kind: Delta, Since: base.Run}, columns)
	return d
}

func (x *execution) openBase(d *delta, base Base) error {
	members, err := openMembers(x.plan.Store, x.plan.Export.Name, base.Run, base.Segment)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the members of run %s, its base, are gone", d.baseRun)
	case err != nil:
		return fmt.Errorf("reading the members of run %s: %w", d.baseRun, err)
	}
	d.members = members
	if d.shows&Changed != 0 && members.version == 1 {
		return fmt.Errorf("the members of run %s were kept by an earlier build, without what their rows were", d.baseRun)
	}
	return nil
}

// change returns what became of the member since the base: entered, left, or
// nothing. Members come in byte order of the key. Whether the row of a member
// that is neither changed is asked with rowChanged, once the row is known.
func (d *delta) change(m *member, isMember bool) string {
	if d.members != nil {
		d.members.skip(func(key []byte) bool { return string(key) < m.key }, d.gone)
	}
	was := d.members != nil && d.members.seek(m.key)
	switch {
	case isMember && (!was || !d.members.matches(m)):
		return d.shown(entered, Entered)
	case was && !isMember:
		return d.shown(left, Left)
	}
	return ""
}

// shown is the word of a change, or nothing if the delta does not list it.
func (d *delta) shown(word string, is Changes) string {
	if d.shows&is == 0 {
		return ""
	}
	return word
}

// rowChanged reports whether the row of a member, for which change has just
// returned nothing, is to be listed because it differs from that of the base.
func (d *delta) rowChanged(m *member, sum uint64) bool {
	return d.shows&Changed != 0 && d.members != nil && d.members.hasRecord() && string(d.members.key) == m.key &&
		d.members.matches(m) && d.members.row != sum
}

// gone writes a row for a member of the base that is no longer in the store because it
// was merged.
func (d *delta) gone(key string) {
	if d.err != nil || d.mergedInto == nil || d.shows&Left == 0 {
		return
	}
	into, err := d.mergedInto(key)
	if err != nil {
		d.err = fmt.Errorf("looking up what became of a member: %w", err)
		return
	}
	if into != "" {
		d.writeGone(key)
	}
}

// close ends the delta's files, or discards them when it failed, and returns
// their entries of the manifest.
func (d *delta) close() []File {
	d.closed = true
	if d.members != nil {
		d.members.skip(func([]byte) bool { return true }, d.gone)
		if err := d.members.close(); err != nil && d.err == nil {
			d.err = fmt.Errorf("reading the members of run %s: %w", d.baseRun, err)
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

// abort ends a delta that was not closed because its segment or the run failed.
func (d *delta) abort() {
	if d.closed {
		return
	}
	d.closed = true
	d.discard()
	if d.members != nil {
		d.members.from.Close()
	}
}
