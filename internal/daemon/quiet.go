package daemon

import (
	"fmt"
	"log/slog"
	"time"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/loglimit"
	"winnow/store"
)

// quietWatch finds out which sources are quiet for longer than is their habit.
type quietWatch struct {
	store *store.Store
	lines *loglimit.Limiter // of the log
}

func newQuietWatch(s *store.Store) (*quietWatch, error) {
	return &quietWatch{s, loglimit.New(time.Hour)}, s.Listens(hygiene.InstantOf(time.Now()))
}

// seconds is for how many seconds nothing came from each source of the config, if that
// is longer than its habit, else 0.
func (w *quietWatch) seconds(cfg *config.Config, now hygiene.Instant) (map[string]int64, error) {
	known, err := w.store.QuietSources(now)
	seconds := map[string]int64{}
	for i := range cfg.Sources {
		name := cfg.Sources[i].Name
		seconds[name] = int64(known[name].For / time.Second)
	}
	return seconds, err
}

func (w *quietWatch) alerts(cfg *config.Config, now hygiene.Instant) (alerts []view.Alert, err error) {
	seconds, err := w.seconds(cfg, now)
	for i := range cfg.Sources {
		if n := seconds[cfg.Sources[i].Name]; n > 0 {
			alerts = append(alerts, view.Alert{Title: fmt.Sprintf("Nothing came from source %s for %s.", cfg.Sources[i].Name, time.Duration(n)*time.Second),
				Why: "That is longer than ever in its last 14 days: does the provider still call?", Command: "winnow status"})
		}
	}
	return alerts, err
}

// log logs which sources are quiet, at most once an hour.
func (w *quietWatch) log(log *slog.Logger, cfg *config.Config, now time.Time) {
	alerts, err := w.alerts(cfg, hygiene.InstantOf(now))
	if err != nil || len(alerts) == 0 {
		return // the next metric or page reports the error
	}
	if _, ok := w.lines.Allow(now); !ok {
		return
	}
	for _, a := range alerts {
		log.Warn(a.Text())
	}
}
