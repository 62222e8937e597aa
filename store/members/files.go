package members

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
	"winnow/segments"
)

// Folder is the path of a folder of lists. It need not exist yet. A file is named after
// its export, segment and run.
type Folder string

var _ Lists = Folder("")

// file is the name of a list's file.
func (n Name) file() string { return n.Export + "." + n.Segment + "." + n.Run }

// Create implements Lists.
func (f Folder) Create(name Name) (segments.DraftFile, error) {
	if err := atomicfile.MakePrivateFolder(string(f)); err != nil {
		return nil, fmt.Errorf("create the folder of members: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(string(f), name.file()), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &draft{file, ""}, nil
}

// Open implements Lists.
func (f Folder) Open(name Name) (io.ReadCloser, error) {
	return os.Open(filepath.Join(string(f), name.file()))
}

// Prune implements Lists.
func (f Folder) Prune(export string, keep []Name) error {
	var kept []string
	for _, name := range keep {
		kept = append(kept, name.file())
	}
	return f.remove(func(e fs.DirEntry) bool {
		return strings.HasPrefix(e.Name(), export+".") && !slices.Contains(kept, e.Name())
	})
}

// PruneOthers implements Lists.
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

// List implements Lists.
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

// Replace implements Lists.
func (f Folder) Replace(name Name) (segments.DraftFile, error) {
	path := filepath.Join(string(f), name.file())
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &draft{file, path}, nil
}

// Remove implements Lists.
func (f Folder) Remove(name Name) error { return os.Remove(filepath.Join(string(f), name.file())) }

// draft is a file that is being written.
type draft struct {
	*os.File
	replaces string // the path that it gets; empty if it has it
}

// Close ends the file. Without an error it is on disk.
func (d *draft) Close() error {
	err := errors.Join(d.Sync(), d.File.Close())
	if err == nil && d.replaces != "" {
		err = os.Rename(d.Name(), d.replaces)
	}
	return errors.Join(err, atomicfile.SyncFolder(filepath.Dir(d.Name())))
}

// Discard deletes the file.
func (d *draft) Discard() error {
	return errors.Join(d.File.Close(), os.Remove(d.Name()))
}
