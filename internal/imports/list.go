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
func ChangeList(ctx context.Context, out *ui.Printer, a *app.App, name string, add bool, o Options) (err error) {
	im := &listImport{list: name, save: a.Store.RemoveFromList}
	o.Apply = true // there is no preview
	key := keyNamed(o.keyName(), a.Store.Keys(a.Config.Keys))
	if add {
		im.save = a.Store.AddToList
		finder, err := newKeyFinder(a, a.Config.Keys, o, im.keep)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, finder.close()) }()
		finder.single = true
		im.finder, key = finder, finder.column()
	}
	rejected, err := readRows(ctx, out, key, o, im)
	if err != nil {
		return err
	}
	if out.JSON {
		return errors.Join(out.PrintJSON(im.result(rejected)), rejected.err(o.File), im.err(o.File))
	}
	changed, unchanged := ui.Count(im.total.Changed, "contact"), ui.Number(im.total.Unchanged)
	if add {
		fmt.Fprintf(out.Stdout, "%s added to %s, %s already on it; %s new to winnow\n", changed, name, unchanged, ui.CountVerb(im.total.New, "contact", "is", "are"))
	} else {
		fmt.Fprintf(out.Stdout, "%s removed from %s, %s not on it\n", changed, name, unchanged)
	}
	if im.finder != nil {
		im.finder.print(out.Stdout)
	}
	return errors.Join(rejected.err(o.File), im.err(o.File))
}

// listResult is what a change of a list prints as JSON.
type listResult struct {
	List      string `json:"list"`
	Changed   int64  `json:"changed"`
	Unchanged int64  `json:"unchanged"`
	New       int64  `json:"new_contacts"`
	Rejected  int64  `json:"rejected"`
}

// addedResult is what adding to a list prints as JSON.
type addedResult struct {
	listResult
	foundResult
}

func (im *listImport) result(rejected rejectCounts) any {
	r := listResult{List: im.list, Changed: im.total.Changed, Unchanged: im.total.Unchanged, New: im.total.New, Rejected: rejected.lines}
	if im.finder == nil {
		return r
	}
	return addedResult{r, im.finder.found()}
}

func (im *listImport) err(file string) error {
	if im.finder == nil {
		return nil
	}
	return im.finder.err(file)
}

// listImport adds contacts to a static list, or removes them from it.
type listImport struct {
	list    string
	save    func(list string, keys []string) (store.ListChange, error)
	finder  *keyFinder // nil to remove: a key that no contact has changes nothing
	pending []string
	total   store.ListChange
}

func (im *listImport) columns([]string, int) (fewest int, err error) { return 0, nil }

// add adds the contact of a row. What is wrong beside it does not matter.
func (im *listImport) add(key string, row *listfile.Row) error {
	if im.finder != nil {
		im.finder.add(key, row, nil)
	} else {
		im.pending = append(im.pending, key)
	}
	if row.Err != nil {
		return flawedLine{row.Err}
	}
	return nil
}

// keep gathers contacts that were found, and saves those that are many.
func (im *listImport) keep(of subject, _ []string) error {
	if im.pending = append(im.pending, of.key); len(im.pending) < FlushLines {
		return nil
	}
	return im.saveFound()
}

func (im *listImport) saveFound() error {
	if len(im.pending) == 0 {
		return nil
	}
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

func (im *listImport) flush() error {
	if im.finder != nil {
		return im.finder.flush()
	}
	return im.saveFound()
}

func (im *listImport) end(in *input) error {
	if im.finder == nil {
		return nil
	}
	if err := im.finder.end(in); err != nil {
		return err
	}
	return im.saveFound()
}
