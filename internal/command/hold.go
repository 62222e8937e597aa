package command

import (
	"fmt"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/explain"
	"winnow/internal/ui"
	"winnow/store"
)

// holdCommand places legal holds on contacts, ends them, or lists them.
type holdCommand struct {
	Contact string `arg:"" optional:"" help:"Key of the contact."`
	Note    string `placeholder:"TEXT" help:"Record why the contact is held, as in 'claim 2026-17'."`
	End     bool   `help:"Lift the hold."`
	List    bool   `help:"List all holds."`
}

// Help says what a hold does.
func (holdCommand) Help() string {
	return `While a contact is held, winnow forget refuses to forget it, and retention deletes nothing of it. A hold says nothing
about whether the contact may be texted. Of a contact that was merged it holds the whole, by whichever of its keys.`
}

// holdResult is what holding or ending did, as JSON.
type holdResult struct {
	Contact string       `json:"contact"`
	Held    bool         `json:"held"`
	Ended   []store.Hold `json:"ended,omitempty"`
}

// Run changes a hold, or lists them.
func (x holdCommand) Run(c *invocation) error {
	switch {
	case x.List && (x.Contact != "" || x.End || x.Note != ""):
		return ui.Usagef("--list lists all holds; it takes neither a contact nor --end nor --note")
	case x.List:
		return c.open(toRead, func(a *app.App) error { return x.list(c, a) })
	case x.Contact == "":
		return ui.Usagef("name the contact: winnow hold CONTACT --note TEXT; or winnow hold --list")
	case !x.End && x.Note == "":
		return ui.Usagef("say why with --note: people will ask what the hold is for")
	}
	return c.open(toRun, func(a *app.App) error { return x.change(c, a) })
}

func (x holdCommand) change(c *invocation, a *app.App) error {
	key, err := a.Store.Keys(a.Config.Keys).Named(x.Contact)
	if err != nil {
		return fmt.Errorf("%q: %w", x.Contact, err)
	}
	if x.End {
		return x.end(c, a, key)
	}
	known, err := a.Store.Hold(store.Hold{Contact: key, At: c.instant(), By: app.Operator(), Note: x.Note})
	if err != nil {
		return err
	}
	if !known {
		_, err := explain.Find(a, x.Contact, "")
		if err == nil {
			err = fmt.Errorf("%s is the phone number of a contact; hold the contact, by its key", ui.Printable(x.Contact))
		}
		return err
	}
	if c.JSON {
		return c.PrintJSON(holdResult{Contact: key, Held: true})
	}
	fmt.Fprintf(c.Stdout, "%s is held and can't be forgotten; winnow hold %s --end%s ends that\n", ui.Printable(key), ui.ShellQuote(key), app.ConfigFlag(c.config))
	return nil
}

func (x holdCommand) end(c *invocation, a *app.App, key string) error {
	ended, err := a.Store.EndHold(key)
	if err != nil {
		return err
	}
	if len(ended) == 0 {
		return fmt.Errorf("%s is not held; winnow hold --list lists the holds", ui.Printable(key))
	}
	if c.JSON {
		return c.PrintJSON(holdResult{Contact: key, Ended: ended})
	}
	for _, h := range ended {
		fmt.Fprintf(c.Stdout, "%s was held since %s by %s: %s\n", ui.Printable(h.Contact), h.At, ui.Printable(h.By), ui.Printable(h.Note))
	}
	fmt.Fprintf(c.Stdout, "%s is no longer held\n", ui.Printable(key))
	return nil
}

// list prints the holds, one a line.
func (x holdCommand) list(c *invocation, a *app.App) error {
	if c.JSON {
		list := []store.Hold{}
		err := a.Store.Holds(func(h store.Hold) error { list = append(list, h); return nil })
		if err != nil {
			return err
		}
		return c.PrintJSON(list)
	}
	n := int64(0)
	err := a.Store.Holds(func(h store.Hold) error {
		n++
		_, err := fmt.Fprintf(c.Stdout, "%s  since %s by %s: %s\n", ui.Printable(h.Contact), hygiene.Instant(h.At), ui.Printable(h.By), ui.Printable(h.Note))
		return err
	})
	if err == nil && n == 0 {
		fmt.Fprintln(c.Stdout, "no contact is held")
	}
	return err
}
