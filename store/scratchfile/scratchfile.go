// Package scratchfile makes files that are not worth keeping: what a pass over
// the log or a long list can't hold in memory.
//
// Every scratch file is made in the folder that the environment variable TMPDIR
// names, else in a folder that its user gives. It loses its name as soon as it
// is open, so its space is free again when no process has it open, even after the
// process was killed. A name that was left by a process that was killed just before
// that is removed by the next one that makes a scratch file there.
package scratchfile

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// pattern is how scratch files are named while they have a name.
const pattern = "winnow-scratch-"

// Folder is where scratch files are made: the folder that TMPDIR names, or else
// the given one.
func Folder(otherwise string) string { return cmp.Or(os.Getenv("TMPDIR"), otherwise) }

// File is a scratch file. Its Write names the folder when the disk is full.
type File struct {
	*os.File
	folder string
}

// Create makes a scratch file in the folder. An error names the folder and says
// what to do.
func Create(folder string) (*File, error) {
	removeAbandoned(folder)
	f, err := os.CreateTemp(folder, pattern)
	if err != nil {
		return nil, createError(folder, err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(createError(folder, err), f.Close())
	}
	return &File{f, folder}, nil
}

// Write appends to the file.
func (f *File) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	if err != nil {
		err = WriteError(f.folder, err)
	}
	return n, err
}

// Open lets open make and open a file of that name in the folder, for a library
// that opens files by name, and then removes the name. An error names the folder
// and says what to do.
func Open(folder, name string, open func(path string) error) error {
	removeAbandoned(folder)
	made, err := os.MkdirTemp(folder, pattern)
	if err != nil {
		return createError(folder, err)
	}
	return errors.Join(open(filepath.Join(made, name)), os.RemoveAll(made))
}

// abandonedAfter is when a name counts as left behind. Its owner removes it within
// milliseconds.
const abandonedAfter = 10 * time.Minute

// removeAbandoned removes what killed processes left in the folder. What cannot be
// removed, as that of other users in /tmp, is theirs to remove.
func removeAbandoned(folder string) {
	names, _ := filepath.Glob(filepath.Join(folder, pattern+"*"))
	for _, name := range names {
		if info, err := os.Lstat(name); err == nil && time.Since(info.ModTime()) > abandonedAfter {
			_ = os.RemoveAll(name)
		}
	}
}

func createError(folder string, err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		err = at.Err // the file's made-up name says nothing: the folder is what is wrong
	}
	return fmt.Errorf("make a temporary file in %s: %w; set TMPDIR to a folder that is there and that you may write in", folder, err)
}

// WriteError is the error of a scratch file in the folder that could not be
// written, as when the disk is full: it says what to do.
func WriteError(folder string, err error) error {
	return fmt.Errorf("write a temporary file in %s: %w; set TMPDIR to a folder with more room", folder, err)
}
