package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/loglimit"
	"winnow/internal/ui"
	"winnow/internal/unmatched"
	"winnow/store"
)

// intakeWatch finds out whether what comes in can be used: whether events name contacts,
// and bodies can be read. Looking takes a pass over the latest events, so the result is
// kept until there are others.
type intakeWatch struct {
	store *store.Store

	mu     sync.Mutex
	config *config.Config
	totals [2]int64 // last seq and unmatched events at the latest look
	found  []unmatched.Finding

	looks, lines *loglimit.Limiter // of the log
}

func newIntakeWatch(s *store.Store) *intakeWatch {
	return &intakeWatch{store: s, looks: loglimit.New(time.Minute), lines: loglimit.New(time.Hour)}
}

// nobody returns a finding for each source whose latest events all name no contact.
func (w *intakeWatch) nobody(cfg *config.Config, t store.Totals) (list []unmatched.Finding, err error) {
	if t.Unmatched+t.Lag == 0 {
		return nil, nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := [2]int64{t.LastSeq, t.Unmatched}; w.config != cfg || w.totals != now {
		if w.found, err = unmatched.Diagnose(cfg, w.store); err != nil {
			return nil, err
		}
		w.config, w.totals = cfg, now
	}
	for i := range w.found {
		if w.found[i].None() {
			list = append(list, w.found[i])
		}
	}
	return list, nil
}

// alerts returns an alert for each source whose events name no contact, and one when
// nothing that came in lately could be read.
func (w *intakeWatch) alerts(cfg *config.Config, t store.Totals) (alerts []view.Alert, err error) {
	findings, err := w.nobody(cfg, t)
	for i := range findings {
		alerts = append(alerts, view.Alert{Grave: true, Command: "winnow unmatched", Title: fmt.Sprintf("Nothing that comes from %s suppresses or retries anybody.", findings[i].Source),
			Why: endSentence(findings[i].Sentence()), Actions: []view.Action{{Label: "Unmatched events", Path: "/quarantine"}}})
	}
	unreadable, quarantineErr := w.quarantineAlerts(t)
	return append(alerts, unreadable...), errors.Join(err, quarantineErr)
}

func endSentence(text string) string {
	if text[len(text)-1] == '?' {
		return text
	}
	return text + "."
}

// log logs that the events of a source name no contact, after a sweep that found such
// events: at most once an hour.
func (w *intakeWatch) log(log *slog.Logger, cfg *config.Config) {
	if _, ok := w.looks.Allow(time.Now()); !ok {
		return
	}
	t, err := w.store.Totals()
	if err != nil {
		return // the next job or page reports it
	}
	findings, err := w.nobody(cfg, t)
	if err != nil || len(findings) == 0 {
		return
	}
	if _, ok := w.lines.Allow(time.Now()); !ok {
		return
	}
	for i := range findings {
		log.Warn("the events of a source name no contact", "source", findings[i].Source, "found", findings[i].Sentence(), "help", findings[i].Advice(app.ConfigFlag(cfg.Path)))
	}
}

// recentBodies is how many bodies in quarantine, with no event after the first of them,
// are an alert. The bodies with which a provider tries the URL are fewer.
const recentBodies = 20

func (w *intakeWatch) quarantineAlerts(t store.Totals) ([]view.Alert, error) {
	if t.Quarantined == 0 {
		return nil, nil
	}
	bodies, err := w.store.Quarantine(recentBodies)
	if err != nil || len(bodies) == 0 {
		return nil, err
	}
	question := "Is the URL the one of this provider?"
	if bodies[0].Unverified != nil {
		question = "Are secret and public_url in signature of " + ui.Printable(bodies[0].Source) + " those of the provider?"
	}
	alert := view.Alert{Grave: true, Command: "winnow quarantine", Title: "No callback could be read so far.", Actions: []view.Action{{Label: "Quarantine", Path: "/quarantine"}},
		Why: ui.CountVerb(t.Quarantined, "body", "is", "are") + " in quarantine. " + question}
	if t.Quarantined > 1 {
		alert.Why = fmt.Sprintf("All %s bodies are in quarantine. %s", ui.Number(t.Quarantined), question)
	}
	if t.Events > 0 {
		last, ok, err := w.store.Event(t.LastSeq)
		oldest := bodies[len(bodies)-1].ReceivedAt
		if err != nil || !ok || len(bodies) < recentBodies || last.ReceivedAt >= oldest {
			return nil, err
		}
		now := time.Now()
		alert.Title = fmt.Sprintf("None of the latest %d callbacks could be read.", len(bodies))
		if !slices.ContainsFunc(bodies, func(b store.Quarantined) bool { return b.Unverified == nil }) {
			alert.Title = fmt.Sprintf("None of the latest %d callbacks could be verified.", len(bodies))
		}
		alert.Why = fmt.Sprintf("That is so since %s; the last event was received at %s.", ui.Clock(oldest.Time(), now), ui.Clock(last.ReceivedAt.Time(), now))
	}
	return []view.Alert{alert}, nil
}
