package command

import (
	"slices"

	"winnow/internal/app"
	"winnow/internal/imports"
	"winnow/internal/staticlist"
	"winnow/internal/suggest"
	"winnow/internal/ui"
)

// listCommand manages static lists.
type listCommand struct {
	All    listAllCommand    `cmd:"" default:"1" help:"Count the contacts on each list."`
	Add    listAddCommand    `cmd:"" help:"Add contacts to a list."`
	Remove listRemoveCommand `cmd:"" help:"Remove contacts from a list."`
	Show   listShowCommand   `cmd:"" help:"Print the contacts on a list, one key per line; with --json exactly, also where a key has control characters."`
}

// listAllCommand counts the contacts on each list.
type listAllCommand struct{}

// Run prints the lists of the store, and those that only segments name.
func (listAllCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error { return staticlist.All(c.Printer, a) })
}

// listAddCommand adds contacts to a list.
type listAddCommand struct {
	Name        string `arg:"" help:"Name of the list."`
	contactFile `embed:""`
	doubtFlags  `embed:""`
}

// Help says which contacts are held back.
func (listAddCommand) Help() string {
	return `Contacts that winnow does not know are created. If at least a tenth of the keys is nearly known, that is but for case,
invisible characters, blanks or leading zeros, or if more than half is new, only contacts that winnow knows are added,
and the others are held back until --nearest or --new says what is meant.`
}

// Run adds the contacts, and warns if no segment uses the list.
func (x listAddCommand) Run(c *invocation) error {
	if !app.IsName(x.Name) {
		return ui.Usagef("%q is not a valid list name: use lower-case letters, digits, _ and -, as in staff", x.Name)
	}
	o, err := x.options(c)
	if err != nil {
		return err
	}
	x.doubtFlags.addTo(&o)
	return c.open(toRun, func(a *app.App) error {
		if used := app.ListsUsed(a.Config.Segments); !slices.Contains(used, x.Name) {
			c.Warn("no segment of %s uses the list %q; %s", c.config, x.Name, suggest.Hint(x.Name, used))
		}
		return imports.ChangeList(c.ctx, c.Printer, a, x.Name, true, o)
	})
}

// listRemoveCommand removes contacts from a list.
type listRemoveCommand struct {
	Name        string `arg:"" help:"Name of the list."`
	contactFile `embed:""`
}

// Run removes the contacts.
func (x listRemoveCommand) Run(c *invocation) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	return c.open(writing(toJudge), func(a *app.App) error {
		if err := staticlist.Check(a, x.Name); err != nil {
			return err
		}
		return imports.ChangeList(c.ctx, c.Printer, a, x.Name, false, o)
	})
}

// listShowCommand prints the contacts on a list.
type listShowCommand struct {
	Name string `arg:"" help:"Name of the list."`
}

// Run prints the keys.
func (x listShowCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error { return staticlist.Show(c.ctx, c.Printer, a, x.Name) })
}
