package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// byHand is what an operator may say of an act.
type byHand struct {
	Contacts []string `arg:"" name:"contact" help:"The contacts' keys."`
	Note     string   `placeholder:"TEXT" help:"Why, for whoever asks later."`
}

// suppressCommand suppresses contacts by hand.
type suppressCommand struct {
	byHand `embed:""`
	Reason string `required:"" placeholder:"REASON" help:"The reason, like opted_out or complaint."`
	Until  string `placeholder:"TIME" help:"When it is over, in RFC 3339; for good when not said."`
}

// Run suppresses them.
func (x suppressCommand) Run(c *invocation) error {
	in := hygiene.Instruction{Kind: hygiene.Suppress, Hand: hygiene.ByOperator, Reason: x.Reason, Note: x.Note}
	if x.Until != "" {
		until, err := hygiene.ParseDate(x.Until)
		if err != nil {
			return ui.Usagef("--until: %w", err)
		}
		in.Until = until
	}
	return c.instruct(x.Contacts, in, "suppressed")
}

// allowCommand lifts contacts' suppressions by hand.
type allowCommand struct {
	byHand `embed:""`
	Reason string `placeholder:"REASON" help:"Only this reason; opted_out is lifted only when it is named."`
}

// Run lifts them.
func (x allowCommand) Run(c *invocation) error {
	return c.instruct(x.Contacts, hygiene.Instruction{Kind: hygiene.Allow, Reason: x.Reason, Note: x.Note}, "allowed")
}

// instruct tells contacts something by hand.
func (c *invocation) instruct(contacts []string, in hygiene.Instruction, done string) error {
	if err := app.CheckInstruction(in, c.present()); err != nil {
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
		did, err := ops.Instruct(keys, in, c.present())
		if err != nil {
			return err
		}
		err = c.showTold(len(keys)-len(did.Unknown), did, done)
		if len(did.Unknown) > 0 {
			err = errors.Join(err, fmt.Errorf("not known: %s", strings.Join(did.Unknown, ", ")))
		}
		return err
	})
}

// told is what suppress and allow print as JSON.
type told struct {
	Batch    int64    `json:"batch,omitempty"`
	Contacts int      `json:"contacts"`
	Changes  int64    `json:"changes"`
	Unknown  []string `json:"unknown"`
}

func (c *invocation) showTold(contacts int, did store.Instructed, done string) error {
	if c.JSON {
		return c.PrintJSON(told{did.Batch, contacts, did.Changes, append([]string{}, did.Unknown...)})
	}
	_, err := fmt.Fprintf(c.Stdout, "%s %s: %s in the ledger\n", done, ui.Count(int64(contacts), "contact"), ui.Count(did.Changes, "change"))
	return errors.Join(err, app.PrintBatch(c.Stdout, did.Batch, c.config))
}
