// Package atomicfile opens and writes the files that commands are given. A file is
// written completely before it gets its name, so a reader finds the old file or the
// new one, and a killed process leaves no customer data behind.
//
// Where to change what:
//
//   - how a file is written and replaced: atomicfile.go
//   - how an input is opened, stdin included: input.go
//   - when two names or streams are the same file: identity.go
//   - when a file counts as changed: change.go
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

// File is a file being written. [File.Commit] gives it its name. Until then it has
// no name at all where the file system supports that (O_TMPFILE), and a temporary
// one elsewhere.
type File struct {
	*bufio.Writer
	file     *os.File
	name     string // given by Commit; empty when the target is written in place
	tempName string // until Commit; empty for none
}

const (
	// newFileMode lets the owner and the group in: lists hold phone numbers.
	newFileMode = 0o640
	// tempPrefix begins the name of every temporary file.
	tempPrefix = ".winnow-new-"
	// abandonedAfter is when an unlocked temporary file counts as left behind. Its
	// owner locks it right after creating it.
	abandonedAfter = time.Minute
	bufferSize     = 1 << 16
)

// Create starts a file that replaces the one of that name on [File.Commit], with
// the same permissions. A name that is not a regular file, such as a pipe, is
// written in place. The caller calls [File.Discard] when done, also after Commit.
func Create(name string) (*File, error) {
	if name == "-" {
		return nil, ui.Usagef(`"-" is not a file to write; for a file of that name write ./-`)
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	mode := os.FileMode(newFileMode)
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return newFile(f), nil
	} else if err == nil {
		mode = info.Mode().Perm()
	}
	f, err := createUnnamed(filepath.Dir(name))
	if err != nil {
		f, err = createTemp(filepath.Dir(name))
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be created: %w", name, withoutPath(err))
	}
	f.name = name
	if err := f.file.Chmod(mode); err != nil {
		f.Discard()
		return nil, fmt.Errorf("%s cannot be created: %w", name, withoutPath(err))
	}
	return f, nil
}

func newFile(f *os.File) *File {
	return &File{Writer: bufio.NewWriterSize(f, bufferSize), file: f}
}

// createUnnamed creates a file without a name in the folder.
func createUnnamed(folder string) (*File, error) {
	f, err := os.OpenFile(folder, os.O_RDWR|unix.O_TMPFILE, newFileMode)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(procPath(f)); err != nil { // link needs it
		return nil, errors.Join(err, f.Close())
	}
	return newFile(f), nil
}

// procPath is the path of an open file of this process under /proc.
func procPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// createTemp creates a file with a temporary name in the folder, for file systems
// without unnamed files. A lock shows that its owner is alive; files of dead owners
// are removed.
func createTemp(folder string) (*File, error) {
	removeAbandoned(folder)
	f, err := os.CreateTemp(folder, tempPrefix+"*")
	if err != nil {
		return nil, err
	}
	// Where locks are not supported, removeAbandoned gets none either.
	_ = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	file := newFile(f)
	file.tempName = f.Name()
	return file, nil
}

// removeAbandoned removes the temporary files that killed processes left in the
// folder.
func removeAbandoned(folder string) {
	names, _ := filepath.Glob(filepath.Join(folder, tempPrefix+"*"))
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		info, err := f.Stat()
		if err == nil && time.Since(info.ModTime()) > abandonedAfter && unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.Remove(name)
		}
		f.Close()
	}
}

// Commit gives the complete file its name. A file that is written in place is only
// flushed.
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
		// The name is taken: only a file that has a name can be renamed over another.
		temp := filepath.Join(filepath.Dir(f.name), fmt.Sprintf("%s%016x", tempPrefix, rand.Uint64()))
		if err := f.link(temp); err != nil {
			return err
		}
		f.tempName = temp
	}
	return os.Rename(f.tempName, f.name)
}

// link gives an unnamed file a name that must be free.
func (f *File) link(name string) error {
	if err := unix.Linkat(unix.AT_FDCWD, procPath(f.file), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW); err != nil {
		return &os.PathError{Op: "write", Path: name, Err: err}
	}
	return nil
}

// Discard closes the file and removes it unless it was committed.
func (f *File) Discard() {
	f.file.Close()
	if f.tempName != "" {
		os.Remove(f.tempName) // gone after Commit
	}
}

// withoutPath is the cause of a file error without its path, which is that of a
// temporary file.
func withoutPath(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
