package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// MakeFolder makes the folder, and those above it that are missing, so that they are
// still there after a power cut. Their permissions are those given, whatever the
// umask. A folder that is there stays as it is.
func MakeFolder(path string, mode fs.FileMode) error {
	err := os.Mkdir(path, mode)
	above := filepath.Dir(path)
	if errors.Is(err, fs.ErrNotExist) && above != path {
		if err := MakeFolder(above, mode); err != nil {
			return err
		}
		// Where nothing can be made, as in /proc, the error is still "not exist".
		err = os.Mkdir(path, mode)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil // if it is not a folder, opening it fails
	case err != nil:
		return err
	}
	return errors.Join(setMode(path, mode), SyncFolder(above))
}

// setMode gives a folder these permissions. It stays one whose files get its group.
func setMode(path string, mode fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() == mode {
		return err
	}
	return os.Chmod(path, mode|info.Mode()&fs.ModeSetgid)
}

// MakePrivateFolder makes a folder like [MakeFolder] that only its owner may enter,
// also if it was there and let others in.
func MakePrivateFolder(path string) error {
	if err := MakeFolder(path, 0o700); err != nil {
		return err
	}
	return setMode(path, 0o700)
}

// SyncFolder makes the names in a folder outlast a power cut.
func SyncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
