package command

import (
	"fmt"
	"time"

	"winnow/internal/app"
	"winnow/internal/schedule"
	"winnow/internal/ui"
)

// scheduleCommand tells when each job runs next.
type scheduleCommand struct {
	N int `short:"n" default:"5" help:"How many times of each."`
}

// Run prints the next times, in UTC and in the config's time zone.
func (x scheduleCommand) Run(c *call) error {
	cfg, err := app.LoadConfig(c.config, false, c.now)
	if err != nil {
		return err
	}
	jobs, err := app.Jobs(cfg)
	if err != nil {
		return err
	}
	entries := schedule.Upcoming(jobs, c.now(), x.N)
	if c.JSON {
		return c.PrintJSON(entries)
	}
	rows := [][]string{{"JOB", "SCHEDULE", "NEXT", "IN " + cfg.Timezone.String()}}
	for _, e := range entries {
		name, text := string(e.Kind), e.Schedule
		if e.Kind == schedule.Export {
			name += " " + e.Name
		}
		for _, at := range e.Next {
			rows = append(rows, []string{name, text, at.Format(time.RFC3339), at.In(cfg.Timezone).Format("Mon 2006-01-02 15:04:05 MST")})
			name, text = "", ""
		}
	}
	ui.Table(c.Stdout, rows)
	return nil
}

// healthCommand asks the daemon whether it can store.
type healthCommand struct{}

// Run asks the public door of the daemon of this config.
func (healthCommand) Run(c *call) error {
	cfg, err := app.LoadConfig(c.config, false, c.now)
	if app.IsProblems(err) {
		// The daemon may be well, with the last good config.
		cfg, err = app.LastGood(c.config, err)
	}
	if err != nil {
		return err
	}
	url, client := doorOf(cfg)
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
