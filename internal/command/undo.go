package command

import (
	"context"
	"fmt"
	"strings"

	"winnow/internal/app"
	"winnow/internal/impact"
	"winnow/internal/ui"
	"winnow/store"
)

// undoCommand undoes suppressions from a time range, or reverts a manual change.
type undoCommand struct {
	Rule         string   `placeholder:"RULE" help:"Undo only what this rule did."`
	Reason       []string `placeholder:"REASON" help:"Undo only this reason (default: all but protected ones like opted_out, which must be named, with --batch each)."`
	Since        string   `placeholder:"TIME" help:"Undo what events from this time on led to: RFC 3339, or a date, which is its first instant in UTC."`
	Until        string   `placeholder:"TIME" help:"Undo what events up to this time led to (default: now)."`
	Code         string   `placeholder:"CODE" help:"Select only events with this code."`
	Source       string   `placeholder:"SOURCE" help:"Select only events of this source."`
	Unregistered bool     `help:"Select only events whose message the send log does not have, such as forged ones. Import the send log first."`
	Batch        int64    `placeholder:"N" help:"Revert this batch instead: an undo, suppress, allow, merge, import of suppressions or breaker discard."`
	List         bool     `help:"List the batches, the latest first."`
	Note         string   `placeholder:"TEXT" help:"Record this note with the change."`
	Apply        bool     `help:"Apply the changes (default: preview only)."`
}

// Run previews or applies the changes, or lists batches.
func (x undoCommand) Run(c *invocation) error {
	hasRange := x.Rule+x.Since+x.Until+x.Code+x.Source != "" || x.Unregistered
	switch {
	case x.List && (hasRange || x.Reason != nil || x.Batch != 0 || x.Apply), x.Batch != 0 && hasRange:
		return ui.Usagef("use one of --since (undo a time range), --batch N (revert a batch) and --list (list batches)")
	case x.List:
		return c.open(toRead, c.listBatches)
	case x.Batch != 0:
		return c.undo(x.Apply, func(ctx context.Context, ops *app.Operations) (*impact.UndoResult, error) {
			for i, word := range x.Reason {
				x.Reason[i] = c.readReason(ops.Config, word)
			}
			return impact.UndoBatch(ctx, c.Printer, ops, impact.BatchUndo{Batch: x.Batch, Named: x.Reason, By: app.Operator(), Note: x.Note, Apply: x.Apply}, c.instant())
		})
	case len(x.Reason) > 1:
		return ui.Usagef("a time range is undone for one reason, or for all that are not protected; several are for --batch")
	case x.Since == "":
		return ui.Usagef("undo needs --since, the start of the time range: winnow undo --since 2026-11-23T02:00:00Z --until 2026-11-23T03:00:00Z shows what it would lift")
	}
	r := impact.UndoRange{Rule: x.Rule, Reason: strings.Join(x.Reason, ""), Since: x.Since, Until: x.Until, Code: x.Code, Source: x.Source, Note: x.Note, Unregistered: x.Unregistered}
	if err := r.Parse(c.instant()); err != nil {
		return &ui.UsageError{Err: err}
	}
	return c.undo(x.Apply, func(ctx context.Context, ops *app.Operations) (*impact.UndoResult, error) {
		r.Reason = c.readReason(ops.Config, r.Reason)
		return impact.UndoEvents(ctx, c.Printer, ops, &r, x.Apply, c.instant())
	})
}

// undo runs do, and prints the result.
func (c *invocation) undo(apply bool, do func(context.Context, *app.Operations) (*impact.UndoResult, error)) error {
	return c.open(applying(toRead, apply), func(a *app.App) error {
		ops, done := c.operations(a, "contact")
		u, err := do(c.ctx, ops)
		done()
		if err != nil {
			return err
		}
		return u.Print(c.Printer, c.config)
	})
}

// How many batches are listed: for people, and as JSON.
const (
	maxListedBatches = 20
	maxJSONBatches   = 10_000
)

// listBatches lists the batches, the latest first.
func (c *invocation) listBatches(a *app.App) error {
	if c.JSON {
		batches, err := a.Store.Batches(store.BatchFilter{}, maxJSONBatches)
		if err != nil {
			return err
		}
		return c.PrintJSON(append([]store.Batch{}, batches...))
	}
	batches, err := a.Store.Batches(store.BatchFilter{}, maxListedBatches+1)
	if err != nil {
		return err
	}
	if len(batches) == 0 {
		fmt.Fprintln(c.Stdout, "there are no batches yet: nothing was changed manually")
		return nil
	}
	rows := [][]string{{"BATCH", "AT", "BY", "KIND", "CONTACTS", "CHANGES", "ABOUT", ""}}
	for _, b := range batches[:min(len(batches), maxListedBatches)] {
		state := ""
		switch {
		case b.UndoneBy != 0:
			state = fmt.Sprintf("undone by %d", b.UndoneBy)
		case !b.Done:
			state = "running, or interrupted"
		}
		rows = append(rows, []string{fmt.Sprint(b.ID), b.At.String(), b.By, string(b.Kind), ui.Number(b.Contacts), ui.Number(b.Changes), b.About, state})
	}
	ui.Table(c.Stdout, rows)
	if len(batches) > maxListedBatches {
		fmt.Fprintf(c.Stdout, "… and older ones: --json lists the latest %s\n", ui.Number(maxJSONBatches))
	}
	return nil
}
