// Package reconcile compares the suppression list of another system with winnow's own:
// who is suppressed there and not here, the other way round, and who is suppressed on
// both sides for other reasons or until another time.
//
// Package imports reads the list, and imports it afterwards if that is wanted: what it
// takes a row for is what is compared. Both sides go into one sorter, a record for each
// suppression, so the records of one contact or number come out of it together, and
// lists of any size fit. Whatever is compared is to the second, as files have it.
//
// Where to change what: who is on which side is in gather.go, what makes a difference
// in subject.go, and the files in files.go.
package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/csvlist"
	"winnow/internal/imports"
	"winnow/internal/ui"
	"winnow/store/records"
)

// Options say what to compare, and where to.
type Options struct {
	imports.Options
	Folder  string // of the files that are written
	Profile csvlist.Profile
}

// Run compares a list with the suppressions of the store, and imports it if it is to be
// applied.
func Run(ctx context.Context, out *ui.Printer, a *app.App, o Options) (err error) {
	c := &comparison{ctx: ctx, app: a, now: hygiene.InstantOf(o.Now()), byPhone: imports.ByPhone(a, o.Options),
		sorted: records.Sorter{Folder: a.Store.ScratchFolder()}, progress: func() (func(int64), func()) { return out.Progress("contact") }}
	if c.files, err = newFiles(o, c.byPhone); err != nil {
		return err
	}
	defer c.files.discard()
	defer func() { err = errors.Join(err, c.sorted.Close()) }()
	return imports.CompareSuppressions(ctx, out, a, o.Options, c)
}

// comparison compares a list. It implements imports.Comparison.
type comparison struct {
	ctx      context.Context
	app      *app.App
	now      hygiene.Instant
	byPhone  bool
	sorted   records.Sorter // of both sides, see side
	files    *files
	progress func() (func(int64), func())
	result   result
}

// result is what was found, as JSON.
type result struct {
	Theirs int64 `json:"theirs"` // contacts or numbers that they suppress and winnow does not
	Ours   int64 `json:"ours"`   // the other way round
	Differ int64 `json:"differ"` // for other reasons, or until another time
	Same   int64 `json:"same"`
	// Unlisted are suppressed contacts without a phone number, or suppressed numbers that
	// nobody has, which such a list cannot name.
	Unlisted int64             `json:"not_listable"`
	Samples  map[string]sample `json:"samples"`
	Files    map[string]string `json:"files"`
	Import   any               `json:"import"`
}

// sample is the first of some names.
type sample []string

// Result implements imports.Comparison.
func (c *comparison) Result(imported any) any {
	r := c.result
	r.Import, r.Files, r.Samples = imported, c.files.names(), map[string]sample{}
	for _, f := range c.files.list() {
		r.Samples[f.kind] = append(sample{}, f.sample...)
	}
	return r
}

// Print implements imports.Comparison.
func (c *comparison) Print(w io.Writer) error {
	noun := "contact"
	if c.byPhone {
		noun = "number"
	}
	rows := [][]string{
		{ui.Count(c.result.Theirs, noun), "on the list, not suppressed here", c.files.theirs.name},
		{ui.Count(c.result.Ours, noun), "suppressed here, not on the list", c.files.ours.name},
		{ui.Count(c.result.Differ, noun), "on both, for other reasons or until another time", c.files.differ.name},
		{ui.Count(c.result.Same, noun), "on both alike", ""},
	}
	ui.Table(w, rows)
	for _, f := range c.files.list() {
		if len(f.sample) > 0 {
			fmt.Fprintf(w, "  %s: %s\n", f.kind, ui.FormatSamples(ui.LabeledSample{Keys: f.sample}))
		}
	}
	switch {
	case c.result.Unlisted == 0:
	case c.byPhone:
		fmt.Fprintf(w, "%s suppressed and without a phone number, so a list of numbers cannot name them\n", ui.CountVerb(c.result.Unlisted, "contact", "is", "are"))
	default:
		fmt.Fprintf(w, "%s suppressed that nobody has, so a list of keys cannot name them\n", ui.CountVerb(c.result.Unlisted, "number", "is", "are"))
	}
	return nil
}
