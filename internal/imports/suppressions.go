package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store"
)

// Suppressions imports suppressions as one batch, or shows what would change. It
// neither lifts nor shortens a suppression.
func Suppressions(ctx context.Context, out *ui.Printer, a *app.App, o Options) error {
	return importSuppressions(ctx, out, a, o, nil)
}

// importSuppressions is Suppressions, with a comparison unless that is nil.
func importSuppressions(ctx context.Context, out *ui.Printer, a *app.App, o Options, c *comparing) (err error) {
	now := instant.Of(o.Now())
	if err := a.Store.SavePolicy(a.Config.Hash, a.Config.Redacted(), now); err != nil {
		return err
	}
	note := filepath.Base(o.File)
	if o.File == "-" {
		note = "stdin"
	}
	batch, err := a.Store.ImportSuppressions(a.Config.Policy, app.Operator(), note, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, batch.Close()) }()
	im := &suppressionImport{app: a, options: o, now: now, compared: c, save: batch.Preview, lines: map[string]int64{}, renamed: map[string]string{}, aside: map[string]int64{}}
	if o.Apply {
		im.save = batch.Save
	}
	if c != nil {
		o.held = c.list
	}
	if im.finder, err = newContactFinder(a, o, im.pass); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, im.finder.close(), c.close()) }()
	column := im.finder.column()
	if o.From != "" {
		column.plain, column.aside = true, im.setAside
		if o.Key == "" {
			column.names = formats[o.From].keys
		}
	}
	rejected, err := readRows(ctx, out, column, o, im)
	if err != nil && batch.Batch() != 0 {
		return fmt.Errorf("%w; the suppressions added before that are batch %d", err, batch.Batch())
	}
	if err != nil {
		return err
	}
	done, err := batch.End()
	if err != nil {
		return err
	}
	err = im.report(out, done.Batch, rejected)
	return errors.Join(err, rejected.err(o.File), im.finder.err(o.File))
}

// maxCountedReasons is the maximum number of reasons whose lines are counted.
const maxCountedReasons = 500

// suppressionImport imports suppressions.
type suppressionImport struct {
	app      *app.App
	options  Options
	now      hygiene.Instant
	finder   contactFinder
	compared *comparing // nil for no comparison
	save     func([]store.ImportedSuppression) (store.SuppressionResult, error)

	reason, until int  // the indexes of these columns; -1 for none
	untilOfAll    bool // until is that of all reasons of the contact together
	format        formatRow
	aside         map[string]int64 // rows that suppress nobody, by what they are
	ignored       []string         // the names of the other columns

	pending  []store.ImportedSuppression // of contacts that were found, not saved yet
	total    store.SuppressionResult
	lines    map[string]int64  // by reason, of the first maxCountedReasons
	scrubbed int64             // lines that scrub wrote
	renamed  map[string]string // reasons by how they were written, of the first few
}

func (im *suppressionImport) columns(names []string, key int) (fewest int, err error) {
	im.reason, im.until, im.ignored = -1, -1, []string{}
	if im.options.From != "" {
		im.format.columns = map[string]int{}
		for i, name := range slices.Backward(names) {
			im.format.columns[plainName(name)] = i
		}
		return key + 1, nil
	}
	for i, name := range names {
		var err error
		switch {
		case i == key:
		case listfile.IsColumn(name, "reason"), listfile.IsColumn(name, "reasons"):
			err = setColumn(&im.reason, names, i)
		case listfile.IsColumn(name, "until"), listfile.IsColumn(name, "suppressed_until"):
			err = setColumn(&im.until, names, i)
			im.untilOfAll = listfile.IsColumn(name, "suppressed_until")
		case name != "":
			im.ignored = append(im.ignored, name)
		}
		if err != nil {
			return 0, err
		}
	}
	if im.reason < 0 && im.options.Reason == "" {
		return 0, fmt.Errorf("no column %q in the header %q; name the reason of all lines with --reason, as in --reason %s", "reason", names, hygiene.OptedOut)
	}
	return max(key, im.reason) + 1, nil // a row may end before its until
}

// setColumn sets a column to index i. It is an error when another index was set.
func setColumn(column *int, names []string, i int) error {
	name := strings.ToLower(names[i])
	if *column < 0 {
		*column = i
		return nil
	}
	if earlier := strings.ToLower(names[*column]); earlier != name {
		return fmt.Errorf("the header has both %q and %q; rename one", earlier, name)
	}
	return listfile.DuplicateColumn(name)
}

// add adds a suppression for each reason of a row. Whatever is wrong beside the contact,
// the contact is suppressed, so an opt-out is never lost for it: permanently where the end
// cannot be read, and as an opt-out where the reason cannot. The error is a skippedPart
// then, as it is when an end is over for some of the reasons only.
func (im *suppressionImport) add(key string, row *listfile.Row) error {
	reasons, wrong, err := im.reasonsOf(row)
	if err != nil {
		return err
	}
	until, untilErr := im.untilOf(row)
	if wrong = cmp.Or(wrong, untilErr); wrong == nil && row.Err != nil {
		wrong = row.Err
	}
	over, overErr := 0, error(nil)
	for _, reason := range reasons {
		r := listedSuppression{reason: reason, until: until}
		if im.untilOfAll && reason == hygiene.OptedOut { // another reason ends then
			r.until = 0
		}
		if err := app.CheckInstruction(hygiene.Instruction{Kind: hygiene.Suppress, Reason: r.reason, Until: r.until}, im.now); err != nil {
			over, overErr = over+1, err
			continue
		}
		if _, counted := im.lines[reason]; counted || len(im.lines) < maxCountedReasons {
			im.lines[reason]++
		}
		im.finder.add(key, row, r.record())
	}
	switch {
	case over == len(reasons):
		return overErr
	case over > 0:
		return skippedPart{fmt.Errorf("%d of %d reasons skipped: %w; the rest of the line is imported", over, len(reasons), overErr)}
	case wrong != nil:
		return flawedLine{wrong}
	}
	return nil
}

// listedSuppression is what a row says about its contact.
type listedSuppression struct {
	reason string
	until  hygiene.Instant
}

func (s listedSuppression) record() []string {
	return []string{s.reason, strconv.FormatInt(int64(s.until), 10)}
}

// saveTogether is how many suppressions are saved in one transaction. The more there are,
// the more of them share a page that is written; a sweep that waits for them waits for a
// few seconds.
const saveTogether = 32_768

// pass receives the suppression of a contact or number that was found.
func (im *suppressionImport) pass(of subject, record []string) error {
	if im.compared == nil {
		return im.keep(of, record)
	}
	if err := im.compared.list(of, record); err != nil {
		return err
	}
	return im.compared.wait(of, record)
}

// keep gathers the suppression of a contact or number that was found, and saves those that are many.
func (im *suppressionImport) keep(of subject, record []string) error {
	until, err := strconv.ParseInt(record[1], 10, 64)
	if err != nil {
		return err
	}
	im.pending = append(im.pending, store.ImportedSuppression{Key: of.key, Phone: of.phone, Reason: record[0], Until: hygiene.Instant(until)})
	if len(im.pending) < saveTogether {
		return nil
	}
	return im.saveFound()
}

func (im *suppressionImport) saveFound() error {
	if len(im.pending) == 0 {
		return nil
	}
	saved, err := im.save(im.pending)
	if err != nil {
		return err
	}
	im.pending = im.pending[:0]
	im.total.Add(saved)
	return nil
}

func (im *suppressionImport) flush() error { return im.finder.flush() }

func (im *suppressionImport) end(in *input) error {
	if err := im.finder.end(in); err != nil {
		return err
	}
	if im.compared != nil {
		if err := im.compared.compare(func(of subject, record []string) error {
			return errors.Join(in.interrupted(), im.keep(of, record))
		}); err != nil {
			return err
		}
	}
	return im.saveFound()
}
