package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/impact"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store"
)

// Merges merges the pairs of contacts of a file, whose columns are old and new, or shows
// what that would do.
func Merges(ctx context.Context, out *ui.Printer, a *app.App, ops *app.Operations, o Options, merge impact.MergeOptions) error {
	merge.About = "pairs of " + filepath.Base(o.File)
	m, err := impact.NewMerger(ops, merge, hygiene.InstantOf(o.Now()))
	if err != nil {
		return err
	}
	keys := a.Store.Keys(a.Config.Keys)
	im := &mergeImport{ctx: ctx, merger: m, keys: keys, column: cmp.Or(o.Into, "new")}
	rejected, err := readRows(ctx, out, keyNamed(cmp.Or(o.Key, "old"), keys), o, im)
	r, endErr := m.End()
	if err = errors.Join(err, endErr); err != nil {
		return err
	}
	command := fmt.Sprintf("winnow merge --file %s%s", ui.ShellQuote(o.File), app.ConfigFlag(o.Config))
	for _, flag := range [][2]string{{" --key ", o.Key}, {" --into ", o.Into}} {
		if flag[1] != "" {
			command += flag[0] + ui.ShellQuote(flag[1])
		}
	}
	if merge.New {
		command += " --new"
	}
	return errors.Join(r.Print(out, command, o.Config), r.Err(), rejected.err(o.File))
}

// mergeImport merges the pairs of a file.
type mergeImport struct {
	ctx    context.Context
	merger *impact.Merger
	keys   store.KeyReader

	column  string // with the key of the new contact
	new     int    // its index
	pending []store.MergePair
	lines   []int64
}

func (im *mergeImport) columns(names []string, _ int) (fewest int, err error) {
	im.new = -1
	for i, name := range names {
		if listfile.IsColumn(name, im.column) {
			if im.new >= 0 {
				return 0, listfile.DuplicateColumn(im.column)
			}
			im.new = i
		}
	}
	if im.new < 0 {
		return 0, fmt.Errorf("no column %q in the header %q; choose the one with the new keys with --into", im.column, names)
	}
	return 0, nil
}

func (im *mergeImport) add(old string, row *listfile.Row) error {
	new, err := keyOf(row.Cell(im.new), im.keys)
	if err != nil {
		return fmt.Errorf("column %q: %w", im.column, err)
	}
	im.pending, im.lines = append(im.pending, store.MergePair{Old: old, New: new}), append(im.lines, row.Line)
	return nil
}

func (im *mergeImport) flush() error {
	err := im.merger.Add(im.ctx, im.pending, im.lines)
	im.pending, im.lines = im.pending[:0], im.lines[:0]
	return err
}

func (im *mergeImport) end(*input) error { return nil }
