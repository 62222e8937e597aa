package destination

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"winnow/segments"
)

// Directory is a directory of this machine that exports are written to, by its
// path. It is made when it is missing.
type Directory string

const (
	// leftover begins the name of all that is not a published run.
	leftover = ".winnow-"
	draftOf  = leftover + "draft-"
	goneOf   = leftover + "gone-"
	nextLink = leftover + "latest"

	latest = "latest"
	held   = "held"

	folderMode = 0o750
	fileMode   = 0o640
)

// step is called before each change of the file system, with what it will be.
// Tests stop the process there.
var step = func(string) {}

// String is the directory's path.
func (d Directory) String() string { return string(d) }

// Begin implements [segments.Destination].
func (d Directory) Begin(export, run string) (segments.Draft, error) {
	if !isRun(run) {
		return nil, d.problem("beginning a run", fmt.Errorf("%q is not the name of a run", run))
	}
	folder, err := d.open(export, true)
	if err != nil {
		return nil, err
	}
	doing := "beginning run " + export + "/" + run
	if err := sweep(folder); err != nil {
		folder.Close()
		return nil, d.problem(doing, err)
	}
	files, err := makeFolder(folder, draftOf+run)
	if err != nil {
		folder.Close()
		return nil, d.problem(doing, err)
	}
	return &draft{to: d, export: export, run: run, folder: folder, files: files}, nil
}

// Prune implements [segments.Destination].
func (d Directory) Prune(export string, keep int) error {
	folder, err := d.open(export, false)
	if err != nil || folder == nil {
		return err
	}
	defer folder.Close()
	// A run that was replaced is left over by its replacement.
	return d.problem("taking old runs of "+export+" away", cmp.Or(sweep(folder), prune(folder, keep)))
}

// Settle implements [segments.Destination].
func (d Directory) Settle(export, newest string, keep []string) error {
	folder, err := d.open(export, false)
	if err != nil || folder == nil {
		return err
	}
	defer folder.Close()
	return d.problem("settling "+export, settle(folder, newest, keep))
}

// open opens the folder of an export. Without create it is nil when missing.
func (d Directory) open(export string, create bool) (*os.Root, error) {
	if !exportName.MatchString(export) {
		return nil, d.problem("opening the folder of an export", fmt.Errorf("%q is not the name of an export", export))
	}
	folder, err := openFolder(string(d), export, create)
	if !create && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return folder, d.problem("opening the folder "+export, err)
}

func openFolder(path, export string, create bool) (*os.Root, error) {
	if create {
		if err := makeAll(path); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	folder, err := root.OpenRoot(export)
	if !create || !errors.Is(err, fs.ErrNotExist) {
		return folder, err
	}
	return makeFolder(root, export)
}

// makeAll makes the directory and those above it that are missing, so that they
// stay when the machine stops.
func makeAll(path string) error {
	err := os.Mkdir(path, folderMode)
	above := filepath.Dir(path)
	if errors.Is(err, fs.ErrNotExist) && above != path {
		if err := makeAll(above); err != nil {
			return err
		}
		// Where nothing can be made, as in /proc, it is still said to be missing.
		err = os.Mkdir(path, folderMode)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil // what is no directory shows when it is opened
	case err != nil:
		return err
	}
	root, err := os.OpenRoot(above)
	if err != nil {
		return err
	}
	defer root.Close()
	return syncFolder(root)
}

// makeFolder makes a folder that stays when the machine stops.
func makeFolder(in *os.Root, name string) (*os.Root, error) {
	step("make folder " + name)
	if err := in.Mkdir(name, folderMode); err != nil {
		return nil, err
	}
	step("sync its parent")
	if err := syncFolder(in); err != nil {
		return nil, err
	}
	return in.OpenRoot(name)
}

// sweep takes away what killed runs left.
func sweep(folder *os.Root) error {
	entries, err := entriesOf(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), leftover) {
			continue
		}
		step("sweep " + e.Name())
		if err := folder.RemoveAll(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func settle(folder *os.Root, newest string, keep []string) error {
	if err := cmp.Or(sweep(folder), discardHeld(folder, keep)); err != nil {
		return err
	}
	if newest == "" || pointsTo(folder) == newest {
		return nil
	}
	if published, err := runsIn(folder); err != nil || !slices.Contains(published, newest) {
		return err
	}
	return point(folder, newest)
}

func prune(folder *os.Root, keep int) error {
	published, err := runsIn(folder)
	if err != nil {
		return err
	}
	newest := pointsTo(folder)
	excess := len(published) - keep
	for _, run := range begunFirst(published, newest) {
		if excess <= 0 {
			return nil
		}
		if run == newest {
			continue
		}
		if err := remove(folder, run, run); err != nil {
			return err
		}
		excess--
	}
	return nil
}

// begunFirst reorders runs, which come in the order of their names, into the
// order in which they were begun. A run named later than the newest was made
// under a clock that ran ahead, so it is older.
func begunFirst(runs []string, newest string) []string {
	i, there := slices.BinarySearch(runs, newest)
	if newest == "" {
		return runs
	}
	if there {
		i++
	}
	return slices.Concat(runs[i:], runs[:i])
}

// remove takes the run at the path away, under another name: half a run is not a
// run.
func remove(folder *os.Root, path, run string) error {
	step("rename old run " + path)
	if err := folder.Rename(path, goneOf+run); err != nil {
		return err
	}
	step("remove old run " + run)
	return folder.RemoveAll(goneOf + run)
}

// point swaps latest.
func point(folder *os.Root, run string) error {
	if err := makeLink(folder, run); err != nil {
		return err
	}
	return swapLatest(folder)
}

func makeLink(folder *os.Root, run string) error {
	step("make link")
	return folder.Symlink(run, nextLink)
}

// swapLatest puts the link that was made in the place of latest. Where something
// is in the way there, such as a folder, the link is taken away again.
func swapLatest(folder *os.Root) error {
	step("swap latest")
	if err := folder.Rename(nextLink, latest); err != nil {
		step("remove link")
		_ = folder.Remove(nextLink) // what stays is swept by the next run
		return err
	}
	step("sync the swap")
	return syncFolder(folder)
}

// pointsTo is the run that readers are pointed to; empty for none.
func pointsTo(folder *os.Root) string {
	run, err := folder.Readlink(latest)
	if err != nil {
		return ""
	}
	return run
}

// runsIn lists the published runs, the oldest first.
func runsIn(folder *os.Root) ([]string, error) {
	entries, err := entriesOf(folder)
	var runs []string
	for _, e := range entries {
		if e.IsDir() && isRun(e.Name()) {
			runs = append(runs, e.Name())
		}
	}
	return runs, err
}

// entriesOf lists a folder by name.
func entriesOf(folder *os.Root) ([]fs.DirEntry, error) { return fs.ReadDir(folder.FS(), ".") }

func syncFolder(folder *os.Root) error {
	f, err := folder.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

var (
	exportName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	fileName   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}(\.[a-z0-9]+)+$`)
)

// isRun tells whether the name is that of a run: its scheduled time.
func isRun(name string) bool {
	t, err := time.Parse(segments.RunLayout, name)
	return err == nil && t.Format(segments.RunLayout) == name
}

// problem says where something went wrong and what to do about it; nil stays nil.
func (d Directory) problem(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("destination %s: %s: %w%s", string(d), doing, reason(err), advice(err))
}

// reason is the error without the name of the system call.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return fmt.Errorf("%s: %w", path.Path, path.Err)
	case errors.As(err, &link):
		return fmt.Errorf("%s: %w", link.New, link.Err)
	}
	return err
}

func advice(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "; make room there and run the export again"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "; let the user that winnow runs as write there"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return "; move what is in the way"
	}
	return ""
}
