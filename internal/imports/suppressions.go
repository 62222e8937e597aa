package imports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/csvlist"
	"winnow/internal/scrub"
	"winnow/internal/suggest"
	"winnow/internal/ui"
	"winnow/store"
)

// Suppressions imports suppressions as one batch, or shows what would change. It
// neither lifts nor shortens a suppression.
func Suppressions(ctx context.Context, out *ui.Printer, a *app.App, o Options) (err error) {
	now := hygiene.InstantOf(o.Now())
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
	im := &suppressionImport{now: now, keyColumn: o.Key, save: batch.Preview, lines: map[string]int64{}}
	if o.Apply {
		im.save = batch.Save
	}
	rejected, err := readRows(ctx, out, a.Config.Keys, o, im)
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
	if out.JSON {
		err = out.PrintJSON(im.result(o.Apply, done.Batch, rejected))
	} else {
		err = im.print(out.Stdout, a.Config, o, done.Batch, rejected)
	}
	return errors.Join(err, rejected.err(o.File))
}

// maxCountedReasons is the maximum number of reasons whose lines are counted.
const maxCountedReasons = 500

// suppressionImport imports suppressions.
type suppressionImport struct {
	now       hygiene.Instant
	keyColumn string
	save      func([]store.ImportedSuppression) (store.SuppressionResult, error)

	key, reason int      // the indexes of these columns
	until       int      // the index of this column; -1 for none
	untilOfAll  bool     // until is that of all reasons of the contact together
	ignored     []string // the names of the other columns

	pending  []store.ImportedSuppression
	total    store.SuppressionResult
	lines    map[string]int64 // by reason, of the first maxCountedReasons
	scrubbed int64            // lines that scrub wrote
}

func (im *suppressionImport) header(names []string) (minColumns int, err error) {
	im.reason, im.until, im.ignored = -1, -1, []string{}
	for i, name := range names {
		var err error
		switch {
		case isColumn(name, im.keyColumn):
			im.key = i
		case isColumn(name, "reason"), isColumn(name, "reasons"):
			err = setColumn(&im.reason, names, i)
		case isColumn(name, "until"), isColumn(name, "suppressed_until"):
			err = setColumn(&im.until, names, i)
			im.untilOfAll = isColumn(name, "suppressed_until")
		case name != "":
			im.ignored = append(im.ignored, name)
		}
		if err != nil {
			return 0, err
		}
	}
	if im.reason < 0 {
		return 0, fmt.Errorf("no column %q in the header %q; it needs contact and reason, and may have until", "reason", names)
	}
	return max(im.key, im.reason) + 1, nil // a row may end before its until
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
	return duplicateColumn(name)
}

// add adds a suppression for each reason of a row. An invalid reason or date does not
// affect the other reasons, so an opt-out is never lost.
func (im *suppressionImport) add(key string, cells []string) error {
	reasons, err := im.parseReasons(cells[im.reason])
	if err != nil {
		return err
	}
	until, untilErr := im.parseUntil(cells)
	var skipped []error
	for _, reason := range reasons {
		s, err := store.ImportedSuppression{Key: key, Reason: reason, Until: until}, untilErr
		if im.untilOfAll && reason == hygiene.OptedOut { // another reason ends then
			s.Until, err = 0, nil
		}
		if err == nil {
			err = im.addSuppression(s)
		}
		if err != nil {
			skipped = append(skipped, err)
		}
	}
	switch {
	case len(skipped) == 0:
		return nil
	case len(skipped) == len(reasons):
		return skipped[0]
	}
	return skippedPart{fmt.Errorf("%d of %d reasons skipped: %w; the rest of the line is imported", len(skipped), len(reasons), skipped[0])}
}

// parseUntil returns when the suppressions of a row end; 0 for never.
func (im *suppressionImport) parseUntil(cells []string) (hygiene.Instant, error) {
	if im.until < 0 || cells[im.until] == "" {
		return 0, nil
	}
	until, err := instant.ParseTime(cells[im.until])
	if err != nil {
		return 0, fmt.Errorf("until: %w", err)
	}
	return until, nil
}

func (im *suppressionImport) addSuppression(s store.ImportedSuppression) error {
	if err := app.CheckInstruction(hygiene.Instruction{Kind: hygiene.Suppress, Reason: s.Reason, Until: s.Until}, im.now); err != nil {
		return err
	}
	if _, counted := im.lines[s.Reason]; counted || len(im.lines) < maxCountedReasons {
		im.lines[s.Reason]++
	}
	im.pending = append(im.pending, s)
	return nil
}

// parseReasons returns the reasons in a cell, as people, exports and scrub write
// them; at least one.
func (im *suppressionImport) parseReasons(cell string) ([]string, error) {
	switch verdict, reasons := scrub.ParseReason(cell); verdict {
	case scrub.Kept: // not a cell of scrub's
	case scrub.Suppressed:
		cell = reasons
		im.scrubbed++
	default:
		return nil, fmt.Errorf("%q is why scrub rejected the line, not a reason to suppress; remove the line, or rename the reason", shorten(cell))
	}
	reasons := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(csvlist.Delimiters, r) })
	for i := range reasons {
		reasons[i] = strings.TrimSpace(reasons[i])
	}
	if len(reasons) == 0 {
		return []string{""}, nil // addSuppression reports it
	}
	return reasons, nil
}

func (im *suppressionImport) flush() error {
	saved, err := im.save(im.pending)
	if err != nil {
		return err
	}
	im.pending = im.pending[:0]
	im.total.Add(saved)
	return nil
}

// suppressionsResult is what an import of suppressions prints as JSON.
type suppressionsResult struct {
	Applied   bool             `json:"applied"`
	Batch     int64            `json:"batch,omitempty"`
	Added     int64            `json:"suppressed"`
	Extended  int64            `json:"renewed"`
	Unchanged int64            `json:"unchanged"`
	Repeated  int64            `json:"repeated"` // suppressions of earlier lines
	New       int64            `json:"new_contacts"`
	Rejected  int64            `json:"rejected"`
	Partial   int64            `json:"reasons_left_out"` // lines imported without some of their reasons
	Lines     map[string]int64 `json:"reasons"`          // by reason
	Ignored   []string         `json:"columns_not_read"`
}

func (im *suppressionImport) result(applied bool, batch int64, rejected rejectCounts) suppressionsResult {
	return suppressionsResult{Applied: applied, Batch: batch, Added: im.total.Added, Extended: im.total.Extended, Unchanged: im.total.Unchanged,
		Repeated: im.total.Repeated, New: im.total.New, Rejected: rejected.lines, Partial: rejected.parts, Lines: im.lines, Ignored: im.ignored}
}

func (im *suppressionImport) print(w io.Writer, cfg *config.Config, o Options, batch int64, rejected rejectCounts) error {
	added := ui.Count(im.total.Added, "suppression") + " would be"
	if o.Apply {
		added = ui.CountVerb(im.total.Added, "suppression", "was", "were")
	}
	fmt.Fprintf(w, "%s: %s added, %s extended, %s unchanged; %s new to winnow\n", o.File, added,
		ui.Number(im.total.Extended), ui.Number(im.total.Unchanged), ui.CountVerb(im.total.New, "contact", "is", "are"))
	im.printReasons(w, cfg)
	if im.total.Repeated > 0 {
		fmt.Fprintf(w, "%s a contact and reason of an earlier line; the longest suppression counts\n", ui.CountVerb(im.total.Repeated, "line", "repeats", "repeat"))
	}
	if im.scrubbed > 0 {
		fmt.Fprintf(w, "%s written by scrub, without an end; these suppressions are permanent\n", ui.CountVerb(im.scrubbed, "line", "was", "were"))
	}
	// A column "expires" that was meant as until makes suppressions permanent.
	if len(im.ignored) > 0 {
		fmt.Fprintf(w, "%s ignored (only contact, reason and until are read): %s\n", ui.CountVerb(int64(len(im.ignored)), "column", "was", "were"), ui.Shorten(ui.Printable(strings.Join(im.ignored, ", ")), 120))
	}
	if rejected.parts > 0 {
		fmt.Fprintf(w, "%s imported without some reasons\n", ui.CountVerb(rejected.parts, "line", "is", "are"))
	}
	if !o.Apply && im.total.Added+im.total.Extended+im.total.Unchanged+im.total.Repeated > 0 {
		fmt.Fprintln(w, "nothing was changed; --apply imports the file")
	}
	return app.PrintUndoCommand(w, batch, o.Config)
}

// printReasons prints the lines of the most common reasons. A reason that no rule
// gives and that resembles a known one is probably misspelled.
func (im *suppressionImport) printReasons(w io.Writer, cfg *config.Config) {
	const shown = 15
	_, known := app.SuppressingRules(cfg.Policy)
	known = append(known, hygiene.OptedOut, "hard_bounce", "soft_bounce")
	order := slices.SortedFunc(maps.Keys(im.lines), func(a, b string) int {
		return cmp.Or(cmp.Compare(im.lines[b], im.lines[a]), strings.Compare(a, b))
	})
	var rows [][]string
	for _, reason := range order[:min(len(order), shown)] {
		hint := ""
		if !slices.Contains(known, reason) {
			if meant := suggest.Nearest(reason, known); meant != "" {
				hint = fmt.Sprintf("did you mean %q?", meant)
			}
		}
		rows = append(rows, []string{"  " + reason, ui.Count(im.lines[reason], "line"), hint})
	}
	ui.Table(w, rows)
	if more := len(order) - shown; more > 0 {
		fmt.Fprintf(w, "  and %s\n", ui.Count(int64(more), "other reason"))
	}
}
