package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"winnow/store"
)

// Verified is what was found in a backup.
type Verified struct {
	Made
	Problems []string `json:"problems"` // in sentences; empty for a backup that is good
}

// Verify checks a backup: that every file is what the manifest says, and that the
// databases are whole and fit together, and that the counts by status are those of the
// contacts. It changes nothing. The error is that of a check
// that was interrupted, or of a path that names no backup.
func Verify(ctx context.Context, path string, progress func(bytes int64)) (*Verified, error) {
	path, err := Find(path)
	if err != nil {
		return nil, err
	}
	v := &Verified{Made: Made{Path: path}, Problems: []string{}}
	if v.Manifest, err = readManifest(path); err != nil {
		v.Problems = append(v.Problems, err.Error())
		return v, nil
	}
	if v.Problems, err = v.checkFiles(ctx, progress); err != nil || len(v.Problems) > 0 {
		return v, err
	}
	found, err := store.InspectCopy(ctx, filepath.Join(path, databaseName), true)
	if err != nil {
		return nil, err
	}
	v.Problems = append(v.Problems, found.Problems...)
	if len(v.Problems) == 0 && (found.Events != v.Events || found.Last != v.LastSeq || found.Cursor != v.Cursor || found.Contacts != v.Contacts) {
		v.problem("the databases have other events or contacts than %s says", manifestName)
	}
	if len(v.Problems) > 0 {
		return v, nil
	}
	wrong, err := store.RecountCopy(ctx, filepath.Join(path, databaseName), v.TakenAt)
	v.Problems = append(v.Problems, wrong...)
	return v, err
}

func (v *Verified) problem(format string, args ...any) {
	v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
}

// checkFiles compares the files with the manifest.
func (m *Made) checkFiles(ctx context.Context, progress func(bytes int64)) (wrong []string, err error) {
	wrong = []string{}
	listed := map[string]bool{manifestName: true}
	var total int64
	for _, f := range m.Files {
		listed[f.Path] = true
		text, err := m.checkFile(ctx, f, func(n int64) {
			if total += n; progress != nil {
				progress(total)
			}
		})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			text = err.Error()
		}
		if text != "" {
			wrong = append(wrong, text)
		}
	}
	err = filepath.WalkDir(m.Path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(m.Path, path)
		if err == nil && !listed[filepath.ToSlash(rel)] {
			wrong = append(wrong, fmt.Sprintf("%s is not part of the backup: remove it", path))
		}
		return err
	})
	return wrong, err
}

// checkFile says what is wrong with a file; empty for nothing.
func (m *Made) checkFile(ctx context.Context, f File, read func(int64)) (string, error) {
	path := filepath.Join(m.Path, filepath.FromSlash(f.Path))
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("%s is missing", path), nil
	case err != nil:
		return "", err
	case f.Link != "":
		if to, err := os.Readlink(path); err != nil || to != f.Link {
			return fmt.Sprintf("%s does not point to %s", path, f.Link), nil
		}
		return "", nil
	case !info.Mode().IsRegular():
		return fmt.Sprintf("%s is not a file", path), nil
	case info.Size() != f.Bytes:
		return fmt.Sprintf("%s has %d bytes, and had %d", path, info.Size(), f.Bytes), nil
	}
	if _, sum, err := sumFile(ctx, path, read); err != nil || sum != f.SHA256 {
		return fmt.Sprintf("%s was changed, or is damaged", path), err
	}
	return "", nil
}
