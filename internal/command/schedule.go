package command

import (
	"errors"
	"fmt"
	"time"

	"winnow/internal/config"
	"winnow/internal/schedule"
	"winnow/internal/ui"
	"winnow/store"
)

// jobsOf are the jobs of a config, without what they do.
func jobsOf(cfg *config.Config) ([]schedule.Job, error) {
	sweep, err := schedule.Parse(cfg.Sweep, cfg.Timezone)
	if err != nil {
		return nil, err
	}
	review, err := schedule.Parse(cfg.Review, cfg.Timezone)
	if err != nil {
		return nil, err
	}
	jobs := []schedule.Job{
		{Kind: schedule.Sweep, Name: "sweep", Schedule: sweep},
		{Kind: schedule.Review, Name: "review", Schedule: review, MakeUp: true},
	}
	for _, e := range cfg.Exports {
		s, err := schedule.Parse(e.Schedule, cfg.Timezone)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, schedule.Job{Kind: schedule.Export, Name: e.Name, Schedule: s, MakeUp: true})
	}
	return jobs, nil
}

// scheduleCommand tells when each job runs next.
type scheduleCommand struct {
	N int `short:"n" default:"5" help:"How many times of each."`
}

// Run prints the next times, in UTC and in the config's time zone.
func (x scheduleCommand) Run(c *call) error {
	cfg, err := c.load(false)
	if err != nil {
		return err
	}
	jobs, err := jobsOf(cfg)
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
	cfg, err := c.load(false)
	if isProblems(err) {
		// The daemon may be well, with the last good config.
		cfg, err = lastGood(c.config, err)
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

// lastGood is the config that the store keeps as the last good one; without
// one, the error of the file.
func lastGood(path string, broken error) (*config.Config, error) {
	s, err := store.OpenExisting(config.FindStore(path))
	if err != nil {
		return nil, broken
	}
	_, text, err := s.LastPolicy()
	if err := errors.Join(err, s.Close()); err != nil || text == "" {
		return nil, broken
	}
	cfg, err := config.Parse(path, []byte(text), configOptions(false))
	if err != nil {
		return nil, broken
	}
	return cfg, nil
}
