package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// manualChange are the arguments of a manual change to contacts.
type manualChange struct {
	Contacts []string `arg:"" name:"contact" help:"Keys of the contacts."`
	Note     string   `placeholder:"TEXT" help:"Record this note with the change."`
}

// suppressCommand suppresses contacts manually.
type suppressCommand struct {
	manualChange `embed:""`
	Reason       string `required:"" placeholder:"REASON" help:"Suppress for this reason, like opted_out or complaint."`
	Until        string `placeholder:"TIME" help:"Suppress until this time, in RFC 3339, or date (default: permanently)."`
}

// Run suppresses them.
func (x suppressCommand) Run(c *invocation) error {
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: x.Reason, Note: x.Note}
	if x.Until != "" {
		until, err := hygiene.ParseTime(x.Until)
		if err != nil {
			return ui.Usagef("--until: %w", err)
		}
		in.Until = until
	}
	return c.changeManually(x.Contacts, in, "suppressed")
}

// allowCommand lifts suppressions manually.
type allowCommand struct {
	manualChange `embed:""`
	Reason       string `placeholder:"REASON" help:"Lift only this reason (default: all but opted_out, which must be named)."`
}

// Run lifts them.
func (x allowCommand) Run(c *invocation) error {
	return c.changeManually(x.Contacts, hygiene.Instruction{Kind: hygiene.Allow, Reason: x.Reason, Note: x.Note}, "allowed")
}

// manualResult is what suppress and allow print as JSON.
type manualResult struct {
	Batch    int64    `json:"batch,omitempty"`
	Contacts int      `json:"contacts"`
	Changes  int64    `json:"changes"`
	Unknown  []string `json:"unknown"`
}

// changeManually suppresses or allows contacts, and prints the result. It changes
// nothing if one of the keys is invalid.
func (c *invocation) changeManually(contacts []string, in hygiene.Instruction, verb string) error {
	if err := app.CheckInstruction(in, c.instant()); err != nil {
		return &ui.UsageError{Err: err}
	}
	return c.open(toRecord, func(a *app.App) error {
		var keys []string
		var errs []error
		for _, given := range contacts {
			key, err := a.Config.Keys.Normalize(given)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", ui.ShellQuote(given), err))
			}
			keys = append(keys, key)
		}
		if errs != nil {
			return errors.Join(append(errs, errors.New("nothing was changed"))...)
		}
		slices.Sort(keys)
		keys = slices.Compact(keys)
		in.By = app.Operator()
		ops, _ := c.operations(a, "event")
		changed, err := ops.Instruct(keys, in, c.instant())
		if err != nil {
			return err
		}
		r := manualResult{changed.Batch, len(keys) - len(changed.Unknown), changed.Changes, append([]string{}, changed.Unknown...)}
		if c.JSON {
			err = c.PrintJSON(r)
		} else {
			fmt.Fprintf(c.Stdout, "%s %s: %s in the ledger\n", verb, ui.Count(int64(r.Contacts), "contact"), ui.Count(r.Changes, "change"))
			err = app.PrintUndoCommand(c.Stdout, r.Batch, c.config)
		}
		if len(r.Unknown) > 0 {
			err = errors.Join(err, fmt.Errorf("unknown contacts: %s", strings.Join(r.Unknown, ", ")))
		}
		return err
	})
}
