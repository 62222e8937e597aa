package daemon

import (
	"fmt"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console/view"
)

// quietSources is for how many seconds nothing came from each source of the config, if that
// is longer than its habit, else 0.
func (d *Daemon) quietSources(cfg *config.Config, now hygiene.Instant) (map[string]int64, error) {
	known, err := d.store.QuietSources(now)
	seconds := map[string]int64{}
	for i := range cfg.Sources {
		name := cfg.Sources[i].Name
		seconds[name] = int64(known[name] / time.Second)
	}
	return seconds, err
}

// quietText says that nothing comes from a source.
func quietText(source string, seconds int64) string {
	return fmt.Sprintf("nothing came from source %s for %s, which is longer than ever in its last 14 days: does the provider still call?", source, time.Duration(seconds)*time.Second)
}

func (d *Daemon) quietAlerts(cfg *config.Config, now hygiene.Instant) (alerts []view.Alert, err error) {
	seconds, err := d.quietSources(cfg, now)
	for i := range cfg.Sources {
		if n := seconds[cfg.Sources[i].Name]; n > 0 {
			alerts = append(alerts, view.Alert{Text: quietText(cfg.Sources[i].Name, n), Command: "winnow status"})
		}
	}
	return alerts, err
}

// logQuiet logs which sources are quiet, at most once an hour.
func (d *Daemon) logQuiet(now time.Time) {
	cfg := d.current.Load()
	alerts, err := d.quietAlerts(cfg, hygiene.InstantOf(now))
	if err != nil || len(alerts) == 0 {
		return // the next metric or page reports the error
	}
	if _, ok := d.quietLines.Allow(now); !ok {
		return
	}
	for _, a := range alerts {
		d.log.Warn(a.Text)
	}
}
