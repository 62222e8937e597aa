package command

import (
	"context"
	"fmt"

	"winnow/internal/app"
	"winnow/internal/impact"
	"winnow/internal/ui"
	"winnow/store"
)

// undoCommand lifts in bulk what rules made of a range of events, or takes an
// act by hand back.
type undoCommand struct {
	Rule   string `placeholder:"RULE" help:"Only what this rule makes of it."`
	Reason string `placeholder:"REASON" help:"Only this reason; without it, all but opted_out."`
	Since  string `placeholder:"TIME" help:"Of events from this time on, in RFC 3339; a date is its first instant, UTC."`
	Until  string `placeholder:"TIME" help:"Of events up to this time; the present when not said."`
	Code   string `placeholder:"CODE" help:"Only of events with this code."`
	Source string `placeholder:"SOURCE" help:"Only of events of this source."`
	Batch  int64  `placeholder:"N" help:"Take this act by hand back instead: undo, suppress, allow, breaker discard."`
	List   bool   `help:"List the acts by hand, the latest first."`
	Note   string `placeholder:"TEXT" help:"Why, for whoever asks later."`
	Apply  bool   `help:"Do it. Without it, only show."`
}

// Run shows what would be undone, or undoes it.
func (x undoCommand) Run(c *invocation) error {
	ranged := x.Rule+x.Reason+x.Since+x.Until+x.Code+x.Source != ""
	switch {
	case x.List && (ranged || x.Batch != 0 || x.Apply), x.Batch != 0 && ranged:
		return ui.Usagef("undo takes back a range of events (--since …), or a batch (--batch N), or lists batches (--list): one of them")
	case x.List:
		return c.open(toRead, c.listBatches)
	case x.Batch != 0:
		return c.undo(func(ctx context.Context, ops *app.Operations) (*impact.UndoResult, error) {
			return impact.UndoBatch(ctx, c.Printer, ops, x.Batch, x.Note, x.Apply, c.present())
		})
	case x.Since == "":
		return ui.Usagef("undo needs --since, the time from which events no longer count: winnow undo --since 2026-11-23T02:00:00Z --until 2026-11-23T03:00:00Z shows what it would lift")
	}
	r := impact.UndoRange{Rule: x.Rule, Reason: x.Reason, Since: x.Since, Until: x.Until, Code: x.Code, Source: x.Source, Note: x.Note}
	if err := r.Parse(c.present()); err != nil {
		return &ui.UsageError{Err: err}
	}
	return c.undo(func(ctx context.Context, ops *app.Operations) (*impact.UndoResult, error) {
		return impact.UndoEvents(ctx, c.Printer, ops, &r, x.Apply, c.present())
	})
}

// undo runs do, and shows what it did.
func (c *invocation) undo(do func(context.Context, *app.Operations) (*impact.UndoResult, error)) error {
	return c.open(toRead, func(a *app.App) error {
		ops, done := c.operations(a, "contact")
		u, err := do(c.ctx, ops)
		done()
		if err != nil {
			return err
		}
		return u.Print(c.Printer, c.config)
	})
}

// How many batches are listed on a screen, and as JSON.
const (
	batchesShown  = 20
	batchesListed = 10_000
)

// listBatches lists the acts by hand.
func (c *invocation) listBatches(a *app.App) error {
	if c.JSON {
		list, err := a.Store.Batches(batchesListed)
		if err != nil {
			return err
		}
		return c.PrintJSON(append([]store.Batch{}, list...))
	}
	list, err := a.Store.Batches(batchesShown + 1)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintln(c.Stdout, "Nothing was done by hand yet.")
		return nil
	}
	rows := [][]string{{"BATCH", "AT", "BY", "KIND", "CONTACTS", "CHANGES", "ABOUT", ""}}
	for _, b := range list[:min(len(list), batchesShown)] {
		state := ""
		switch {
		case b.UndoneBy != 0:
			state = fmt.Sprintf("undone by %d", b.UndoneBy)
		case !b.Done:
			state = "under way, or cut short"
		}
		rows = append(rows, []string{fmt.Sprint(b.ID), b.At.String(), b.By, string(b.Kind), ui.Number(b.Contacts), ui.Number(b.Changes), b.About, state})
	}
	ui.Table(c.Stdout, rows)
	if len(list) > batchesShown {
		fmt.Fprintf(c.Stdout, "… and older ones; --json lists the latest %s\n", ui.Number(batchesListed))
	}
	return nil
}
