package imports

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/suggest"
	"winnow/internal/ui"
)

// suppressionsResult is what an import of suppressions prints as JSON.
type suppressionsResult struct {
	Applied bool `json:"applied"`
	foundResult
	Batch     int64             `json:"batch,omitempty"`
	Added     int64             `json:"suppressed"`
	Extended  int64             `json:"renewed"`
	Unchanged int64             `json:"unchanged"`
	Repeated  int64             `json:"repeated"` // suppressions of earlier lines
	New       int64             `json:"new_contacts"`
	Rejected  int64             `json:"rejected"`
	Partial   int64             `json:"reasons_left_out"`          // lines imported without some of their reasons
	Flawed    int64             `json:"flawed_lines"`              // imported in spite of what is wrong beside the contact
	Lines     map[string]int64  `json:"reasons"`                   // by reason
	ReadAs    map[string]string `json:"reasons_read_as,omitempty"` // the reasons of the first few other words for them
	Ignored   []string          `json:"columns_not_read"`
	Aside     map[string]int64  `json:"rows_skipped,omitempty"` // by what they are
}

func (im *suppressionImport) result(batch int64, rejected rejectCounts) suppressionsResult {
	return suppressionsResult{Applied: im.options.Apply, foundResult: im.finder.found(), Batch: batch, Added: im.total.Added, Extended: im.total.Extended, Unchanged: im.total.Unchanged,
		Repeated: im.total.Repeated, New: im.total.New, Rejected: rejected.lines, Partial: rejected.parts, Flawed: rejected.flaws, Lines: im.lines, ReadAs: im.renamed, Ignored: im.ignored, Aside: im.aside}
}

// report prints the result, after that of a comparison.
func (im *suppressionImport) report(out *ui.Printer, batch int64, rejected rejectCounts) error {
	switch {
	case im.compared != nil && out.JSON:
		return out.PrintJSON(im.compared.Result(im.result(batch, rejected)))
	case out.JSON:
		return out.PrintJSON(im.result(batch, rejected))
	case im.compared != nil:
		if err := im.compared.Print(out.Stdout); err != nil {
			return err
		}
	}
	return im.print(out.Stdout, batch, rejected)
}

func (im *suppressionImport) print(w io.Writer, batch int64, rejected rejectCounts) error {
	o := im.options
	added := ui.Count(im.total.Added, "suppression") + " would be"
	if o.Apply {
		added = ui.CountVerb(im.total.Added, "suppression", "was", "were")
	}
	fmt.Fprintf(w, "%s: %s added, %s extended, %s unchanged; %s new to winnow\n", o.File, added,
		ui.Number(im.total.Extended), ui.Number(im.total.Unchanged), ui.CountVerb(im.total.New, "contact", "is", "are"))
	im.finder.print(w)
	im.printReasons(w, im.app.Config)
	if im.total.Repeated > 0 {
		fmt.Fprintf(w, "%s a contact and reason of an earlier line; the longest suppression counts\n", ui.CountVerb(im.total.Repeated, "line", "repeats", "repeat"))
	}
	for _, what := range slices.Sorted(maps.Keys(im.aside)) {
		fmt.Fprintf(w, "skipped %s %s\n", ui.Number(im.aside[what]), what)
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
	if rejected.flaws > 0 {
		fmt.Fprintf(w, "%s imported in spite of what is wrong beside the contact: permanently where the end, and as %s where the reason cannot be read\n",
			ui.CountVerb(rejected.flaws, "line", "is", "are"), im.unreadReason())
	}
	for _, name := range slices.Sorted(maps.Keys(im.renamed)) {
		fmt.Fprintf(w, "the reason %q is read as %s\n", ui.Printable(name), im.renamed[name])
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
	known = append(append(known, cfg.Policy.Protected()...), "hard_bounce", "soft_bounce")
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
