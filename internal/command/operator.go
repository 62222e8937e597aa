package command

import (
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strings"

	"winnow/hygiene"
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
func (x suppressCommand) Run(c *call) error {
	in := hygiene.Instruction{Kind: hygiene.Suppress, Hand: hygiene.ByOperator, Reason: x.Reason, Note: x.Note}
	if x.Until != "" {
		until, err := hygiene.ParseDate(x.Until)
		if err != nil {
			return &usageError{fmt.Errorf("--until: %w", err)}
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
func (x allowCommand) Run(c *call) error {
	return c.instruct(x.Contacts, hygiene.Instruction{Kind: hygiene.Allow, Reason: x.Reason, Note: x.Note}, "allowed")
}

// instruct tells contacts something by hand.
func (c *call) instruct(contacts []string, in hygiene.Instruction, done string) error {
	if err := checkInstruction(in, c.present()); err != nil {
		return &usageError{err}
	}
	return c.with(store.Open, func(h *house) error {
		var keys []string
		var errs []error
		for _, given := range contacts {
			key, err := h.config.Keys.Normalize(given)
			keys, errs = append(keys, key), append(errs, err)
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		slices.Sort(keys)
		keys = slices.Compact(keys)
		in.By = operator()
		a, _ := c.act(h, "event")
		changes, unknown, err := a.instruct(keys, in, c.present())
		if err != nil {
			return err
		}
		told := len(keys) - len(unknown)
		if c.json {
			err = c.printJSON(map[string]any{"contacts": told, "changes": changes, "unknown": unknown})
		} else {
			fmt.Fprintf(c.Stdout, "%s %s: %s in the ledger\n", done, plural(int64(told), "contact"), plural(changes, "change"))
		}
		if len(unknown) > 0 {
			err = errors.Join(err, fmt.Errorf("not known: %s", strings.Join(unknown, ", ")))
		}
		return err
	})
}

// operator is the operating system's user.
func operator() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return u.Username
}
