package command

import (
	"errors"
	"fmt"

	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/erasure"
)

// forgetCommand forgets contacts.
type forgetCommand struct {
	Contacts []string `arg:"" name:"contact" help:"Keys of contacts, or phone numbers with their country code."`
	DryRun   bool     `help:"Show what would be erased, and change nothing."`
	Exports  bool     `help:"Erase rows from the files of kept runs too (default: name those runs)."`
}

// Help says what stays.
func (forgetCommand) Help() string {
	return `Nothing that names the contact stays in the store, its log, its lists or deleted pages. Keyed hashes stay, so that a
contact that opted out or bounced stays suppressed when it is imported again. What lies on a phone number that others
have stays too.

All contacts are forgotten, or none: an unknown one, or one with a legal hold, changes nothing. It can't be undone.`
}

// Run forgets them.
func (x forgetCommand) Run(c *invocation) error {
	o := writing(toRead)
	if x.DryRun {
		o = toRead
	}
	return c.open(o, func(a *app.App) error {
		ops, done := c.operations(a, "event")
		var of store.Subjects
		var errs []error
		for _, text := range x.Contacts {
			one, err := ops.NameToForget(text)
			errs = append(errs, inContact(text, err))
			of.Keys, of.Phones = append(of.Keys, one.Keys...), append(of.Phones, one.Phones...)
		}
		if err := errors.Join(errs...); err != nil {
			return errors.Join(err, errors.New("nothing was changed"))
		}
		var did erasure.Counts
		var err error
		if x.DryRun {
			did, err = ops.PreviewForgetting(c.ctx, of, c.instant())
		} else {
			did, err = ops.Forget(c.ctx, of, x.Exports, c.instant())
		}
		done()
		if errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrHeld) {
			return errors.Join(err, errors.New("nothing was changed"))
		}
		if err != nil && !errors.Is(err, erasure.ErrReader) && !errors.Is(err, erasure.ErrFiles) {
			return err
		}
		for _, r := range a.Config.Receivers {
			did.Receivers = append(did.Receivers, r.URL)
		}
		return errors.Join(x.print(c, &did), err)
	})
}

// print prints what was erased, or would be.
func (x forgetCommand) print(c *invocation, did *erasure.Counts) error {
	if c.JSON {
		return c.PrintJSON(did)
	}
	verb := "erased:"
	if x.DryRun {
		verb = "would be erased:"
	}
	fmt.Fprintln(c.Stdout, verb)
	for _, p := range did.Places() {
		if p.N > 0 {
			fmt.Fprintf(c.Stdout, "  %8s  %s\n", ui.Number(p.N), p.Name)
		}
	}
	for _, run := range did.Left {
		fmt.Fprintf(c.Stdout, "%s still has a row; --exports erases it\n", run)
	}
	for _, remote := range did.Remotes {
		fmt.Fprintf(c.Stdout, "%s may have copies of files with a row, which winnow does not change\n", remote)
	}
	for _, receiver := range did.Receivers {
		fmt.Fprintf(c.Stdout, "%s may have callbacks about the contact, until its retention.events deletes them (7 days after their receipt by default); they have no effect here\n", receiver)
	}
	return nil
}
