package atomicfile

import (
	"io"
	"os"
	"path/filepath"

	"winnow/internal/ui"
)

// CheckDistinct returns a usage error when two of the names are the same file, so
// that an output does not overwrite the input or another output. Empty names are
// ignored.
func CheckDistinct(names ...string) error {
	for i, a := range names {
		for _, b := range names[:i] {
			if a != "" && b != "" && sameFile(a, b) {
				return ui.Usagef("%s is named twice; the input and each output must be different files", a)
			}
		}
	}
	return nil
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return infoA.Mode().IsRegular() && os.SameFile(infoA, infoB)
	}
	pathA, errA := filepath.Abs(a)
	pathB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && pathA == pathB
}

// WritesInto reports whether w appends to the file that in reads, which would then
// never end.
func WritesInto(w io.Writer, in io.Reader) bool {
	target, source := regularFile(w), regularFile(in)
	return target != nil && source != nil && os.SameFile(target, source)
}

// IsNamed reports whether a stream, such as stdin, is the regular file of that name.
func IsNamed(stream any, name string) bool {
	info := regularFile(stream)
	named, err := os.Stat(name)
	return info != nil && err == nil && os.SameFile(info, named)
}

// regularFile describes the regular file that a stream reads or writes; it is nil
// for any other stream.
func regularFile(stream any) os.FileInfo {
	switch s := stream.(type) {
	case interface{ Underlying() any }:
		return regularFile(s.Underlying())
	case *os.File:
		if info, err := s.Stat(); err == nil && info.Mode().IsRegular() {
			return info
		}
	}
	return nil
}
