package command

import (
	"fmt"

	"winnow/internal/app"
	"winnow/internal/daemon"
)

// healthCommand asks the daemon whether it can store.
type healthCommand struct{}

// Run asks the public door of the daemon of this config.
func (healthCommand) Run(c *invocation) error {
	cfg, err := app.Options{Path: c.config, Now: c.now}.Load()
	if app.IsProblems(err) {
		// The daemon may be well, with the last good config.
		cfg, err = app.LastGood(c.config, err)
	}
	if err != nil {
		return err
	}
	url, client := daemon.PublicURL(cfg)
	answer, err := client.Get(url + "/healthz")
	if err != nil {
		return fmt.Errorf("no daemon answers at %s: %w", cfg.Listen, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return fmt.Errorf("the daemon at %s can't store callbacks now: it answered %s", cfg.Listen, answer.Status)
	}
	_, err = fmt.Fprintln(c.Stdout, "ok")
	return err
}
