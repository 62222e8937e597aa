package command

import (
	"time"

	"winnow/internal/app"
	"winnow/internal/schedule"
	"winnow/internal/ui"
)

// scheduleCommand shows when each job runs next.
type scheduleCommand struct {
	N int `short:"n" default:"5" help:"Show this many times per job (default: 5)."`
}

// Run prints the next times, in UTC and in the config's time zone.
func (x scheduleCommand) Run(c *invocation) error {
	cfg, err := c.load()
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
			name, text = "", "" // on the first row of a job only
		}
	}
	ui.Table(c.Stdout, rows)
	return nil
}
