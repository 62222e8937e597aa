package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"winnow/internal/ui"
)

// Distinct is an error when two of the files are one: what is read would be
// overwritten. Empty names are passed over.
func Distinct(names ...string) error {
	for i, a := range names {
		for _, b := range names[:i] {
			if a != "" && b != "" && sameFile(a, b) {
				return ui.Usagef("%s is named twice: write to another file than is read, and to two different ones", a)
			}
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	other, otherErr := os.Stat(b)
	if err == nil && otherErr == nil {
		return one.Mode().IsRegular() && os.SameFile(one, other)
	}
	pathA, err := filepath.Abs(a)
	pathB, otherErr := filepath.Abs(b)
	return err == nil && otherErr == nil && pathA == pathB
}

// WritesInto tells whether what is written to w lands in the file that is read: it
// would be read again, for ever.
func WritesInto(w io.Writer, file io.Reader) bool {
	one, other := Info(w), Info(file)
	return one != nil && other != nil && os.SameFile(one, other)
}

// Is tells whether a stream is the file of that name.
func Is(stream any, name string) bool {
	one := Info(stream)
	other, err := os.Stat(name)
	return one != nil && err == nil && os.SameFile(one, other)
}

// Info is what the system says of the file that is read or written; nil when
// it is none on a disk.
func Info(stream any) os.FileInfo {
	switch s := stream.(type) {
	case interface{ Underlying() any }:
		return Info(s.Underlying())
	case *os.File:
		if info, err := s.Stat(); err == nil && info.Mode().IsRegular() {
			return info
		}
	}
	return nil
}

// ErrChanged is the error of a file that was written to while it was read.
var ErrChanged = errors.New("it was changed while it was read: do it again when it is whole")

// Unchanged remembers a file that is about to be read, and gives what tells later
// whether it is still the same: half of a list that someone is writing is not
// the list.
func Unchanged(file io.Reader) (unchanged func() error) {
	before := Info(file)
	return func() error {
		after := Info(file)
		if before == nil || after == nil || before.Size() == after.Size() && before.ModTime().Equal(after.ModTime()) {
			return nil
		}
		return ErrChanged
	}
}

// withoutPath is why a file can't be made, without the name it would have had on
// the way.
func withoutPath(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
