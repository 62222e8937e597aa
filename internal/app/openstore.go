package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"winnow/internal/atomicfile"
	"winnow/internal/config"
	"winnow/segments/destination"
	"winnow/segments/destination/local"
	"winnow/store"
	"winnow/store/location"
)

// Access is what is done with the store.
type Access int

// The kinds of access. Those that write are for the store's owner alone.
const (
	Reads    Access = iota // an existing store; no file is made
	Previews               // as Reads, with an empty store in its place if there is none
	Writes                 // an existing store
	Creates                // writes to the store, which is created if there is none
)

// openStore opens the store of a's config.
func (o Options) openStore(a *App) (err error) {
	at := a.Config.Store
	if err := o.checkOwner(location.Files(at)); err != nil {
		return err
	}
	exists := true
	if o.Access == Creates && !o.New || o.Access == Previews {
		if exists, err = store.Exists(at); err != nil {
			return err
		}
	}
	if !exists && !o.New {
		if err := checkNeverWas(a.Config); err != nil {
			return err
		}
	}
	if o.Access == Creates && location.IsServer(at) {
		if err := atomicfile.MakeFolder(location.Folder(at), 0o700); err != nil {
			return fmt.Errorf("create the folder of what is kept on this host: %w", err)
		}
	}
	switch {
	case o.Access == Previews && !exists:
		if a.temporary, err = os.MkdirTemp("", "winnow-preview-"); err != nil {
			return err
		}
		if a.Store, err = store.Open(filepath.Join(a.temporary, "winnow.db")); err != nil {
			return errors.Join(err, os.RemoveAll(a.temporary))
		}
	case o.Access != Creates:
		a.Store, err = store.OpenExisting(at)
	case o.New:
		a.Store, err = store.OpenNew(at)
	default:
		a.Store, err = store.Open(at)
	}
	return err
}

// checkNeverWas is an error if something shows that there was a store: a disk that is
// not mounted, or a backup that was not restored, would be replaced by an empty store.
func checkNeverWas(cfg *config.Config) error {
	remains := store.Remains(cfg.Store)
	for _, e := range cfg.Exports {
		folders, _ := local.Split(e.To)
		for _, f := range folders {
			latest := filepath.Join(f.String(), e.Name, destination.Latest)
			if _, err := os.Lstat(latest); err == nil {
				remains = append(remains, latest)
			}
		}
	}
	if len(remains) == 0 {
		return nil
	}
	return fmt.Errorf("there is no store at %s, but %s shows that there was one: mount its disk or restore it; winnow serve --new begins a new one", location.Shown(cfg.Store), remains[0])
}

// OwnerError is the error of writing to the store as another user than its owner. The
// owner, such as the daemon, could not use what that would make.
type OwnerError struct {
	Path  string // of the store, or of the folder that it would be made in
	Owner string // as sudo -u takes it
}

// Error names the owner.
func (e *OwnerError) Error() string {
	return fmt.Sprintf("%s belongs to user %s, who could not use what %s makes there", e.Path, e.Owner, Operator())
}

// CheckOwner is an [OwnerError] if the store, or the folder of a store to come, is another
// user's.
func CheckOwner(path string) error { return Options{Access: Creates}.checkOwner(path) }

// checkOwner is an [OwnerError] if the store is another user's and is to be written.
// Of a store that is not there the folder's owner counts, but only against root: others
// can make files in a folder like /tmp, and are refused by the system elsewhere. A
// daemon is not stopped by a volume that gives its files to a group: all that is made
// there is made by daemons.
func (o Options) checkOwner(path string) error {
	if o.Access != Writes && o.Access != Creates || o.Daemon && os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(path)
	for made := err; errors.Is(made, fs.ErrNotExist) && os.Geteuid() == 0 && filepath.Dir(path) != path; made = err {
		path = filepath.Dir(path)
		info, err = os.Stat(path)
	}
	if err != nil {
		return nil // opening it says why
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Geteuid() {
		return nil
	}
	id := strconv.FormatUint(uint64(owner.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return &OwnerError{Path: path, Owner: u.Username}
	}
	return &OwnerError{Path: path, Owner: "#" + id}
}
