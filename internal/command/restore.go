package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"winnow/internal/app"
	"winnow/internal/backup"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/erasure"
	"winnow/store/location"
)

// restoreCommand restores a backup.
type restoreCommand struct {
	Folder   string `arg:"" name:"dir" help:"Backup to restore, or a folder of backups, of which the latest is restored."`
	Erasures string `placeholder:"FILE" help:"Read from this winnow.db, of the store that is replaced, who was forgotten since the backup, and forget them again (default: replaced/winnow.db beside the store, if it is there)."`
}

// Help says what is lost.
func (restoreCommand) Help() string {
	return "Makes the store that the config names of a backup. Refuses where there is a store: stop the daemon, and move it away. " +
		"What was received since the backup is lost. Opt-outs of that time are still in the exports: import them with winnow import suppressions before the next run. " +
		"Contacts that were forgotten since the backup are in it: --erasures erases them again. " +
		"Readers of deltas load the next full files once."
}

// Run restores the backup.
func (x restoreCommand) Run(c *invocation) error {
	path, err := c.storeLocation()
	if err == nil && location.IsServer(path) {
		return elsewhere(path, "restore it there, with pg_restore into an empty database, or with what made its backup")
	}
	if err == nil {
		err = app.CheckOwner(path)
	}
	if err != nil {
		return err
	}
	e := eraseReturned{invocation: c, from: x.Erasures}
	show, done := c.Progress("byte")
	o := backup.RestoreOptions{Store: path, Progress: show}
	if err := e.find(path); err != nil {
		return err
	}
	if e.from != "" {
		o.Erase = e.erase
	}
	restored, err := backup.Restore(c.ctx, x.Folder, o)
	done()
	if err != nil {
		return err
	}
	if err := x.print(c, &restored, path); err != nil {
		return err
	}
	e.report(&restored)
	return nil
}

func (x restoreCommand) print(c *invocation, restored *backup.Restored, path string) error {
	if c.JSON {
		return c.PrintJSON(restored)
	}
	if restored.Finished {
		fmt.Fprintln(c.Stdout, "an earlier restore was interrupted; it is finished now:")
	}
	if err := backup.Print(c.Stdout, restored.Made); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Stdout, "restored to %s. What was received since then is lost; opt-outs of that time are in the last exports:\n  winnow import suppressions EXPORTS/NAME/latest/SEGMENT.csv%s\n", path, app.ConfigFlag(c.config))
	return err
}

// eraseReturned erases from a restored store who was forgotten since the backup.
type eraseReturned struct {
	*invocation
	from    string // contacts' file of the store that is replaced; empty for none
	erased  bool
	persons int
	did     erasure.Counts
}

// find finds the file beside the place of the store, where a restore that refuses says to
// move it, and is an error if the named one is missing.
func (e *eraseReturned) find(path string) error {
	beside := filepath.Join(filepath.Dir(path), "replaced", filepath.Base(path))
	if e.from != "" {
		_, err := os.Stat(e.from)
		return err
	}
	_, err := os.Stat(beside)
	if err == nil {
		e.from = beside
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (e *eraseReturned) erase(ctx context.Context, s *store.Store) error {
	cfg, err := e.load()
	if err != nil {
		return errors.Join(errors.New("who was forgotten since the backup can be erased only with a config that has no problems"), err)
	}
	ops := &app.Operations{Config: cfg, Store: s, Version: e.process.Version, Wait: e.waitForLock}
	e.persons, e.did, err = ops.EraseReturned(ctx, e.from, e.instant())
	if err != nil {
		return fmt.Errorf("%w; a file named by --erasures is read instead of %s", err, e.from)
	}
	e.erased = true
	return nil
}

// report says who was erased, or that nobody was.
func (e *eraseReturned) report(restored *backup.Restored) {
	if !e.erased {
		e.Warn("WHO WAS FORGOTTEN AFTER %s IS IN THE STORE AGAIN, with what was erased of them: move the store away and restore once more with --erasures and the winnow.db of the store that was replaced, or forget each again with winnow forget, before winnow serve is started",
			restored.TakenAt)
		return
	}
	e.Warn("forgotten again: %s, as %s says; who was forgotten elsewhere after %s is in the store", ui.Count(int64(e.persons), "person"), e.from, restored.TakenAt)
	for _, run := range e.did.Left {
		e.Warn("%s still has a row of one of them; winnow forget --exports erases such", run)
	}
}

// elsewhere is the error of a command that works on the files of a store, for one on a
// server.
func elsewhere(at, instead string) error {
	return &ui.UsageError{Err: fmt.Errorf("the store %s is on a PostgreSQL server: %s", location.Shown(at), instead)}
}

// storeLocation is the location of the store, also of a config with problems: the last good
// one is in the store.
func (c *invocation) storeLocation() (string, error) {
	cfg, err := c.load()
	switch {
	case app.IsProblems(err):
		return config.FindStore(c.config), nil
	case err != nil:
		return "", err
	}
	return cfg.Store, nil
}
