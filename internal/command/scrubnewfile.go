package command

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"
	"unsafe"

	"winnow/internal/ui"
)

// newFile is a file that gets its name when it is whole: whoever reads it has the
// old one or the new one. Until then it has none, where the file system can do
// that: who is killed leaves no lines of customers behind.
type newFile struct {
	*bufio.Writer
	file    *os.File
	name    string // to get; empty to write where it is
	passing string // the name that it has meanwhile; empty for none
}

// newFileMode is for the owner and its group: there are phone numbers in lists.
const newFileMode = 0o640

// createFile begins a file of that name. What is no file that could be replaced,
// such as a pipe, is written as it is.
func createFile(name string) (*newFile, error) {
	if name == "-" {
		return nil, ui.Usagef("- is no name of a file to write: write ./- if you mean it")
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
	f, err := unnamed(filepath.Dir(name))
	if err != nil {
		f, err = underPassingName(filepath.Dir(name))
	}
	if err != nil {
		return nil, fmt.Errorf("%s can't be made: %w", name, reasonOf(err))
	}
	f.name = name
	if err := f.file.Chmod(mode); err != nil {
		f.discard()
		return nil, fmt.Errorf("%s can't be made: %w", name, reasonOf(err))
	}
	return f, nil
}

// oTmpfile asks for a file without a name. Package syscall lacks it, and so it does
// the flags of linkat.
const (
	oTmpfile       = 0o20000000 | syscall.O_DIRECTORY
	hereFD         = ^uintptr(99) // AT_FDCWD, -100
	followSymlinks = 0x400        // AT_SYMLINK_FOLLOW
)

// unnamed makes a file without a name in the folder.
func unnamed(folder string) (*newFile, error) {
	f, err := os.OpenFile(folder, os.O_RDWR|oTmpfile, newFileMode)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(openedAs(f)); err != nil { // by which it will get its name
		return nil, errors.Join(err, f.Close())
	}
	return &newFile{Writer: bufio.NewWriterSize(f, 1<<16), file: f}, nil
}

// openedAs is the path by which the system knows an open file of this process.
func openedAs(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// passingName is how the names of files begin that are not whole yet.
const passingName = ".winnow-new-"

// underPassingName makes a file in a folder whose file system has none without a
// name. A lock says that its owner lives; those of dead owners are cleared.
func underPassingName(folder string) (*newFile, error) {
	clearPassing(folder)
	f, err := os.CreateTemp(folder, passingName+"*")
	if err != nil {
		return nil, err
	}
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) // where there are no locks, none is cleared either
	return &newFile{Writer: bufio.NewWriterSize(f, 1<<16), file: f, passing: f.Name()}, nil
}

// clearPassing removes what killed processes left in the folder. Who has just made
// a file may not have locked it yet.
func clearPassing(folder string) {
	names, _ := filepath.Glob(filepath.Join(folder, passingName+"*"))
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		info, err := f.Stat()
		if err == nil && time.Since(info.ModTime()) > time.Minute && syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			os.Remove(name)
		}
		f.Close()
	}
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
	if f.passing == "" {
		if err := f.link(f.name); !errors.Is(err, fs.ErrExist) {
			return err
		}
		// One is there, and only a file with a name can take its place.
		passing := filepath.Join(filepath.Dir(f.name), fmt.Sprintf("%s%016x", passingName, rand.Uint64()))
		if err := f.link(passing); err != nil {
			return err
		}
		f.passing = passing
	}
	return os.Rename(f.passing, f.name)
}

// link gives the file a name that nobody has.
func (f *newFile) link(name string) error {
	from, err := syscall.BytePtrFromString(openedAs(f.file))
	if err != nil {
		return err
	}
	to, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	_, _, failed := syscall.Syscall6(syscall.SYS_LINKAT, hereFD, uintptr(unsafe.Pointer(from)), hereFD, uintptr(unsafe.Pointer(to)), followSymlinks, 0)
	if failed != 0 {
		return &os.PathError{Op: "write", Path: name, Err: failed}
	}
	return nil
}

// discard closes the file, and removes what was not finished.
func (f *newFile) discard() {
	f.file.Close()
	if f.passing != "" {
		os.Remove(f.passing) // it is not there any more when it was finished
	}
}
