package command

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// newFile is a file that is written under another name and gets its own when it
// is whole: whoever reads it has the old one or the new one.
type newFile struct {
	*bufio.Writer
	file *os.File
	name string // to get; empty to write where it is
}

// newFileMode is for the owner and its group: there are phone numbers in lists.
const newFileMode = 0o640

// createFile begins a file of that name. What is no file that could be replaced,
// such as a pipe, is written as it is.
func createFile(name string) (*newFile, error) {
	if name == "-" {
		return nil, &usageError{errors.New("- is no name of a file to write: write ./- if you mean it")}
	}
	if whole, err := filepath.EvalSymlinks(name); err == nil {
		name = whole
	}
	mode := os.FileMode(newFileMode)
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &newFile{Writer: bufio.NewWriterSize(f, 1<<16), file: f}, nil
	} else if err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".winnow-*")
	if err != nil {
		return nil, fmt.Errorf("%s can't be made: %w", name, reasonOf(err))
	}
	if err := f.Chmod(mode); err != nil {
		return nil, errors.Join(fmt.Errorf("%s can't be made: %w", name, reasonOf(err)), f.Close(), os.Remove(f.Name()))
	}
	return &newFile{bufio.NewWriterSize(f, 1<<16), f, name}, nil
}

// finish puts the file, now whole, in its place.
func (f *newFile) finish() error {
	err := f.Flush()
	if f.name == "" {
		return err
	}
	if err = errors.Join(err, f.file.Sync()); err != nil {
		return err
	}
	return os.Rename(f.file.Name(), f.name)
}

// discard closes the file, and removes what was not finished.
func (f *newFile) discard() {
	f.file.Close()
	if f.name != "" {
		os.Remove(f.file.Name()) // it is not there any more when it was finished
	}
}

// apart is an error when two of the files are one: what is read would be
// overwritten. Empty names are passed over.
func apart(names ...string) error {
	for i, a := range names {
		for _, b := range names[:i] {
			if a != "" && b != "" && same(a, b) {
				return &usageError{fmt.Errorf("%s is named twice: write to another file than is read, and to two different ones", a)}
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
	case *checkedWriter:
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
		return errors.New("it was changed while it was read: do it again when it is whole")
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
