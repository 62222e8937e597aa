package imports

import (
	"context"
	"errors"
	"fmt"

	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// listImport puts contacts on a list, or takes them off it.
type listImport struct {
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

// ChangeList puts the contacts of a file on a list, or takes them off it.
func ChangeList(ctx context.Context, out *ui.Printer, a *app.App, name string, add bool, o Options) error {
	t := &listImport{name: name, write: a.Store.RemoveFromList}
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

func (t *listImport) columns([]string) error { return nil }

func (t *listImport) add(key string, _ []string) error {
	t.waiting = append(t.waiting, key)
	return nil
}

func (t *listImport) flush() error {
	did, err := t.write(t.name, t.waiting)
	if err != nil {
		return err
	}
	t.waiting = t.waiting[:0]
	t.did.Changed, t.did.Unchanged, t.did.New = t.did.Changed+did.Changed, t.did.Unchanged+did.Unchanged, t.did.New+did.New
	return nil
}
