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
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/csvlist"
	"winnow/internal/scrub"
	"winnow/internal/ui"
	"winnow/store"
)

// Suppressions takes in whom not to text, or shows what would change.
func Suppressions(ctx context.Context, out *ui.Printer, a *app.App, o Options) (err error) {
	now := hygiene.InstantOf(o.Now())
	if err := a.Store.KeepPolicy(a.Config.Hash, a.Config.Text, now); err != nil {
		return err
	}
	note := filepath.Base(o.File)
	if o.File == "-" {
		note = "stdin"
	}
	im, err := a.Store.ImportSuppressions(a.Config.Policy, app.Operator(), note, now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, im.Close()) }()
	t := &suppressionImport{now: now, keyColumn: o.Key, save: im.Preview, reasons: map[string]int64{}}
	if o.Apply {
		t.save = im.Take
	}
	l, err := readContacts(ctx, out, a.Config.Keys, o, t)
	if err != nil && im.Batch() != 0 {
		return fmt.Errorf("%w; what was suppressed before is batch %d", err, im.Batch())
	}
	if err != nil {
		return err
	}
	did, err := im.End()
	if err != nil {
		return err
	}
	return errors.Join(t.show(out, a.Config, o, did.Batch, l), l.err(o.File))
}

// suppressionImport takes in suppressions.
type suppressionImport struct {
	now         hygiene.Instant
	save        func([]store.ImportedSuppression) (store.Suppressed, error)
	key, reason int  // their columns
	until       int  // its column; -1 when there is none
	together    bool // until is of all reasons of a contact, so no opt-out ends by it
	keyColumn   string
	unread      []string // the names of the other columns
	waiting     []store.ImportedSuppression
	did         store.Suppressed
	reasons     map[string]int64 // how many lines give which, of the first few hundred
	scrubbed    int64            // lines as scrub writes them
}

// mostReasons is of how many reasons the lines are counted.
const mostReasons = 500

func (t *suppressionImport) columns(names []string) error {
	t.reason, t.until, t.unread = -1, -1, []string{}
	for i, name := range names {
		var err error
		switch {
		case isSpecial(name, t.keyColumn):
			t.key = i
		case isSpecial(name, "reason"), isSpecial(name, "reasons"):
			err = onlyOne(names, i, &t.reason)
		case isSpecial(name, "until"), isSpecial(name, "suppressed_until"):
			err = onlyOne(names, i, &t.until)
			t.together = isSpecial(name, "suppressed_until")
		case name != "":
			t.unread = append(t.unread, name)
		}
		if err != nil {
			return err
		}
	}
	if t.reason < 0 {
		return fmt.Errorf("it has no column %q, its first line names %q: it must name contact and reason, and may name until", "reason", names)
	}
	return nil
}

// onlyOne notes the column that holds something, of which there must be one.
func onlyOne(names []string, i int, column *int) error {
	if *column >= 0 && strings.EqualFold(names[*column], names[i]) {
		return fmt.Errorf("the header names %q twice: rename one", strings.ToLower(names[i]))
	}
	if *column >= 0 {
		return fmt.Errorf("the header names both %q and %q: rename one", strings.ToLower(names[*column]), strings.ToLower(names[i]))
	}
	*column = i
	return nil
}

// fewest lets a line end before an until that it does not have.
func (t *suppressionImport) fewest() int { return max(t.key, t.reason) + 1 }

// add takes each reason of a line. When one of them can't be taken the others
// are: an opt-out is not lost for what stands beside it.
func (t *suppressionImport) add(key string, fields []string) error {
	reasons, err := t.reasonsOf(fields[t.reason])
	if err != nil {
		return err
	}
	until, unreadable := t.untilOf(fields)
	var wrong []error
	for _, reason := range reasons {
		s, err := store.ImportedSuppression{Key: key, Reason: reason, Until: until}, unreadable
		if t.together && reason == hygiene.OptedOut {
			s.Until, err = 0, nil
		}
		if err == nil {
			err = t.addReason(s)
		}
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	switch {
	case len(wrong) == 0:
		return nil
	case len(wrong) == len(reasons):
		return wrong[0]
	}
	return skippedField{fmt.Errorf("%d of its %d reasons left out: %w; the rest was taken", len(wrong), len(reasons), wrong[0])}
}

// untilOf is when the suppressions of a line end; 0 for good.
func (t *suppressionImport) untilOf(fields []string) (hygiene.Instant, error) {
	if t.until < 0 || fields[t.until] == "" {
		return 0, nil
	}
	until, err := hygiene.ParseDate(fields[t.until])
	if err != nil {
		return 0, fmt.Errorf("until: %w", err)
	}
	return until, nil
}

func (t *suppressionImport) addReason(s store.ImportedSuppression) error {
	if err := app.CheckInstruction(hygiene.Instruction{Kind: hygiene.Suppress, Reason: s.Reason, Until: s.Until}, t.now); err != nil {
		return err
	}
	if _, known := t.reasons[s.Reason]; known || len(t.reasons) < mostReasons {
		t.reasons[s.Reason]++
	}
	t.waiting = append(t.waiting, s)
	return nil
}

// reasonsOf gives the reasons in a cell, as people, exports and scrub write them.
func (t *suppressionImport) reasonsOf(cell string) ([]string, error) {
	switch verdict, reasons := scrub.ParseReason(cell); verdict {
	case scrub.Kept:
	case scrub.Suppressed:
		cell = reasons
		t.scrubbed++
	default:
		return nil, fmt.Errorf("%q is why scrub rejected the line, not a reason to suppress; remove the line, or rename the reason", shown(cell))
	}
	reasons := strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(csvlist.Delimiters, r) })
	for i := range reasons {
		reasons[i] = strings.TrimSpace(reasons[i])
	}
	if len(reasons) == 0 {
		reasons = []string{""} // which is none, and told so
	}
	return reasons, nil
}

func (t *suppressionImport) flush() error {
	did, err := t.save(t.waiting)
	if err != nil {
		return err
	}
	t.waiting = t.waiting[:0]
	t.did.Add(did)
	return nil
}

// importedSuppressions is what an import of suppressions prints as JSON.
type importedSuppressions struct {
	Applied   bool             `json:"applied"`
	Batch     int64            `json:"batch,omitempty"`
	Opened    int64            `json:"suppressed"`
	Renewed   int64            `json:"renewed"`
	Unchanged int64            `json:"unchanged"`
	Repeated  int64            `json:"repeated"` // suppressions that a line before names
	New       int64            `json:"new_contacts"`
	Rejected  int64            `json:"rejected"`
	LeftOut   int64            `json:"reasons_left_out"` // of lines that were taken
	Reasons   map[string]int64 `json:"reasons"`          // lines by reason
	Unread    []string         `json:"columns_not_read"`
}

func (t *suppressionImport) show(out *ui.Printer, cfg *config.Config, o Options, batch int64, l skipped) error {
	if out.JSON {
		return out.PrintJSON(importedSuppressions{o.Apply, batch, t.did.Opened, t.did.Renewed, t.did.Same, t.did.Repeated, t.did.New, l.Lines, l.Fields, t.reasons, t.unread})
	}
	opened := ui.Count(t.did.Opened, "suppression") + " would be"
	if o.Apply {
		opened = ui.CountVerb(t.did.Opened, "suppression", "was", "were")
	}
	fmt.Fprintf(out.Stdout, "%s: %s opened, %s made longer, %s there before; %s\n", o.File, opened,
		ui.Number(t.did.Renewed), ui.Number(t.did.Same), ui.CountVerb(t.did.New, "contact", "is", "are")+" new to winnow")
	t.showReasons(out.Stdout, cfg)
	if t.did.Repeated > 0 {
		fmt.Fprintf(out.Stdout, "%s of contacts and reasons that a line before names: the longest counts\n", ui.CountVerb(t.did.Repeated, "line", "is", "are"))
	}
	if t.scrubbed > 0 {
		fmt.Fprintf(out.Stdout, "%s as scrub writes them, which does not tell until when: these suppressions are for good\n", ui.CountVerb(t.scrubbed, "line", "is", "are"))
	}
	t.showColumns(out.Stdout)
	if l.Fields > 0 {
		fmt.Fprintf(out.Stdout, "of %s a reason was left out and another taken\n", ui.Count(l.Fields, "line"))
	}
	if !o.Apply && t.did.Opened+t.did.Renewed+t.did.Repeated > 0 {
		fmt.Fprintln(out.Stdout, "nothing is changed yet: --apply does it")
	}
	return app.PrintBatch(out.Stdout, batch, o.Config)
}

// showColumns tells what of the file counts for nothing: a column expires that
// was meant as until makes suppressions for good.
func (t *suppressionImport) showColumns(w io.Writer) {
	if len(t.unread) > 0 {
		fmt.Fprintf(w, "%s not read, only the contact, reason and until are: %s\n", ui.CountVerb(int64(len(t.unread)), "column", "was", "were"), ui.Shorten(ui.Printable(strings.Join(t.unread, ", ")), 120))
	}
}

// shownReasons is how many reasons are listed.
const shownReasons = 15

// showReasons counts the lines by reason, and doubts those that no rule gives and
// that are nearly one that a rule does.
func (t *suppressionImport) showReasons(w io.Writer, cfg *config.Config) {
	_, known := app.SuppressingRules(cfg.Policy)
	known = append(known, hygiene.OptedOut, "hard_bounce", "soft_bounce")
	order := slices.SortedFunc(maps.Keys(t.reasons), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.reasons[b], t.reasons[a]), strings.Compare(a, b))
	})
	var rows [][]string
	for _, reason := range order[:min(len(order), shownReasons)] {
		hint := ""
		if !slices.Contains(known, reason) {
			if hint = config.Suggest(reason, known); !strings.HasPrefix(hint, "did you mean") {
				hint = ""
			}
		}
		rows = append(rows, []string{"  " + reason, ui.Count(t.reasons[reason], "line"), hint})
	}
	ui.Table(w, rows)
	if n := len(order) - shownReasons; n > 0 {
		fmt.Fprintf(w, "  and %s\n", ui.Count(int64(n), "other reason"))
	}
}
