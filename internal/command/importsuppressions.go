package command

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/store"
)

// importSuppressionsCommand brings in whom not to text, as others know it.
type importSuppressionsCommand struct {
	contactFile `embed:""`
	Apply       bool `help:"Do it; without it, only what would change is shown."`
}

// Run shows what would be suppressed, or suppresses it.
func (x importSuppressionsCommand) Run(c *call) error {
	return c.with(store.Open, func(h *house) (err error) {
		if err := h.store.KeepPolicy(h.config.Hash, h.config.Text, c.present()); err != nil {
			return err
		}
		note := filepath.Base(x.File)
		if x.File == "-" {
			note = "stdin"
		}
		im, err := h.store.ImportSuppressions(h.config.Policy, operator(), note, c.present())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, im.Close()) }()
		t := &suppressionImport{now: c.present(), keyColumn: x.Key, save: im.Preview, reasons: map[string]int64{}}
		if x.Apply {
			t.save = im.Take
		}
		out, err := x.read(c, h.config.Keys, t)
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
		return errors.Join(t.show(c, h, x.Apply, did.Batch, out.Lines, x.File), out.err(x.File))
	})
}

// suppressionImport takes in suppressions.
type suppressionImport struct {
	now           hygiene.Instant
	save          func([]store.ImportedSuppression) (store.Suppressed, error)
	keyColumn     string
	reason, until int      // their columns; until is -1 when there is none
	unread        []string // the names of the others
	waiting       []store.ImportedSuppression
	did           store.Suppressed
	reasons       map[string]int64 // how many lines give which, of the first few hundred
}

// mostReasons is of how many reasons the lines are counted.
const mostReasons = 500

func (t *suppressionImport) columns(names []string) error {
	t.reason, t.until, t.unread = -1, -1, []string{}
	for i, name := range names {
		switch {
		case isSpecial(name, "reason") && t.reason >= 0, isSpecial(name, "until") && t.until >= 0:
			return fmt.Errorf("the header names %q twice: rename one", strings.ToLower(name))
		case isSpecial(name, "reason"):
			t.reason = i
		case isSpecial(name, "until"):
			t.until = i
		case name != "" && !isSpecial(name, t.keyColumn):
			t.unread = append(t.unread, name)
		}
	}
	if t.reason < 0 {
		return fmt.Errorf("it has no column %q, its first line names %q: it must name contact and reason, and may name until", "reason", names)
	}
	return nil
}

func (t *suppressionImport) take(key string, fields []string) error {
	s := store.ImportedSuppression{Key: key, Reason: fields[t.reason]}
	if t.until >= 0 && fields[t.until] != "" {
		until, err := hygiene.ParseDate(fields[t.until])
		if err != nil {
			return fmt.Errorf("until: %w", err)
		}
		s.Until = until
	}
	if err := checkInstruction(hygiene.Instruction{Kind: hygiene.Suppress, Reason: s.Reason, Until: s.Until}, t.now); err != nil {
		return err
	}
	if _, known := t.reasons[s.Reason]; known || len(t.reasons) < mostReasons {
		t.reasons[s.Reason]++
	}
	t.waiting = append(t.waiting, s)
	return nil
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
	New       int64            `json:"new_contacts"`
	Rejected  int64            `json:"rejected"`
	Reasons   map[string]int64 `json:"reasons"` // lines by reason
	Unread    []string         `json:"columns_not_read"`
}

func (t *suppressionImport) show(c *call, h *house, applied bool, batch, rejected int64, file string) error {
	if c.json {
		return c.printJSON(importedSuppressions{applied, batch, t.did.Opened, t.did.Renewed, t.did.Same, t.did.New, rejected, t.reasons, t.unread})
	}
	opened := plural(t.did.Opened, "suppression") + " would be"
	if applied {
		opened = wasWere(t.did.Opened, "suppression")
	}
	fmt.Fprintf(c.Stdout, "%s: %s opened, %s made longer, %s there before; %s\n", file, opened,
		grouped(t.did.Renewed), grouped(t.did.Same), newContacts(t.did.New))
	t.showReasons(c, h)
	t.showColumns(c)
	if !applied && t.did.Opened+t.did.Renewed > 0 {
		fmt.Fprintln(c.Stdout, "nothing is changed yet: --apply does it")
	}
	return c.tellBatch(batch)
}

// showColumns tells what of the file counts for nothing: a column expires that
// was meant as until makes suppressions for good.
func (t *suppressionImport) showColumns(c *call) {
	if len(t.unread) > 0 {
		fmt.Fprintf(c.Stdout, "%s not read, only the contact, reason and until are: %s\n", wasWere(int64(len(t.unread)), "column"), shortened(printable(strings.Join(t.unread, ", ")), 120))
	}
}

// shownReasons is how many reasons are listed.
const shownReasons = 15

// showReasons counts the lines by reason, and doubts those that no rule gives and
// that are nearly one that a rule does.
func (t *suppressionImport) showReasons(c *call, h *house) {
	_, known := suppressing(h.config.Policy)
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
		rows = append(rows, []string{"  " + reason, plural(t.reasons[reason], "line"), hint})
	}
	table(c.Stdout, rows)
	if n := len(order) - shownReasons; n > 0 {
		fmt.Fprintf(c.Stdout, "  and %s\n", plural(int64(n), "other reason"))
	}
}
