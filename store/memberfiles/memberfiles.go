// Package memberfiles keeps the members that segments had in runs, as sorted
// files in a folder. A night rewrites all of them, which would be a heavy load for
// a database and costs a file next to nothing.
//
// A file is named after its export, segment and run. It counts only if the store
// knows that run, so half a file of a killed run does no harm.
package memberfiles

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"winnow/internal/atomicfile"
)

// Folder is the path of a folder of member files. It need not exist yet.
type Folder string

// Name names the members of a segment in a run. None of its parts has a dot.
type Name struct{ Export, Segment, Run string }

func (n Name) file() string { return n.Export + "." + n.Segment + "." + n.Run }

// Create begins a file, in place of one that there may be.
func (f Folder) Create(name Name) (*Draft, error) {
	if err := atomicfile.MakePrivateFolder(string(f)); err != nil {
		return nil, fmt.Errorf("create the folder of members: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(string(f), name.file()), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &Draft{file}, nil
}

// Open opens a file. The error is [fs.ErrNotExist] when there is none.
func (f Folder) Open(name Name) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(f), name.file()))
}

// Prune deletes the files of the export, but for those to keep.
func (f Folder) Prune(export string, keep []Name) error {
	var kept []string
	for _, name := range keep {
		kept = append(kept, name.file())
	}
	return f.remove(func(e fs.DirEntry) bool {
		return strings.HasPrefix(e.Name(), export+".") && !slices.Contains(kept, e.Name())
	})
}

// PruneOthers deletes the files of all exports but these that were written before
// that time.
func (f Folder) PruneOthers(exports []string, before time.Time) error {
	return f.remove(func(e fs.DirEntry) bool {
		export, _, _ := strings.Cut(e.Name(), ".")
		info, err := e.Info()
		return err == nil && info.ModTime().Before(before) && !slices.Contains(exports, export)
	})
}

func (f Folder) remove(old func(fs.DirEntry) bool) error {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if old(e) {
			err = errors.Join(err, os.Remove(filepath.Join(string(f), e.Name())))
		}
	}
	return err
}

// Draft is a file that is being written.
type Draft struct{ *os.File }

// Close ends the file. Without an error it is on disk.
func (d *Draft) Close() error {
	return errors.Join(d.Sync(), d.File.Close(), atomicfile.SyncFolder(filepath.Dir(d.Name())))
}

// Discard deletes the file.
func (d *Draft) Discard() error {
	return errors.Join(d.File.Close(), os.Remove(d.Name()))
}

// List lists the files.
func (f Folder) List() (names []Name, err error) {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if parts := strings.Split(e.Name(), "."); len(parts) == 3 && !e.IsDir() {
			names = append(names, Name{parts[0], parts[1], parts[2]})
		}
	}
	return names, err
}

// Replace begins a file that takes the place of one when rename is called, after it was
// closed.
func (f Folder) Replace(name Name) (d *Draft, rename func() error, err error) {
	path := filepath.Join(string(f), name.file())
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return &Draft{file}, func() error {
		return errors.Join(os.Rename(path+".new", path), atomicfile.SyncFolder(string(f)))
	}, nil
}
