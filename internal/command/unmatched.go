package command

import (
	"fmt"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/explain"
	"winnow/internal/ui"
)

// unmatchedCommand lists events whose contact is not known.
type unmatchedCommand struct {
	Limit int `short:"n" default:"100" help:"List at most this many events, in order of message ids (default: 100)."`
}

// Run lists the events, and says how to match them.
func (x unmatchedCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		items, rows := []view.Event{}, [][]string{{"MESSAGE", "SEQ", "AT", "OUTCOME"}}
		err := a.Store.Unmatched(x.Limit, func(e hygiene.Event) error {
			items = append(items, explain.EventOf(&e))
			rows = append(rows, []string{e.MessageID, fmt.Sprint(e.Seq), e.At.String(), e.Outcome.String()})
			return nil
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(items)
		}
		t, err := a.Store.Totals()
		if err != nil {
			return err
		}
		if len(items) > 0 {
			ui.Table(c.Stdout, rows)
		}
		fmt.Fprintf(c.Stdout, "%s unmatched: register their messages with winnow import messages FILE, and the next sweep applies the rules to them\n", ui.Count(t.Unmatched, "event"))
		return nil
	})
}
