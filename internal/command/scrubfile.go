package command

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"winnow/internal/ui"
)

// apart is an error when two of the files are one: what is read would be
// overwritten. Empty names are passed over.
func apart(names ...string) error {
	for i, a := range names {
		for _, b := range names[:i] {
			if a != "" && b != "" && same(a, b) {
				return ui.Usagef("%s is named twice: write to another file than is read, and to two different ones", a)
			}
		}
	}
	return nil
}

func same(a, b string) bool {
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	if err == nil && otherErr == nil {
		return one.Mode().IsRegular() && os.SameFile(one, other)
	}
	pathA, err := filepath.Abs(a)
	pathB, otherErr := filepath.Abs(b)
	return err == nil && otherErr == nil && pathA == pathB
}

// goesInto tells whether what is written to w lands in the file that is read: it
// would be read again, for ever.
func goesInto(w io.Writer, file io.Reader) bool {
	one, other := regular(w), regular(file)
	return one != nil && other != nil && os.SameFile(one, other)
}

// isFile tells whether a stream is the file of that name.
func isFile(stream any, name string) bool {
	one := regular(stream)
	other, err := os.Stat(name)
	return one != nil && err == nil && os.SameFile(one, other)
}

// regular is what the system says of the file that is read or written; nil when
// it is none on a disk.
func regular(stream any) os.FileInfo {
	switch s := stream.(type) {
	case *ui.CheckedWriter:
		return regular(s.Writer)
	case keptOpen:
		return regular(s.Reader)
	case *os.File:
		if info, err := s.Stat(); err == nil && info.Mode().IsRegular() {
			return info
		}
	}
	return nil
}

// errChanged is the error of a file that was written to while it was read.
var errChanged = errors.New("it was changed while it was read: do it again when it is whole")

// watch remembers a file that is about to be read, and gives what tells later
// whether it is still the same: half of a list that someone is writing is not
// the list.
func watch(file io.Reader) (unchanged func() error) {
	before := regular(file)
	return func() error {
		after := regular(file)
		if before == nil || after == nil || before.Size() == after.Size() && before.ModTime().Equal(after.ModTime()) {
			return nil
		}
		return errChanged
	}
}

// reasonOf is why a file can't be made, without the name it would have had on
// the way.
func reasonOf(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
