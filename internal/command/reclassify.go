package command

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/store"
)

// reclassifyCommand gives stored events the outcomes that this config says.
type reclassifyCommand struct {
	Apply  bool   `help:"Do it. Without it, only show."`
	Reason string `placeholder:"opted_out" enum:",opted_out" default:"" help:"Release also who had opted out, which must be named."`
	Note   string `placeholder:"TEXT" help:"Why, for whoever asks later."`
}

// reclassified is what reclassify prints as JSON.
type reclassified struct {
	Kind     store.BatchKind `json:"kind"`
	Batch    int64           `json:"batch,omitempty"`
	Applied  bool            `json:"applied"`
	Events   int64           `json:"events"`   // whose outcome changes
	Contacts int64           `json:"contacts"` // with such events; applied, those whose history changed
	effectOfReclassifying
	Lines []reclassifiedLine `json:"lines"`
	Kept  []keptSource       `json:"sources_gone"`

	looked   int64
	pending  int64 // events whose outcome an act that was cut short left to be written
	optedOut int64 // events that would no longer opt anybody out
}

// effectOfReclassifying is what judging the contacts again changed: known once
// applied, and absent before.
type effectOfReclassifying struct {
	Changes    *int64 `json:"changes,omitempty"`    // ledger entries
	Released   *int64 `json:"released,omitempty"`   // contacts
	Suppressed *int64 `json:"suppressed,omitempty"` // contacts
}

// reclassifiedLine is one line of the tables that reads otherwise than before.
type reclassifiedLine struct {
	store.Reclassified
	From   string `json:"from"`
	To     string `json:"to"`
	Events int64  `json:"events"`
}

// keptSource is a source that is not in the config any more.
type keptSource struct {
	Source string `json:"source"`
	Events int64  `json:"events"`
}

// Run shows which events have another outcome by this config, or gives it to them.
func (x reclassifyCommand) Run(c *call) error {
	return c.with(store.OpenExisting, func(h *house) error {
		of, err := outcomesNow(h)
		if err != nil {
			return err
		}
		show, done := c.Progress("event")
		found, err := h.store.Misclassified(c.ctx, of, show)
		done()
		if err != nil {
			return err
		}
		found.Contacts = found.Touched
		r := newReclassified(found)
		r.optedOut = optOutsIn(h.config.Policy, r.Lines)
		if !x.Apply {
			return r.print(c)
		}
		if r.optedOut > 0 && x.Reason != hygiene.OptedOut {
			return fmt.Errorf("%s would no longer opt anybody out, and nothing was changed: mend the outcomes, or name it with --reason %s", ui.Count(r.optedOut, "event"), hygiene.OptedOut)
		}
		return x.apply(c, h, of)
	})
}

// optOutsIn counts the events on which rules opt contacts out, and which would be
// something else.
func optOutsIn(p *hygiene.Policy, lines []reclassifiedLine) (n int64) {
	var says hygiene.Outcomes
	for i := range p.Rules {
		if r := &p.Rules[i]; r.When != nil && r.Then.Suppress != nil && r.Then.Suppress.Reason == hygiene.OptedOut {
			says |= r.When.Outcomes
		}
	}
	for _, l := range lines {
		if says.Has(l.Was) && !says.Has(l.Is) {
			n += l.Events
		}
	}
	return n
}

func (x reclassifyCommand) apply(c *call, h *house, of store.Outcomes) error {
	a, done := c.act(h, "event")
	did, err := a.reclassify(c.ctx, of, store.Batch{By: operator(), Note: x.Note, About: "outcomes of policy " + h.config.Hash}, c.present())
	done()
	if err != nil {
		if did != nil && did.Batch != 0 {
			err = fmt.Errorf("%w; batch %d was cut short: doing it again does the rest", err, did.Batch)
		}
		return err
	}
	r := newReclassified(did)
	r.Applied, r.effectOfReclassifying = true, effectOfReclassifying{&did.Changes, &did.Released, &did.Silenced}
	return r.print(c)
}

// outcomesNow are the tables of the config's sources.
func outcomesNow(h *house) (store.Outcomes, error) {
	byName, err := readers(h.config)
	if err != nil {
		return nil, err
	}
	return func(source, event, code string) (hygiene.Outcome, bool) {
		r := byName[source]
		if r == nil {
			return 0, false
		}
		return r.Outcome(event, code), true
	}, nil
}

func newReclassified(did *store.Reclassification) *reclassified {
	r := &reclassified{Kind: store.ReclassifyBatch, Batch: did.Batch, Events: did.Events, Contacts: did.Contacts,
		Lines: []reclassifiedLine{}, Kept: []keptSource{}, looked: did.Looked, pending: did.Pending}
	for _, line := range did.Sorted() {
		r.Lines = append(r.Lines, reclassifiedLine{line, line.Was.String(), line.Is.String(), did.Lines[line]})
	}
	for _, source := range slices.Sorted(maps.Keys(did.Gone)) {
		r.Kept = append(r.Kept, keptSource{source, did.Gone[source]})
	}
	return r
}

func (r *reclassified) print(c *call) error {
	if c.JSON {
		return c.PrintJSON(r)
	}
	fmt.Fprintln(c.Stdout, r.sentence())
	r.printLines(c)
	for _, k := range r.Kept {
		fmt.Fprintf(c.Stdout, "the source %s is not in %s: its %s keep their outcomes\n", k.Source, c.config, ui.Count(k.Events, "event"))
	}
	if r.optedOut > 0 && !r.Applied {
		fmt.Fprintf(c.Stdout, "%s would no longer opt anybody out: --apply demands --reason %s\n", ui.Count(r.optedOut, "event"), hygiene.OptedOut)
	}
	var err error
	switch {
	case r.Batch != 0:
		_, err = fmt.Fprintf(c.Stdout, "batch %d: reclassifying with the outcomes of before takes it back\n", r.Batch)
	case !r.Applied && r.Events > 0:
		_, err = fmt.Fprintf(c.Stdout, "nothing was changed; winnow reclassify --apply%s does it, and judges these contacts again\n", c.withConfig())
	}
	return err
}

// linesShown is how many lines fit on a screen.
const linesShown = 30

func (r *reclassified) printLines(c *call) {
	if len(r.Lines) == 0 {
		return
	}
	rows := [][]string{{"SOURCE", "EVENT", "CODE", "FROM", "TO", "EVENTS"}}
	most := slices.SortedStableFunc(slices.Values(r.Lines), func(a, b reclassifiedLine) int { return cmp.Compare(b.Events, a.Events) })
	for _, l := range most[:min(len(most), linesShown)] {
		rows = append(rows, []string{l.Source, fmt.Sprintf("%.40s", l.Event), fmt.Sprintf("%.20s", l.Code), l.From, l.To, ui.Number(l.Events)})
	}
	fmt.Fprintln(c.Stdout)
	ui.Table(c.Stdout, rows)
	if more := len(most) - linesShown; more > 0 {
		fmt.Fprintf(c.Stdout, "… and %s more; --json lists all\n", ui.Count(int64(more), "line"))
	}
	fmt.Fprintln(c.Stdout)
}

func (r *reclassified) sentence() string {
	switch {
	case r.Events == 0 && r.pending > 0 && r.Applied:
		return fmt.Sprintf("reclassified: %s of an act that was cut short now have their outcome in the log", ui.Count(r.pending, "event"))
	case r.Events == 0 && r.pending > 0:
		return fmt.Sprintf("reclassify: %s of an act that was cut short wait for the rest: --apply does it", ui.Count(r.pending, "event"))
	case r.Events == 0:
		return fmt.Sprintf("reclassify: nothing changes: all %s have the outcomes that the config says", ui.Count(r.looked, "event"))
	case r.Applied:
		return fmt.Sprintf("reclassified %s of %s: %s suppressed, %s released, %s in the ledger", ui.Count(r.Events, "event"), ui.Count(r.Contacts, "contact"),
			ui.Number(*r.Suppressed), ui.Number(*r.Released), ui.Count(*r.Changes, "change"))
	}
	return fmt.Sprintf("reclassify: %s of %s would have another outcome", ui.Count(r.Events, "event"), ui.Count(r.Contacts, "contact"))
}
