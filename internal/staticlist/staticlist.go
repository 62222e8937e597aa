// Package staticlist shows the static lists of contacts that segments refer to.
package staticlist

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"winnow/internal/app"
	"winnow/internal/suggest"
	"winnow/internal/ui"
	"winnow/store"
)

// All prints the lists of the store with their sizes, and those that only segments name.
func All(out *ui.Printer, a *app.App) error {
	lists, err := a.Store.Lists()
	if err != nil {
		return err
	}
	if out.JSON {
		return out.PrintJSON(append([]store.ListSize{}, lists...))
	}
	if len(lists) == 0 {
		_, err := fmt.Fprintln(out.Stdout, "there are no lists yet: winnow list add NAME FILE creates one")
		return err
	}
	rows := [][]string{{"LIST", "CONTACTS", ""}}
	used := app.ListsUsed(a.Config.Segments)
	for _, l := range lists {
		note := ""
		if !slices.Contains(used, l.Name) {
			note = "not used by any segment"
		}
		rows = append(rows, []string{l.Name, ui.Number(l.Contacts), note})
	}
	for _, l := range lists {
		used = slices.DeleteFunc(used, func(name string) bool { return name == l.Name })
	}
	for _, name := range used {
		rows = append(rows, []string{name, "0", "used by a segment, but empty"})
	}
	ui.Table(out.Stdout, rows)
	return nil
}

// Check is an error if neither the store nor a segment has a list of that name.
func Check(a *app.App, name string) error {
	names, err := a.Store.ListNames()
	names = append(names, app.ListsUsed(a.Config.Segments)...)
	if err != nil || slices.Contains(names, name) {
		return err
	}
	return fmt.Errorf("there is no list %q; %s", name, suggest.Hint(name, names))
}

// Show prints the keys on a list as it reads them: a list may be larger than the memory.
func Show(ctx context.Context, out *ui.Printer, a *app.App, name string) error {
	if err := Check(a, name); err != nil {
		return err
	}
	keys := out.Stream()
	err := a.Store.OnList(ctx, name, func(key string) error {
		if out.JSON {
			return keys.Value(key)
		}
		return keys.Line(key)
	})
	return errors.Join(err, keys.End())
}
