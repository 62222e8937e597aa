package command

import (
	"errors"
	"fmt"
	"slices"

	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/imports"
	"winnow/internal/ui"
	"winnow/store"
)

// listCommand keeps static lists.
type listCommand struct {
	All    listAllCommand    `cmd:"" default:"1" help:"Count who is on each list."`
	Add    listAddCommand    `cmd:"" help:"Put contacts on a list."`
	Remove listRemoveCommand `cmd:"" help:"Take contacts off a list."`
	Show   listShowCommand   `cmd:"" help:"Print who is on a list, one key a line."`
}

// listAllCommand counts who is on each list.
type listAllCommand struct{}

// Run counts them.
func (listAllCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		lists, err := a.Store.Lists()
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(append([]store.ListSize{}, lists...))
		}
		if len(lists) == 0 {
			_, err := fmt.Fprintln(c.Stdout, "there is no list yet: winnow list add NAME FILE makes one")
			return err
		}
		rows := [][]string{{"LIST", "CONTACTS", ""}}
		used := app.ListsUsed(a.Config.Segments)
		for _, l := range lists {
			note := ""
			if !slices.Contains(used, l.Name) {
				note = "no segment asks for it"
			}
			rows = append(rows, []string{l.Name, ui.Number(l.Contacts), note})
		}
		for _, l := range lists {
			used = slices.DeleteFunc(used, func(name string) bool { return name == l.Name })
		}
		for _, name := range used {
			rows = append(rows, []string{name, "0", "a segment asks for it, and nobody is on it"})
		}
		ui.Table(c.Stdout, rows)
		return nil
	})
}

// listAddCommand puts contacts on a list.
type listAddCommand struct {
	Name        string `arg:"" help:"The list."`
	contactFile `embed:""`
}

// listRemoveCommand takes contacts off a list.
type listRemoveCommand struct {
	Name        string `arg:"" help:"The list."`
	contactFile `embed:""`
}

// Run adds them.
func (x listAddCommand) Run(c *invocation) error {
	if !app.IsName(x.Name) {
		return ui.Usagef("%q is no name of a list: write it like staff, with small letters, digits, _ and -", x.Name)
	}
	o, err := x.options(c)
	if err != nil {
		return err
	}
	return c.open(toRun, func(a *app.App) error {
		if used := app.ListsUsed(a.Config.Segments); !slices.Contains(used, x.Name) {
			fmt.Fprintf(c.Stderr, "winnow: no segment of %s asks for the list %q; %s\n", c.config, x.Name, config.Suggest(x.Name, used))
		}
		return imports.ChangeList(c.ctx, c.Printer, a, x.Name, true, o)
	})
}

// Run takes them off.
func (x listRemoveCommand) Run(c *invocation) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	return c.open(toJudge, func(a *app.App) error {
		if err := listExists(a, x.Name); err != nil {
			return err
		}
		return imports.ChangeList(c.ctx, c.Printer, a, x.Name, false, o)
	})
}

// listExists is an error when nobody is on the list and no segment asks for it.
func listExists(a *app.App, name string) error {
	names, err := a.Store.ListNames()
	names = append(names, app.ListsUsed(a.Config.Segments)...)
	if err != nil || slices.Contains(names, name) {
		return err
	}
	return fmt.Errorf("there is no list %q; %s", name, config.Suggest(name, names))
}

// listShowCommand prints who is on a list.
type listShowCommand struct {
	Name string `arg:"" help:"The list."`
}

// Run prints them as they are read: a list may be longer than the memory.
func (x listShowCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		if err := listExists(a, x.Name); err != nil {
			return err
		}
		out := c.Stream()
		err := a.Store.OnList(c.ctx, x.Name, func(key string) error {
			if c.JSON {
				return out.Value(key)
			}
			return out.Line(key)
		})
		return errors.Join(err, out.End())
	})
}
