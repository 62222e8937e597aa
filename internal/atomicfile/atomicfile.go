// Package atomicfile writes files that get their name when they are complete, and
// tells files apart: which two names are one file, and whether a file changed
// while it was read. Lists of customers are read and written with it.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"winnow/internal/ui"
)

// File is a file that gets its name when it is whole: whoever reads it has the
// old one or the new one. Until then it has none, where the file system can do
// that: who is killed leaves no lines of customers behind.
type File struct {
	*bufio.Writer
	file     *os.File
	name     string // to get; empty to write where it is
	tempName string // the name that it has meanwhile; empty for none
}

// fileMode is for the owner and its group: there are phone numbers in lists.
const fileMode = 0o640

// Create begins a file of that name. What is no file that could be replaced,
// such as a pipe, is written as it is.
func Create(name string) (*File, error) {
	if name == "-" {
		return nil, ui.Usagef("- is no name of a file to write: write ./- if you mean it")
	}
	if whole, err := filepath.EvalSymlinks(name); err == nil {
		name = whole
	}
	mode := os.FileMode(fileMode)
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &File{Writer: bufio.NewWriterSize(f, 1<<16), file: f}, nil
	} else if err == nil {
		mode = info.Mode().Perm()
	}
	f, err := createUnnamed(filepath.Dir(name))
	if err != nil {
		f, err = createTemp(filepath.Dir(name))
	}
	if err != nil {
		return nil, fmt.Errorf("%s can't be made: %w", name, withoutPath(err))
	}
	f.name = name
	if err := f.file.Chmod(mode); err != nil {
		f.Discard()
		return nil, fmt.Errorf("%s can't be made: %w", name, withoutPath(err))
	}
	return f, nil
}

// createUnnamed makes a file without a name in the folder.
func createUnnamed(folder string) (*File, error) {
	f, err := os.OpenFile(folder, os.O_RDWR|unix.O_TMPFILE, fileMode)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(procPath(f)); err != nil { // by which it will get its name
		return nil, errors.Join(err, f.Close())
	}
	return &File{Writer: bufio.NewWriterSize(f, 1<<16), file: f}, nil
}

// procPath is the path by which the system knows an open file of this process.
func procPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// tempPrefix is how the names of files begin that are not whole yet.
const tempPrefix = ".winnow-new-"

// createTemp makes a file in a folder whose file system has none without a
// name. A lock says that its owner lives; those of dead owners are cleared.
func createTemp(folder string) (*File, error) {
	removeAbandoned(folder)
	f, err := os.CreateTemp(folder, tempPrefix+"*")
	if err != nil {
		return nil, err
	}
	_ = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) // where there are no locks, none is cleared either
	return &File{Writer: bufio.NewWriterSize(f, 1<<16), file: f, tempName: f.Name()}, nil
}

// removeAbandoned removes what killed processes left in the folder. Who has just made
// a file may not have locked it yet.
func removeAbandoned(folder string) {
	names, _ := filepath.Glob(filepath.Join(folder, tempPrefix+"*"))
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		info, err := f.Stat()
		if err == nil && time.Since(info.ModTime()) > time.Minute && unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.Remove(name)
		}
		f.Close()
	}
}

// Commit puts the file, now whole, in its place.
func (f *File) Commit() error {
	err := f.Flush()
	if f.name == "" {
		return err
	}
	if err = errors.Join(err, f.file.Sync()); err != nil {
		return err
	}
	if f.tempName == "" {
		if err := f.link(f.name); !errors.Is(err, fs.ErrExist) {
			return err
		}
		// One is there, and only a file with a name can take its place.
		passing := filepath.Join(filepath.Dir(f.name), fmt.Sprintf("%s%016x", tempPrefix, rand.Uint64()))
		if err := f.link(passing); err != nil {
			return err
		}
		f.tempName = passing
	}
	return os.Rename(f.tempName, f.name)
}

// link gives the file a name that nobody has.
func (f *File) link(name string) error {
	if err := unix.Linkat(unix.AT_FDCWD, procPath(f.file), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW); err != nil {
		return &os.PathError{Op: "write", Path: name, Err: err}
	}
	return nil
}

// Discard closes the file, and removes what was not finished.
func (f *File) Discard() {
	f.file.Close()
	if f.tempName != "" {
		os.Remove(f.tempName) // it is not there any more when it was finished
	}
}
