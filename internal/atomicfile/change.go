package atomicfile

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

// Version identifies the state of a file: two versions of a path are equal when the
// file was neither replaced nor written in between.
type Version struct {
	size     int64
	modified time.Time
	inode    uint64
}

// VersionOf returns the present version of the file; the zero Version when it does
// not exist.
func VersionOf(path string) Version {
	info, err := os.Stat(path)
	if err != nil {
		return Version{}
	}
	return versionOf(info)
}

func versionOf(info os.FileInfo) Version {
	v := Version{size: info.Size(), modified: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		v.inode = sys.Ino
	}
	return v
}

// ErrChanged is the error of an input that was written to while it was read.
var ErrChanged = errors.New("the file changed while it was read; retry when it is complete")

// Unchanged notes the present version of an open input and returns a function that
// returns [ErrChanged] once the input has another one. A stream that is not a
// regular file never changes.
func Unchanged(in io.Reader) (check func() error) {
	before := regularFile(in)
	return func() error {
		after := regularFile(in)
		if before == nil || after == nil || versionOf(before) == versionOf(after) {
			return nil
		}
		return ErrChanged
	}
}
