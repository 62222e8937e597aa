package imports

import (
	"context"
	"errors"
	"fmt"

	"winnow/internal/app"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store"
)

// ChangeList adds the contacts of a file to a static list, or removes them from it.
func ChangeList(ctx context.Context, out *ui.Printer, a *app.App, name string, add bool, o Options) error {
	im := &listImport{list: name, save: a.Store.RemoveFromList}
	if add {
		im.save = a.Store.AddToList
	}
	o.Apply = true // there is no preview
	rejected, err := readRows(ctx, out, a.Store.Keys(a.Config.Keys), o, im)
	if err != nil {
		return err
	}
	if out.JSON {
		return errors.Join(out.PrintJSON(listResult{name, im.total.Changed, im.total.Unchanged, im.total.New, rejected.lines}), rejected.err(o.File))
	}
	changed, unchanged := ui.Count(im.total.Changed, "contact"), ui.Number(im.total.Unchanged)
	if add {
		fmt.Fprintf(out.Stdout, "%s added to %s, %s already on it; %s new to winnow\n", changed, name, unchanged, ui.CountVerb(im.total.New, "contact", "is", "are"))
	} else {
		fmt.Fprintf(out.Stdout, "%s removed from %s, %s not on it\n", changed, name, unchanged)
	}
	return rejected.err(o.File)
}

// listResult is what a change of a list prints as JSON.
type listResult struct {
	List      string `json:"list"`
	Changed   int64  `json:"changed"`
	Unchanged int64  `json:"unchanged"`
	New       int64  `json:"new_contacts"`
	Rejected  int64  `json:"rejected"`
}

// listImport adds contacts to a static list, or removes them from it.
type listImport struct {
	list    string
	save    func(list string, keys []string) (store.ListChange, error)
	pending []string
	total   store.ListChange
}

func (im *listImport) columns([]string) (fewest int, err error) { return 0, nil }

// add adds the contact of a row. What is wrong beside it does not matter.
func (im *listImport) add(key string, row *listfile.Row) error {
	im.pending = append(im.pending, key)
	if row.Err != nil {
		return flawedLine{row.Err}
	}
	return nil
}

func (im *listImport) flush() error {
	saved, err := im.save(im.list, im.pending)
	if err != nil {
		return err
	}
	im.pending = im.pending[:0]
	im.total.Changed += saved.Changed
	im.total.Unchanged += saved.Unchanged
	im.total.New += saved.New
	return nil
}
