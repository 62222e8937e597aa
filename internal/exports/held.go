package exports

import (
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/segments"
	"winnow/store"
	"winnow/store/runs"
)

// HeldExports describes the held runs of each export that has some.
func HeldExports(cfg *config.Config, s *store.Store) (list []view.HeldRun, err error) {
	for _, e := range cfg.Exports {
		held, ok, heldErr := heldExport(cfg, s, e.Name)
		if ok {
			list = append(list, held)
		}
		err = errors.Join(err, heldErr)
	}
	return list, err
}

// heldExport describes the newest held run of the export; false when there is none.
func heldExport(cfg *config.Config, s *store.Store, export string) (view.HeldRun, bool, error) {
	runs, err := s.RunsOf(export, runs.AllRuns, segments.Held)
	if err != nil || len(runs) == 0 {
		return view.HeldRun{}, false, err
	}
	newest := runs[0]
	readers, published, err := s.LastRun(export, segments.Published, segments.Released)
	if err != nil {
		return view.HeldRun{}, false, err
	}
	stale, err := StalenessOf(cfg, s, newest, true)
	held := view.HeldRun{Run: export + "/" + newest.Name, Export: export, Held: len(runs), Reason: newest.HeldReason, Error: newest.Error}
	if published {
		held.Readers, held.ReadersAsOf = readers.Name, readers.AsOf
	}
	if stale.Stale() {
		held.Stale = stale.Why()
	}
	held.Suppressed, held.Sample = stale.Suppressed, stale.Sample
	if text := stale.SuppressedSince(); text != "" {
		held.Since = fmt.Sprintf("; %s (%s)", text, ui.Printable(strings.Join(stale.Sample, ", ")))
	}
	return held, true, err
}

// HeldAlert says what readers have because runs of an export are held, and why these are.
// only is whether the config has no other export, surge whether a surge waits for its
// verdict.
func HeldAlert(h view.HeldRun, now hygiene.Instant, only, surge bool) view.Alert {
	days := int64(now.Sub(h.ReadersAsOf) / hygiene.Day)
	list := "the list"
	if !only {
		list = "the list " + h.Export
	}
	a := view.Alert{Run: h.Run, Command: "winnow release " + h.Run + " --show", Title: "The CRM has not got the latest version of " + list + "."}
	switch {
	case h.Readers == "":
		a.Title = "The CRM has not got " + list + " yet."
	case days > 0:
		a.Grave = true
		a.Title = fmt.Sprintf("The CRM has been reading %s of %s for %s.", list, ui.Date(h.ReadersAsOf.Time(), now.Time()), ui.Count(days, "day"))
	}
	a.Why = ui.CountVerb(int64(h.Held), "run", "is", "are") + " held: " + h.Reason
	if h.Stale != "" {
		a.Command = "winnow export " + h.Export
		a.Why += ". What is held is out of date: " + h.Stale + ". Make a new run."
	} else {
		a.Why += h.Since + "."
	}
	if surge {
		a.Why += " A surge waits for a verdict and may be the reason: judge it first."
	}
	a.Actions = []view.Action{
		{Label: "Who would change", Path: "/runs/" + h.Run, Main: h.Stale == ""},
		{Label: "Make a new run", Path: "/runs/make", Post: true, Fields: []view.Field{{Name: "export", Value: h.Export}}, Main: h.Stale != ""},
	}
	return a
}

// HeldLine says in one line that runs of an export are held, and what to do.
func HeldLine(h view.HeldRun, now hygiene.Instant) string {
	if h.Stale != "" {
		return fmt.Sprintf("%s and out of date: winnow export %s makes a new one; %s%s", whatIsHeld(h), h.Export, h.Stale, readersHave(h, now))
	}
	return fmt.Sprintf("%s: winnow release %s publishes it, and with --show shows who comes and goes%s%s", whatIsHeld(h), h.Run, h.Since, readersHave(h, now))
}

func whatIsHeld(h view.HeldRun) string {
	if h.Held > 1 {
		return fmt.Sprintf("%d runs of %s are held, the latest is %s", h.Held, h.Export, h.Run)
	}
	return "run " + h.Run + " is held"
}

// readersHave says how old the list is that readers have; empty for less than a day.
func readersHave(h view.HeldRun, now hygiene.Instant) string {
	days := int64(now.Sub(h.ReadersAsOf) / hygiene.Day)
	if h.Readers == "" || days < 1 {
		return ""
	}
	return fmt.Sprintf("; readers have had the list of %s for %s", h.ReadersAsOf.Time().Format("2 January 2006"), ui.Count(days, "day"))
}
