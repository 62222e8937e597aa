package config

import (
	"time"

	"winnow/internal/yamldoc"
)

var (
	timezone = &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a time zone like Europe/Istanbul"}
	cron     = &yamldoc.Shape{Kind: yamldoc.Text, EditorPattern: `^\s*(@\S.*|\S+(\s+\S+){4}\s*)$`, Expect: `a schedule like "0 2 * * *" or "@every 30s"`}
)

func readTimezone(e *yamldoc.Entry) *time.Location {
	if e == nil {
		return time.UTC
	}
	zone, err := time.LoadLocation(e.Text())
	if err != nil || e.Text() == "Local" {
		e.Report(yamldoc.Quote(e.Text())+" is not a time zone", "write a name like UTC or Europe/Istanbul")
		return time.UTC
	}
	return zone
}

func (r *reader) readSchedule(e *yamldoc.Entry) string {
	if e != nil && r.options.CheckSchedule != nil {
		if err := r.options.CheckSchedule(e.Text()); err != nil {
			e.Report(err.Error(), "")
		}
	}
	return e.Text()
}
