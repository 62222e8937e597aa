package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"winnow/internal/atomicfile"
)

// draftPrefix begins the names of folders that are not backups: being made, or being
// removed.
const draftPrefix = ".winnow-backup-"

// draft is a backup that is being made. It is locked while its process lives.
type draft struct {
	path string
	lock *os.File
}

func begin(top, name string) (*draft, error) {
	path, err := os.MkdirTemp(top, draftPrefix+name+"-")
	if err != nil {
		return nil, fmt.Errorf("begin a backup: %w", err)
	}
	d := &draft{path: path}
	if d.lock, err = os.Open(path); err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), d.discard())
	}
	return d, nil
}

// database is the path of the copied contacts.
func (d *draft) database() string { return filepath.Join(d.path, databaseName) }

// publish gives the complete backup its name.
func (d *draft) publish(path string) error {
	beforeStep("sync")
	if err := syncTree(d.path); err != nil {
		return err
	}
	beforeStep("publish")
	if err := os.Rename(d.path, path); err != nil {
		return err
	}
	beforeStep("sync name")
	return atomicfile.SyncFolder(filepath.Dir(path))
}

func (d *draft) close() error { return d.lock.Close() }

// discard removes what was made.
func (d *draft) discard() error {
	return errors.Join(os.RemoveAll(d.path), d.lock.Close())
}

// removeAbandoned removes what killed backups left.
func removeAbandoned(top string) error {
	entries, err := os.ReadDir(top)
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), draftPrefix) {
			err = errors.Join(err, removeIfAbandoned(filepath.Join(top, e.Name())))
		}
	}
	return err
}

func removeIfAbandoned(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil // it is being made
	}
	return os.RemoveAll(path)
}

// Find returns the backup that a path means: the folder itself or, of a folder of
// backups, the latest.
func Find(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", fmt.Errorf("%s is a file; name a backup, which is a folder, or the folder of the backups", path)
	}
	if _, err := os.Lstat(filepath.Join(path, manifestName)); err == nil || isName(filepath.Base(path)) {
		return path, nil
	}
	names, err := namesIn(path)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", fmt.Errorf("there is no backup in %s: name a folder that winnow backup made", path)
	}
	return filepath.Join(path, names[len(names)-1]), nil
}

// namesIn lists the backups in a folder, the latest last. It reads names only.
func namesIn(top string) (names []string, err error) {
	entries, err := os.ReadDir(top)
	for _, e := range entries {
		if e.IsDir() && isName(e.Name()) {
			if _, err := os.Lstat(filepath.Join(top, e.Name(), manifestName)); err == nil {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	return names, err
}
