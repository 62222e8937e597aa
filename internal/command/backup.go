package command

import (
	"fmt"

	"winnow/internal/app"
	"winnow/internal/backup"
	"winnow/internal/ui"
	"winnow/store/location"
)

// backupCommand makes or verifies a backup.
type backupCommand struct {
	Folder string `arg:"" name:"dir" help:"Folder of backups: each is a folder in it, named by its time. With --verify also a backup itself; of several, the latest is verified."`
	Verify bool   `help:"Verify a backup instead: its sums, that the databases are whole and fit together, and that the counts of contacts by status are right. Changes nothing."`
}

// Help says what is in a backup.
func (backupCommand) Help() string {
	return "A store on PostgreSQL is backed up with the tools of its server. A backup of one on this host has the store, the members of segments and the outbox. It does not have the config, files of secrets, " +
		"the admin token and the exports. It holds every person's data, and secrets that the config has as plain text: encrypt it where you keep it."
}

// Run makes a backup, or verifies one.
func (x backupCommand) Run(c *invocation) error {
	if x.Verify {
		return x.verify(c)
	}
	if at, err := c.storeLocation(); err == nil && location.IsServer(at) {
		return elsewhere(at, "back it up there, with pgBackRest or pg_basebackup and the archive of its WAL, which lose nothing, or with pg_dump")
	}
	return c.open(toRead, func(a *app.App) error {
		show, done := c.Progress("byte")
		made, err := backup.Make(c.ctx, backup.Options{Store: a.Store, To: x.Folder, Now: c.instant(), Version: c.process.Version, Progress: show})
		done()
		if err != nil {
			return err
		}
		if app.CheckOwner(a.Store.Path()) == nil { // another user changes nothing in the store
			if err := a.Store.RecordBackup(made.TakenAt); err != nil {
				c.Warn("the backup was made, and its time could not be recorded in the store: %v", err)
			}
		}
		if c.JSON {
			return c.PrintJSON(made)
		}
		return backup.Print(c.Stdout, made)
	})
}

func (x backupCommand) verify(c *invocation) error {
	show, done := c.Progress("byte")
	found, err := backup.Verify(c.ctx, x.Folder, show)
	done()
	switch {
	case err != nil:
		return err
	case c.JSON:
		err = c.PrintJSON(found)
	case len(found.Problems) == 0:
		err = backup.Print(c.Stdout, found.Made)
	}
	if len(found.Problems) == 0 || err != nil {
		return err
	}
	for _, text := range found.Problems {
		fmt.Fprintln(c.Stderr, ui.Printable(text))
	}
	return fmt.Errorf("the backup %s is not good: %s; use another one", found.Path, ui.Count(int64(len(found.Problems)), "problem"))
}
