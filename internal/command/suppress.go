package command

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// manualChange are the arguments of a manual change to contacts and phone numbers.
type manualChange struct {
	Contacts []string `arg:"" name:"contact" help:"Keys of contacts, or phone numbers with their country code."`
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
	Numbers  int      `json:"numbers,omitempty"`
	Changes  int64    `json:"changes"`
	Unknown  []string `json:"unknown"`
	nearly   []string // of those, what they nearly are
	// Of an allow, what the contacts and numbers stay suppressed for.
	Remaining []app.Remaining `json:"still_suppressed,omitempty"`
}

// changeManually suppresses or allows contacts and numbers, and prints the result. It
// changes nothing if one of the keys is invalid, or nearly known unless asNew.
func (c *invocation) changeManually(contacts []string, in hygiene.Instruction, asNew bool, verb string) error {
	return c.open(toRecord, func(a *app.App) error {
		in.Reason = c.readReason(a.Config, in.Reason)
		if err := app.CheckInstruction(in, c.instant()); err != nil {
			return &ui.UsageError{Err: err}
		}
		in.By = app.Operator()
		ops, _ := c.operations(a, "event")
		of, err := named(ops, contacts)
		if err != nil {
			return errors.Join(err, errors.New("nothing was changed"))
		}
		if !asNew {
			if err := cmp.Or(ops.CheckNumbers(of.Keys), ops.CheckNearlyKnown(of.Keys)); err != nil {
				return errors.Join(err, errors.New("nothing was changed; --new suppresses unknown contacts as written"))
			}
		}
		changed, err := ops.Instruct(of, in, c.instant())
		if err != nil {
			return err
		}
		r := manualResult{Batch: changed.Batch, Reason: in.Reason, Contacts: len(of.Keys) - len(changed.Unknown.Keys), Numbers: len(of.Phones) - len(changed.Unknown.Phones),
			Changes: changed.Changes, Unknown: append(append([]string{}, changed.Unknown.Keys...), changed.Unknown.Phones...)}
		if in.Kind == hygiene.Allow {
			if r.Remaining, err = ops.RemainingReasons(of, c.config, c.instant()); err != nil {
				return err
			}
		}
		err = a.Store.FindNearlyKnown(r.Unknown, a.Config.Keys, func(i int, near []string) {
			r.nearly = append(r.nearly, fmt.Sprintf("%q is nearly %s", r.Unknown[i], ui.JoinFirst(near, 5)))
		})
		return errors.Join(err, c.printManual(&r, verb), r.failure())
	})
}

// named returns what the texts name, each once.
func named(ops *app.Operations, texts []string) (of store.Subjects, err error) {
	for _, text := range texts {
		one, oneErr := ops.Name(text)
		if oneErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", ui.ShellQuote(text), oneErr))
		}
		of.Keys, of.Phones = append(of.Keys, one.Keys...), append(of.Phones, one.Phones...)
	}
	slices.Sort(of.Keys)
	slices.Sort(of.Phones)
	return store.Subjects{Keys: slices.Compact(of.Keys), Phones: slices.Compact(of.Phones)}, err
}

// printManual prints what was done, and what stays suppressed.
func (c *invocation) printManual(r *manualResult, verb string) error {
	if c.JSON {
		return c.PrintJSON(r)
	}
	fmt.Fprintf(c.Stdout, "%s %s: %s in the ledger\n", verb, r.subjects(), ui.Count(r.Changes, "change"))
	for _, left := range r.Remaining {
		fmt.Fprintln(c.Stdout, left)
	}
	return app.PrintUndoCommand(c.Stdout, r.Batch, c.config)
}

// subjects counts the contacts and numbers.
func (r *manualResult) subjects() string {
	contacts, numbers := ui.Count(int64(r.Contacts), "contact"), ui.Count(int64(r.Numbers), "phone number")
	switch {
	case r.Numbers == 0:
		return contacts
	case r.Contacts == 0:
		return numbers
	}
	return contacts + " and " + numbers
}

// failure is what the command was to do and did not; nil for nothing.
func (r *manualResult) failure() error {
	if len(r.Unknown) > 0 {
		return fmt.Errorf("unknown contacts: %s", strings.Join(append([]string{strings.Join(r.Unknown, ", ")}, r.nearly...), "; "))
	}
	if app.IsRefusal(r.Remaining) {
		return ui.ErrReported
	}
	return nil
}
