package ui

import (
	"fmt"
	"time"
)

// Ago writes how long something is past, in the largest unit that fits: 2 hours ago. A
// negative duration lies ahead: in 1 day.
func Ago(past time.Duration) string {
	past = past.Round(time.Second)
	format := "%s ago"
	if past < 0 {
		past, format = -past, "in %s"
	}
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if n := int64(past / u.size); n > 0 {
			return fmt.Sprintf(format, Count(n, u.name))
		}
	}
	return "now"
}
