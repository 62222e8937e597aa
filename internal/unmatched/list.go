package unmatched

import (
	"fmt"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// event is an unmatched event as JSON.
type event struct {
	Source string `json:"source"`
	view.Event
}

// Print lists unmatched events, at most so many, and says how many there are, why, and
// which way out fits. flag is that of the config, for command lines.
func Print(out *ui.Printer, a *app.App, most int, flag string) error {
	items, rows := []event{}, [][]string{{"MESSAGE", "SOURCE", "SEQ", "AT", "OUTCOME"}}
	err := a.Store.Unmatched(most, func(e hygiene.Event) error {
		items = append(items, event{e.Source, view.EventOf(&e)})
		rows = append(rows, []string{e.MessageID, e.Source, fmt.Sprint(e.Seq), e.At.String(), e.Outcome.String()})
		return nil
	})
	if err != nil {
		return err
	}
	if out.JSON {
		return out.PrintJSON(items)
	}
	t, err := a.Store.Totals()
	if err != nil {
		return err
	}
	if len(items) > 0 {
		ui.Table(out.Stdout, rows)
	}
	findings, err := Diagnose(a.Config, a.Store)
	if err != nil {
		return err
	}
	if t.Unmatched == 0 || len(findings) == 0 {
		_, err := fmt.Fprintf(out.Stdout, "%s unmatched: register their messages with winnow import messages FILE, and the next sweep applies the rules to them\n", ui.Count(t.Unmatched, "event"))
		return err
	}
	fmt.Fprintf(out.Stdout, "%s unmatched\n", ui.Count(t.Unmatched, "event"))
	for i := range findings {
		fmt.Fprintf(out.Stdout, "%s\n  %s\n", findings[i].Sentence(), findings[i].Advice(flag))
	}
	return nil
}
