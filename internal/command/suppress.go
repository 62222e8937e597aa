package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/instant"
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
	New          bool   `help:"Suppress contacts that are not known as written, although their keys are nearly those of known ones."`
	Reason       string `required:"" placeholder:"REASON" help:"Suppress for this reason, like opted_out or complaint."`
	Until        string `placeholder:"TIME" help:"Suppress until this time, in RFC 3339, or date (default: permanently)."`
}

// Run suppresses them.
func (x suppressCommand) Run(c *invocation) error {
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: x.Reason, Note: x.Note}
	if x.Until != "" {
		until, err := instant.ParseTime(x.Until)
		if err != nil {
			return ui.Usagef("--until: %w", err)
		}
		in.Until = until
	}
	return c.changeManually(x.Contacts, in, x.New, "suppressed")
}

// allowCommand lifts suppressions manually.
type allowCommand struct {
	manualChange `embed:""`
	Reason       string `placeholder:"REASON" help:"Lift only this reason (default: all but protected ones like opted_out, which must be named)."`
}

// Run lifts them.
func (x allowCommand) Run(c *invocation) error {
	return c.changeManually(x.Contacts, hygiene.Instruction{Kind: hygiene.Allow, Reason: x.Reason, Note: x.Note}, true, "allowed")
}

// manualResult is what suppress and allow print as JSON.
type manualResult struct {
	Batch    int64    `json:"batch,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Contacts int      `json:"contacts"`
	Changes  int64    `json:"changes"`
	Unknown  []string `json:"unknown"`
	nearly   []string // of those, what they nearly are
	// Of an allow, what the contacts stay suppressed for.
	Remaining []app.Remaining `json:"still_suppressed,omitempty"`
}

// changeManually suppresses or allows contacts, and prints the result. It changes
// nothing if one of the keys is invalid, or nearly known unless asNew.
func (c *invocation) changeManually(contacts []string, in hygiene.Instruction, asNew bool, verb string) error {
	return c.open(toRecord, func(a *app.App) error {
		in.Reason = c.readReason(a.Config, in.Reason)
		if err := app.CheckInstruction(in, c.instant()); err != nil {
			return &ui.UsageError{Err: err}
		}
		var keys []string
		var errs []error
		for _, given := range contacts {
			key, err := a.Store.Keys(a.Config.Keys).Named(given)
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
		if !asNew {
			if err := ops.CheckNearlyKnown(keys); err != nil {
				return errors.Join(err, errors.New("nothing was changed; --new suppresses unknown contacts as written"))
			}
		}
		changed, err := ops.Instruct(keys, in, c.instant())
		if err != nil {
			return err
		}
		r := manualResult{Batch: changed.Batch, Reason: in.Reason, Contacts: len(keys) - len(changed.Unknown), Changes: changed.Changes, Unknown: append([]string{}, changed.Unknown...)}
		if in.Kind == hygiene.Allow {
			if r.Remaining, err = ops.RemainingReasons(keys, c.config, c.instant()); err != nil {
				return err
			}
		}
		err = a.Store.FindNearlyKnown(r.Unknown, a.Config.Keys, func(i int, near []string) {
			r.nearly = append(r.nearly, fmt.Sprintf("%q is nearly %s", r.Unknown[i], ui.JoinFirst(near, 5)))
		})
		return errors.Join(err, c.printManual(&r, verb), r.failure())
	})
}

// printManual prints what was done, and what stays suppressed.
func (c *invocation) printManual(r *manualResult, verb string) error {
	if c.JSON {
		return c.PrintJSON(r)
	}
	fmt.Fprintf(c.Stdout, "%s %s: %s in the ledger\n", verb, ui.Count(int64(r.Contacts), "contact"), ui.Count(r.Changes, "change"))
	for _, left := range r.Remaining {
		fmt.Fprintln(c.Stdout, left)
	}
	return app.PrintUndoCommand(c.Stdout, r.Batch, c.config)
}

// failure is what the command was to do and did not; nil for nothing.
func (r *manualResult) failure() error {
	if len(r.Unknown) > 0 {
		return fmt.Errorf("unknown contacts: %s", strings.Join(append([]string{strings.Join(r.Unknown, ", ")}, r.nearly...), "; "))
	}
	if app.AnyMustBeNamed(r.Remaining) {
		return ui.ErrReported
	}
	return nil
}
