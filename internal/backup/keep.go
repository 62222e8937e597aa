package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"winnow/internal/atomicfile"
)

// Prune removes the oldest backups of a store from a folder of backups, so that keep are
// left. Backups of other stores, what is not a whole backup and a backup in which somebody
// put something stay.
func Prune(top, store string, keep int) (removed []string, err error) {
	store, err = filepath.Abs(store)
	if err != nil {
		return nil, err
	}
	names, err := namesIn(top)
	if err != nil {
		return nil, err
	}
	left := 0
	for _, name := range slices.Backward(names) {
		path := filepath.Join(top, name)
		m, err := readManifest(path)
		if err != nil || m.Store != store {
			continue
		}
		if left++; left <= keep {
			continue
		}
		switch ok, pruneErr := prune(Made{path, m}); {
		case pruneErr != nil:
			return removed, fmt.Errorf("remove the old backup %s: %w", path, pruneErr)
		case ok:
			removed = append(removed, path)
		}
	}
	return removed, nil
}

// prune removes a backup, unless there is something in it that the manifest does not have.
// It gets another name first, under which the next backup removes the rest.
func prune(b Made) (removed bool, err error) {
	listed := map[string]bool{manifestName: true}
	for _, f := range b.Files {
		listed[f.Path] = true
	}
	foreign := errors.New("there is something else")
	err = filepath.WalkDir(b.Path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(b.Path, path)
		if err == nil && !listed[filepath.ToSlash(rel)] {
			err = foreign
		}
		return err
	})
	if errors.Is(err, foreign) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	gone := filepath.Join(filepath.Dir(b.Path), draftPrefix+filepath.Base(b.Path)+"-old")
	beforeStep("rename an old backup")
	if err := os.Rename(b.Path, gone); err != nil {
		return false, err
	}
	beforeStep("remove an old backup")
	return true, errors.Join(os.RemoveAll(gone), atomicfile.SyncFolder(filepath.Dir(gone)))
}
