package command

import (
	"fmt"

	"winnow/internal/app"
	"winnow/internal/backup"
	"winnow/internal/config"
)

// restoreCommand restores a backup.
type restoreCommand struct {
	Folder string `arg:"" name:"dir" help:"Backup to restore, or a folder of backups, of which the latest is restored."`
}

// Help says what is lost.
func (restoreCommand) Help() string {
	return "Makes the store that the config names of a backup. Refuses where there is a store: stop the daemon, and move it away. " +
		"What was received since the backup is lost. Opt-outs of that time are still in the exports: import them with winnow import suppressions before the next run. " +
		"Readers of deltas load the next full files once."
}

// Run restores the backup.
func (x restoreCommand) Run(c *invocation) error {
	path, err := c.storePath()
	if err == nil {
		err = app.CheckOwner(path)
	}
	if err != nil {
		return err
	}
	show, done := c.Progress("byte")
	restored, err := backup.Restore(c.ctx, x.Folder, backup.RestoreOptions{Store: path, Progress: show})
	done()
	switch {
	case err != nil:
		return err
	case c.JSON:
		return c.PrintJSON(restored)
	case restored.Finished:
		fmt.Fprintln(c.Stdout, "an earlier restore was interrupted; it is finished now:")
	}
	if err := backup.Print(c.Stdout, restored.Made); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "restored to %s. What was received since then is lost; opt-outs of that time are in the last exports:\n  winnow import suppressions EXPORTS/NAME/latest/SEGMENT.csv%s\n", path, app.ConfigFlag(c.config))
	return err
}

// storePath is the path of the store, also of a config with problems: the last good one
// is in the store.
func (c *invocation) storePath() (string, error) {
	cfg, err := c.load()
	switch {
	case app.IsProblems(err):
		return config.FindStorePath(c.config), nil
	case err != nil:
		return "", err
	}
	return cfg.Store, nil
}
