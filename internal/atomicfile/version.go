package atomicfile

import (
	"os"
	"syscall"
	"time"
)

// Version identifies the state of a file: two are equal when the file was not
// replaced or written in between.
type Version struct {
	size     int64
	modified time.Time
	inode    uint64
}

// VersionOf is the present state of the file; the zero Version when it is not there.
func VersionOf(path string) Version {
	info, err := os.Stat(path)
	if err != nil {
		return Version{}
	}
	f := Version{size: info.Size(), modified: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		f.inode = sys.Ino
	}
	return f
}
