// Package backup makes backups of a store while it is in use, verifies and restores them.
//
// # One moment, two files
//
// A store is two databases, and no transaction spans both. A backup has both as of one
// moment: the reading of the contacts begins, then that of the log, and both begin again
// if anything was committed to the contacts in between. So a backup is what a power cut
// at that moment would have left, and winnow goes on from it as from a power cut. It
// follows that
//
//   - the sweep's cursor is never beyond the copied log: the cursor is in the contacts'
//     file, which began first, and the log only grows;
//   - no event counts twice: the cursor and what the contacts have become up to there are
//     of one transaction, so a sweep of the restored store takes the next events;
//   - an act that changes both files, such as a reclassification, is in both or can be
//     repeated. If the two were of two moments, one that was done between them would be in
//     the log alone, and nothing would notice.
//
// What is committed meanwhile is not in the backup and does not keep it from ending. It
// stays in the write-ahead logs of the two files, which grow by it until the file is copied.
//
// The members of segments and the outbox are folders beside the databases. They are copied
// before the moment, and what is new in them once more after it: a file that a run of the
// database needs was there at the moment, so it is in one of the two passes, and what
// was removed in between is in the first. A file too many does no harm.
//
// # A backup is there as a whole, or not at all
//
// It is made under another name, which begins with a dot. Every file is on the disk before
// the manifest is written, that before the folder gets its name. What a killed
// backup leaves is removed by the next one.
//
// Where to change what:
//
//   - what is copied, and in which order: [Make]; the databases: store/sqlite/copy.go;
//   - what a backup says of itself: manifest.go;
//   - where backups are, and which go: folder.go;
//   - what is checked: verify.go;
//   - how a store comes back: restore.go.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"winnow/hygiene"
	"winnow/internal/atomicfile"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/location"
)

// databaseName is the contacts' file in a backup, and the others are beside it as beside a
// store of that name, however the store itself is named.
const databaseName = "winnow.db"

// folders are the folders of a store that a backup has, by the name that the store knows.
var folders = []string{"members", "outbox"}

// Options say what is copied where.
type Options struct {
	Store    *store.Store
	To       string          // the folder of backups
	Now      hygiene.Instant // names the backup
	Version  string          // of winnow
	Progress func(bytes int64)
}

// Made is a backup.
type Made struct {
	Path string `json:"path"`
	*Manifest
}

// beforeStep is called before each step, with what it will be. Tests kill the process
// there.
var beforeStep = func(string) {}

// Make makes a backup in the folder.
func Make(ctx context.Context, o Options) (Made, error) {
	if o.Progress == nil {
		o.Progress = func(int64) {}
	}
	name := nameOf(o.Now)
	path := filepath.Join(o.To, name)
	if err := makeTop(o.To); err != nil {
		return Made{}, err
	}
	if err := removeAbandoned(o.To); err != nil {
		return Made{}, fmt.Errorf("remove what an interrupted backup left: %w", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return Made{}, errors.Join(fmt.Errorf("%s is there already: a backup is named by its second, so try again", path), err)
	}
	d, err := begin(o.To, name)
	if err != nil {
		return Made{}, err
	}
	m, err := d.fill(ctx, o)
	if err == nil {
		err = d.publish(path)
	}
	if err != nil {
		return Made{}, fmt.Errorf("make the backup %s: %w", path, errors.Join(err, d.discard()))
	}
	return Made{path, m}, d.close()
}

// fill copies everything, and writes the manifest last.
func (d *draft) fill(ctx context.Context, o Options) (*Manifest, error) {
	copyFolders := func() error {
		for _, name := range folders {
			if err := CopyTree(ctx, o.Store.Folder(name), location.Beside(d.database(), name)); err != nil {
				return err
			}
		}
		return nil
	}
	beforeStep("copy folders")
	if err := copyFolders(); err != nil {
		return nil, err
	}
	beforeStep("copy databases")
	err := o.Store.Copy(ctx, d.database(), engine.CopyOptions{Fixed: copyFolders, Progress: func(bytes, of int64) { o.Progress(bytes) }})
	if err != nil {
		return nil, err
	}
	beforeStep("inspect")
	found, err := store.InspectCopy(ctx, d.database(), false)
	if err == nil {
		err = problems(found.Problems)
	}
	if err != nil {
		return nil, err
	}
	path, err := filepath.Abs(o.Store.Path())
	if err != nil {
		return nil, err
	}
	m := &Manifest{Kind: kind, Version: o.Version, Store: path, TakenAt: o.Now, Events: found.Events, LastSeq: found.Last, Cursor: found.Cursor, Contacts: found.Contacts}
	beforeStep("sum")
	if m.Files, err = listTree(ctx, d.path, nil); err != nil {
		return nil, err
	}
	beforeStep("write manifest")
	return m, m.write(d.path)
}

// problems is an error of what was found; nil for nothing.
func problems(list []string) error {
	var errs []error
	for _, text := range list {
		errs = append(errs, errors.New(text))
	}
	return errors.Join(errs...)
}

// makeTop makes the folder of backups. The one that it is in must be there: a disk may
// not be mounted, or the name be mistyped.
func makeTop(folder string) error {
	if _, err := os.Stat(filepath.Dir(folder)); err != nil {
		return fmt.Errorf("the folder of backups can't be made: %w; mount its disk, or make the folder", err)
	}
	if err := atomicfile.MakeFolder(folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of backups: %w", err)
	}
	return nil
}
