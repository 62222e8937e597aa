// Package local is a folder of this machine, in which runs are made, held,
// published and removed, and into which existing runs can be copied.
//
// # A run is there as a whole, or not at all
//
// Every file is synced when it is closed, the draft's folder before it is renamed
// to the run's name, the export's folder before latest is swapped, and after. So
// a name that readers know never holds less than a whole run, whenever the machine
// stops, and latest never points to what is not yet on disk. What an interrupted
// run leaves is removed by the next Begin, Recover or Release. A held run is whole
// too, and is released by one rename and the swap of latest.
//
// # The same run again
//
// A run whose name is already taken is replaced by exchanging the two folders,
// which Linux does in one step. Refusing it would harm no published run either,
// but a run that was killed between its rename and its recording must be possible
// to make again, and so must a manual run within the same second. Where a file
// system can't exchange folders the run is refused.
//
// # No name leads out
//
// Everything is done beneath an [os.Root]: neither a name nor a symlink that
// somebody put there writes outside of the folder.
package local

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"winnow/internal/atomicfile"
	"winnow/segments"
	"winnow/segments/destination"
)

// Folder is the path of a folder that exports are written to. It is created when
// it is missing. A Folder is both a [segments.Publisher] and a
// [segments.Destination].
type Folder string

// The modes of what is made, whatever the umask: the CRM reads as a member of the
// group.
const (
	folderMode = 0o750
	fileMode   = 0o640
)

// beforeStep is called before each change of the file system, with what it will
// be. Tests kill the process there.
var beforeStep = func(string) {}

// String is the folder's path.
func (f Folder) String() string { return string(f) }

// Split divides destinations into the local folders, in which runs are made, and
// the others, which get copies.
func Split(all []segments.Destination) (folders []Folder, others []segments.Destination) {
	for _, d := range all {
		if f, ok := d.(Folder); ok {
			folders = append(folders, f)
		} else {
			others = append(others, d)
		}
	}
	return folders, others
}

// Begin implements [segments.Publisher].
func (f Folder) Begin(export, run string) (segments.Draft, error) {
	d, err := f.begin(export, run)
	if err != nil {
		return nil, err
	}
	return d, nil
}

func (f Folder) begin(export, run string) (*draft, error) {
	if !segments.IsRunName(run) {
		return nil, f.failed("beginning a run", fmt.Errorf("%q is not the name of a run", run))
	}
	folder, err := f.open(export, true)
	if err != nil {
		return nil, err
	}
	doing := "beginning run " + export + "/" + run
	if err := removeLeftovers(folder); err != nil {
		folder.Close()
		return nil, f.failed(doing, err)
	}
	files, err := makeFolder(folder, destination.DraftPrefix+run)
	if err != nil {
		folder.Close()
		return nil, f.failed(doing, err)
	}
	return &draft{to: f, export: export, run: run, folder: folder, files: files}, nil
}

// Prune implements [segments.Publisher].
func (f Folder) Prune(export string, keep int) error {
	folder, err := f.open(export, false)
	if err != nil || folder == nil {
		return err
	}
	defer folder.Close()
	// A run that was replaced is a leftover of its replacement.
	return f.failed("removing old runs of "+export, cmp.Or(removeLeftovers(folder), prune(folder, keep)))
}

// Recover repairs what a killed run of the export left behind: it removes drafts
// and all held runs but these, and points readers to the run newest if it is
// there. If newest is empty, readers stay where they are.
func (f Folder) Recover(export, newest string, held []string) error {
	folder, err := f.open(export, false)
	if err != nil || folder == nil {
		return err
	}
	defer folder.Close()
	return f.failed("recovering "+export, recoverFolder(folder, newest, held))
}

// Open opens the folder of a published run. It stays the same folder while it is
// open, whatever happens to its name. The error is [fs.ErrNotExist] when the run
// is not there.
func (f Folder) Open(export, run string) (*os.Root, error) {
	doing := "opening run " + export + "/" + run
	folder, err := f.open(export, false)
	if err != nil {
		return nil, err
	}
	if folder == nil || !segments.IsRunName(run) {
		return nil, f.failed(doing, fs.ErrNotExist)
	}
	defer folder.Close()
	files, err := folder.OpenRoot(run)
	return files, f.failed(doing, err)
}

// open opens the folder of an export. Without create it is nil when missing.
func (f Folder) open(export string, create bool) (*os.Root, error) {
	if !segments.IsExportName(export) {
		return nil, f.failed("opening the folder of an export", fmt.Errorf("%q is not the name of an export", export))
	}
	folder, err := openExport(string(f), export, create)
	if !create && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return folder, f.failed("opening the folder "+export, err)
}

func openExport(path, export string, create bool) (*os.Root, error) {
	if create {
		if err := atomicfile.MakeFolder(path, folderMode); err != nil {
			return nil, err
		}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, notAFolder(err, path, os.Stat)
	}
	defer root.Close()
	folder, err := root.OpenRoot(export)
	if !create || !errors.Is(err, fs.ErrNotExist) {
		return folder, notAFolder(err, export, root.Stat)
	}
	return makeFolder(root, export)
}

// notAFolder is the error of opening a folder, as ENOTDIR if something else is there:
// the error of [os.OpenRoot] does not show it.
func notAFolder(err error, path string, stat func(string) (fs.FileInfo, error)) error {
	if err == nil {
		return nil
	}
	if info, statErr := stat(path); statErr == nil && !info.IsDir() {
		return &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	return err
}

// makeFolder makes a folder that is still there after the machine stopped.
func makeFolder(in *os.Root, name string) (*os.Root, error) {
	mode, err := modeWithin(in, folderMode)
	if err != nil {
		return nil, err
	}
	beforeStep("make folder " + name)
	if err := in.Mkdir(name, mode); err != nil {
		return nil, err
	}
	info, err := in.Stat(name)
	if err == nil && info.Mode().Perm() != mode { // as the umask has it
		err = in.Chmod(name, mode|info.Mode()&fs.ModeSetgid)
	}
	if err != nil {
		return nil, err
	}
	beforeStep("sync its parent")
	if err := syncFolder(in); err != nil {
		return nil, err
	}
	return in.OpenRoot(name)
}

// modeWithin is the mode of what is made in a folder: if only the folder's owner may
// enter it, the others get nothing there either.
func modeWithin(in *os.Root, mode fs.FileMode) (fs.FileMode, error) {
	info, err := in.Stat(".")
	if err == nil && info.Mode().Perm()&0o077 == 0 {
		mode &= 0o700
	}
	return mode, err
}

// removeLeftovers removes what interrupted runs left behind.
func removeLeftovers(folder *os.Root) error {
	entries, err := entriesOf(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), destination.TempPrefix) {
			continue
		}
		beforeStep("remove leftover " + e.Name())
		if err := folder.RemoveAll(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func recoverFolder(folder *os.Root, newest string, keepHeld []string) error {
	if err := cmp.Or(removeLeftovers(folder), discardHeld(folder, keepHeld)); err != nil {
		return err
	}
	if newest == "" || latestRun(folder) == newest {
		return nil
	}
	if published, err := runsIn(folder); err != nil || !slices.Contains(published, newest) {
		return err
	}
	return pointLatest(folder, newest)
}

func prune(folder *os.Root, keep int) error {
	published, err := runsIn(folder)
	if err != nil {
		return err
	}
	newest := latestRun(folder)
	excess := len(published) - keep
	for _, run := range destination.OldestFirst(published, newest) {
		if excess <= 0 {
			return nil
		}
		if run == newest {
			continue
		}
		if err := removeRun(folder, run, run); err != nil {
			return err
		}
		excess--
	}
	return nil
}

// removeRun removes the run at the path. First the run loses its name, also after a
// power cut: half a run is not a run.
func removeRun(folder *os.Root, path, run string) error {
	beforeStep("rename old run " + path)
	if err := folder.Rename(path, destination.RemovedPrefix+run); err != nil {
		return err
	}
	if err := syncMoved(folder, path); err != nil {
		return err
	}
	beforeStep("remove old run " + run)
	return folder.RemoveAll(destination.RemovedPrefix + run)
}

// runsIn lists the published runs, the oldest name first.
func runsIn(folder *os.Root) ([]string, error) {
	entries, err := entriesOf(folder)
	var runs []string
	for _, e := range entries {
		if e.IsDir() && segments.IsRunName(e.Name()) {
			runs = append(runs, e.Name())
		}
	}
	return runs, err
}

// entriesOf lists a folder by name.
func entriesOf(folder *os.Root) ([]fs.DirEntry, error) { return fs.ReadDir(folder.FS(), ".") }

// syncMoved makes durable that what had the path moved was moved into the folder.
func syncMoved(folder *os.Root, moved string) error {
	if parent := path.Dir(moved); parent != "." {
		from, err := folder.OpenRoot(parent)
		if err != nil {
			return err
		}
		err = syncFolder(from)
		from.Close()
		if err != nil {
			return err
		}
	}
	return syncFolder(folder)
}

func syncFolder(folder *os.Root) error {
	beforeStep("sync folder " + folder.Name())
	f, err := folder.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// failed says where an error happened and what to do about it; nil stays nil.
func (f Folder) failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return &destination.Error{Destination: f.String(), Doing: doing, Err: withoutCall(err), Advice: advice(err)}
}

// withoutCall is the error without the name of the system call.
func withoutCall(err error) error {
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
		return "make room there and run the export again"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return "allow the user that winnow runs as to write there"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return "move what is in the way"
	}
	return ""
}
