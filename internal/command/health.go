package command

import (
	"fmt"
	"net/http"

	"winnow/internal/app"
	"winnow/internal/daemon"
)

// healthCommand asks the daemon whether it can store callbacks.
type healthCommand struct{}

// Run asks the public server of the config's daemon.
func (healthCommand) Run(c *invocation) error {
	cfg, err := c.load()
	if app.IsProblems(err) {
		// The daemon may be running well, under the last good config.
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
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the daemon at %s can't store callbacks: it answered %s", cfg.Listen, answer.Status)
	}
	_, err = fmt.Fprintln(c.Stdout, "ok")
	return err
}
