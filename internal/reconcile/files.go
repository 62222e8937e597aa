package reconcile

import (
	"path/filepath"
	"strings"

	"winnow/internal/atomicfile"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
)

// files are the lists that are written. Each can be imported: a row is one suppression,
// in columns that import suppressions reads, and of differ.csv it is what they say.
type files struct {
	theirs, ours, differ *file
	folder               string
	phones               bool // of contacts stand in ours: the others are of numbers
}

// file is a list that is written; it appears when it is complete.
type file struct {
	*atomicfile.File
	kind, name string
	profile    csvlist.Profile
	line       []byte
	sample     ui.Sample
}

// folderMode is that of the folder of the files, which is made if it is not there.
const folderMode = 0o750

// newFiles names the files. None of them may be the list itself.
func newFiles(o Options, byPhone bool) (*files, error) {
	f := &files{folder: o.Folder, phones: !byPhone}
	for kind, target := range map[string]**file{"theirs": &f.theirs, "ours": &f.ours, "differ": &f.differ} {
		*target = &file{kind: kind, name: filepath.Join(o.Folder, kind+".csv"), profile: o.Profile}
		if o.File == "-" && atomicfile.IsNamed(o.Stdin, (*target).name) {
			return nil, ui.Usagef("stdin reads %s, which would be written; name another folder with -o", (*target).name)
		}
	}
	return f, atomicfile.CheckDistinct(o.File, o.Rejected, f.theirs.name, f.ours.name, f.differ.name)
}

// create begins the files, with their headers.
func (f *files) create() error {
	if err := atomicfile.MakeFolder(f.folder, folderMode); err != nil {
		return err
	}
	for _, target := range f.list() {
		opened, err := atomicfile.Create(target.name)
		if err != nil {
			return err
		}
		target.File = opened
		opened.WriteString(target.profile.Mark())
	}
	if f.phones {
		f.theirs.write("contact", "reason", "until")
		f.ours.write("contact", "phone", "reason", "until")
		f.differ.write("contact", "reason", "until", "our_reasons", "our_until")
		return nil
	}
	f.theirs.write("phone", "reason", "until")
	f.ours.write("phone", "reason", "until")
	f.differ.write("phone", "reason", "until", "our_reasons", "our_until")
	return nil
}

func (f *files) list() []*file { return []*file{f.theirs, f.ours, f.differ} }

func (f *files) names() map[string]string {
	names := map[string]string{}
	for _, target := range f.list() {
		names[target.kind] = target.name
	}
	return names
}

// write writes a row. An error of the disk is that of commit.
func (f *file) write(cells ...string) {
	f.line = f.profile.AppendRow(f.line[:0], cells)
	f.Write(f.line)
}

func (f *files) writeTheirs(s *subject) {
	f.theirs.sample.Add(s.name)
	for _, reason := range s.theirs.reasons() {
		f.theirs.write(s.name, reason, s.theirs.text(reason))
	}
}

func (f *files) writeOurs(s *subject) {
	f.ours.sample.Add(s.name)
	for _, reason := range s.ours.reasons() {
		if f.phones {
			f.ours.write(s.name, s.phone, reason, s.ours.text(reason))
			continue
		}
		f.ours.write(s.name, reason, s.ours.text(reason))
	}
}

// writeDiffer writes what they say, and beside it winnow's own reasons, each with its
// end at the same place.
func (f *files) writeDiffer(s *subject) {
	f.differ.sample.Add(s.name)
	reasons := s.ours.reasons()
	until := make([]string, len(reasons))
	for i, reason := range reasons {
		until[i] = s.ours.text(reason)
	}
	ends := strings.Join(until, "|")
	if strings.Trim(ends, "|") == "" {
		ends = "" // all are permanent
	}
	for _, reason := range s.theirs.reasons() {
		f.differ.write(s.name, reason, s.theirs.text(reason), strings.Join(reasons, "|"), ends)
	}
}

// commit makes the files appear.
func (f *files) commit() error {
	for _, target := range f.list() {
		if err := target.Commit(); err != nil {
			return err
		}
	}
	return nil
}

// discard removes what was not committed.
func (f *files) discard() {
	for _, target := range f.list() {
		if target.File != nil {
			target.Discard()
		}
	}
}
