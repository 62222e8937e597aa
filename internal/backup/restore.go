package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"winnow/internal/app"
	"winnow/internal/atomicfile"
	"winnow/internal/ui"
	"winnow/store"
)

// A restore makes the store in a folder beside its place, and moves it there when it is
// complete: the contacts' file before the log. Of what is there in between nothing can be
// opened: the folder shows that there was a store, and contacts without their log are
// refused. The next restore finishes the moves, or removes a folder that is not complete.

// RestoreOptions say where a backup is restored to.
type RestoreOptions struct {
	Store    string // the path of the store, at which there must be none
	Progress func(bytes int64)
	// Erase removes from the restored store, before it can be used, what may not come back:
	// the persons that were erased since the backup. It may be nil.
	Erase func(ctx context.Context, s *store.Store) error
}

// Restored is what was restored.
type Restored struct {
	Made
	Store    string `json:"store"`
	Finished bool   `json:"finished,omitempty"` // an earlier restore, which was interrupted
}

// completeName is the file in the folder of a restore that is complete. It holds which
// backup that is of.
const completeName = "complete"

// Restore makes a store of a backup.
func Restore(ctx context.Context, from string, o RestoreOptions) (done Restored, err error) {
	if err := atomicfile.MakeFolder(filepath.Dir(o.Store), 0o700); err != nil {
		return done, fmt.Errorf("create the store's folder: %w", err)
	}
	unlock, err := LockStore(o.Store)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	r := &restore{RestoreOptions: o, folder: store.RestoringAt(o.Store)}
	if r.Progress == nil {
		r.Progress = func(int64) {}
	}
	if done, found, err := r.finishEarlier(); found || err != nil {
		return done, err
	}
	if err := checkVacant(o.Store); err != nil {
		return done, err
	}
	b, err := open(from)
	if err != nil {
		return done, err
	}
	if err := r.fill(ctx, b); err != nil {
		return done, fmt.Errorf("restore %s: %w", b.Path, errors.Join(err, os.RemoveAll(r.folder)))
	}
	return Restored{Made: b, Store: o.Store}, r.place()
}

// open opens the backup that a path means.
func open(path string) (Made, error) {
	path, err := Find(path)
	if err != nil {
		return Made{}, err
	}
	m, err := readManifest(path)
	return Made{path, m}, err
}

// LockStore keeps daemons, jobs and restores away from the place of the store, until unlock.
func LockStore(path string) (unlock func() error, err error) {
	var held []*store.Lock
	unlock = func() (err error) {
		for _, l := range held {
			err = errors.Join(err, l.Unlock())
		}
		return err
	}
	for _, l := range store.LocksAt(path) {
		ok, err := l.TryLock()
		if err == nil && !ok {
			err = fmt.Errorf("%s uses the place of the store %s: stop winnow serve first", app.ProcessName(l.Holder()), path)
		}
		if err != nil {
			return nil, errors.Join(err, unlock())
		}
		held = append(held, l)
	}
	return unlock, nil
}

// checkVacant is an error if anything is where the store is to be. A write-ahead log that
// an older store left would be taken for the restored one's.
func checkVacant(path string) error {
	var there []string
	for _, name := range store.PartsAt(path) {
		if _, err := os.Lstat(name); err == nil {
			there = append(there, ui.ShellQuote(filepath.Base(name)))
		}
	}
	if len(there) == 0 {
		return nil
	}
	return fmt.Errorf("there is a store at %s, and a restore replaces none: stop winnow serve, and move the store away: cd %s && mkdir replaced && mv %s replaced",
		path, ui.ShellQuote(filepath.Dir(path)), strings.Join(there, " "))
}

// restore is a restore under way.
type restore struct {
	RestoreOptions
	folder string // in which the store is made
}

// fill makes the store in its folder, and the file that says so last.
func (r *restore) fill(ctx context.Context, b Made) error {
	beforeStep("make the folder of the restore")
	if err := os.RemoveAll(r.folder); err != nil {
		return err
	}
	if err := atomicfile.MakePrivateFolder(r.folder); err != nil {
		return err
	}
	beforeStep("copy the backup")
	if err := r.copyFiles(ctx, b); err != nil {
		return err
	}
	beforeStep("open the copy")
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if err := syncTree(r.folder); err != nil {
		return err
	}
	beforeStep("complete the restore")
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	return errors.Join(writeFile(filepath.Join(r.folder, completeName), bytes.NewReader(text)), atomicfile.SyncFolder(r.folder), atomicfile.SyncFolder(filepath.Dir(r.folder)))
}

// copyFiles copies the files of the backup, and compares them with their sums meanwhile.
func (r *restore) copyFiles(ctx context.Context, b Made) error {
	var total int64
	for _, f := range b.Files {
		from, to := filepath.Join(b.Path, filepath.FromSlash(f.Path)), filepath.Join(r.folder, filepath.FromSlash(f.Path))
		if err := atomicfile.MakePrivateFolder(filepath.Dir(to)); err != nil {
			return err
		}
		if f.Link != "" {
			if err := os.Symlink(f.Link, to); err != nil {
				return err
			}
			continue
		}
		err := copySummed(ctx, from, to, f, func(n int64) {
			total += n
			r.Progress(total)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func copySummed(ctx context.Context, from, to string, f File, copied func(int64)) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	digest := sha256.New()
	if err := writeFile(to, io.TeeReader(&countedReader{ctx: ctx, from: in, count: copied}, digest)); err != nil {
		return err
	}
	if hex.EncodeToString(digest.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%s was changed, or is damaged: use another backup; winnow backup --verify checks one", from)
	}
	return nil
}

// prepare checks the copied store, updates it to this version, and erases from it what may
// not come back.
func (r *restore) prepare(ctx context.Context) error {
	path := filepath.Join(r.folder, databaseName)
	found, err := store.InspectCopy(ctx, path, false)
	if err == nil {
		err = problems(found.Problems)
	}
	if err != nil {
		return err
	}
	s, err := store.OpenExisting(path)
	if err != nil {
		return err
	}
	if r.Erase != nil {
		err = r.Erase(ctx, s)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	for _, name := range store.PartsAt(path) {
		if strings.HasSuffix(name, "-wal") && exists(name) {
			return fmt.Errorf("another process has opened %s: leave it alone while it is restored", path)
		}
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// moves are the parts of the store, from the folder of the restore to their places, in the
// order in which they are moved.
func (r *restore) moves() (list [][2]string) {
	made := filepath.Join(r.folder, databaseName)
	from, to := store.PartsAt(made), store.PartsAt(r.Store)
	for i := range from {
		list = append(list, [2]string{from[i], to[i]})
	}
	return list
}

// place moves the complete store to its place.
func (r *restore) place() error {
	for _, m := range r.moves() {
		if !exists(m[0]) {
			continue
		}
		beforeStep("move " + filepath.Base(m[0]))
		if exists(m[1]) {
			return fmt.Errorf("%s appeared while the store was restored: move it away, and restore again", m[1])
		}
		if err := os.Rename(m[0], m[1]); err != nil {
			return err
		}
		if err := atomicfile.SyncFolder(filepath.Dir(m[1])); err != nil {
			return err
		}
	}
	beforeStep("remove the folder of the restore")
	return errors.Join(os.RemoveAll(r.folder), atomicfile.SyncFolder(filepath.Dir(r.folder)))
}

// finishEarlier finishes a restore that was interrupted after it was complete, and removes
// what is left of another one.
func (r *restore) finishEarlier() (done Restored, found bool, err error) {
	text, err := os.ReadFile(filepath.Join(r.folder, completeName))
	if errors.Is(err, fs.ErrNotExist) {
		return done, false, nil // fill removes what there may be
	}
	if err != nil {
		return done, false, err
	}
	for _, m := range r.moves() {
		found = found || exists(m[0])
	}
	if !found { // only its folder was left
		return done, false, os.RemoveAll(r.folder)
	}
	done = Restored{Store: r.Store, Finished: true}
	if err := json.Unmarshal(text, &done.Made); err != nil {
		return done, false, fmt.Errorf("%s is damaged: remove %s, and restore again", completeName, r.folder)
	}
	return done, true, r.place()
}
