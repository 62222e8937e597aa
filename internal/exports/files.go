package exports

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"winnow/segments"
)

// ErrFileNotFound says that a run has no such file, or has it no more.
var ErrFileNotFound = errors.New("there is no file")

// OpenFile opens a file of a run: one that its manifest names, or the manifest, from the
// first directory that has it. Otherwise the error is [ErrFileNotFound].
func (x *Exporter) OpenFile(e segments.Export, run segments.Run, name string) (*os.File, error) {
	notFound := fmt.Errorf("%w %q in run %s/%s, or it is not kept any more", ErrFileNotFound, name, run.Export, run.Name)
	dirs := x.Directories(e)
	m := ManifestOf(dirs, run)
	if name != segments.ManifestName && !slices.ContainsFunc(m.Files, func(f segments.File) bool { return f.Name == name }) {
		return nil, notFound
	}
	for _, dir := range dirs {
		root, err := os.OpenRoot(filepath.Join(string(dir), folderOf(run), run.Name))
		if err != nil {
			continue
		}
		info, err := root.Lstat(name)
		var file *os.File
		if err == nil && info.Mode().IsRegular() {
			file, _ = root.Open(name)
		}
		root.Close()
		if file != nil {
			return file, nil
		}
	}
	return nil, notFound
}

// folderOf is where the run is within a directory.
func folderOf(run segments.Run) string {
	if run.Status == segments.Held {
		return filepath.Join(run.Export, "held")
	}
	return run.Export
}
