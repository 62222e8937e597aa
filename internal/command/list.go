package command

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"winnow/internal/app"
	"winnow/internal/config"
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
func (listAllCommand) Run(c *call) error {
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
func (x listAddCommand) Run(c *call) error {
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
		return changeList(c.ctx, c.Printer, a, x.Name, true, o)
	})
}

// Run takes them off.
func (x listRemoveCommand) Run(c *call) error {
	o, err := x.options(c)
	if err != nil {
		return err
	}
	return c.open(toJudge, func(a *app.App) error {
		if err := listExists(a, x.Name); err != nil {
			return err
		}
		return changeList(c.ctx, c.Printer, a, x.Name, false, o)
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

// listTaker puts contacts on a list, or takes them off it.
type listTaker struct {
	name    string
	write   func(list string, keys []string) (store.Listed, error)
	waiting []string
	did     store.Listed
}

// listed is what that prints as JSON.
type listed struct {
	List      string `json:"list"`
	Changed   int64  `json:"changed"`
	Unchanged int64  `json:"unchanged"`
	New       int64  `json:"new_contacts"`
	Rejected  int64  `json:"rejected"`
}

// changeList puts the contacts of a file on a list, or takes them off it.
func changeList(ctx context.Context, out *ui.Printer, a *app.App, name string, add bool, o options) error {
	t := &listTaker{name: name, write: a.Store.RemoveFromList}
	if add {
		t.write = a.Store.AddToList
	}
	l, err := readContacts(ctx, out, a.Config.Keys, o, t)
	if err != nil {
		return err
	}
	if out.JSON {
		return errors.Join(out.PrintJSON(listed{t.name, t.did.Changed, t.did.Unchanged, t.did.New, l.Lines}), l.err(o.File))
	}
	changed, unchanged := ui.Count(t.did.Changed, "contact"), ui.Number(t.did.Unchanged)
	if add {
		fmt.Fprintf(out.Stdout, "%s added to %s, %s on it before; %s new to winnow\n", changed, t.name, unchanged, ui.CountVerb(t.did.New, "contact", "is", "are"))
	} else {
		fmt.Fprintf(out.Stdout, "%s removed from %s, %s not on it\n", changed, t.name, unchanged)
	}
	return l.err(o.File)
}

func (t *listTaker) columns([]string) error { return nil }

func (t *listTaker) take(key string, _ []string) error {
	t.waiting = append(t.waiting, key)
	return nil
}

func (t *listTaker) flush() error {
	did, err := t.write(t.name, t.waiting)
	if err != nil {
		return err
	}
	t.waiting = t.waiting[:0]
	t.did.Changed, t.did.Unchanged, t.did.New = t.did.Changed+did.Changed, t.did.Unchanged+did.Unchanged, t.did.New+did.New
	return nil
}

// listShowCommand prints who is on a list.
type listShowCommand struct {
	Name string `arg:"" help:"The list."`
}

// Run prints them as they are read: a list may be longer than the memory.
func (x listShowCommand) Run(c *call) error {
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
