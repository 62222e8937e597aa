package impact

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/store"
)

// Backtest is what the rules would have done within a span of the past, under
// the policy in force and under that of the given config.
type Backtest struct {
	Since     hygiene.Instant  `json:"since"`
	Until     hygiene.Instant  `json:"until"`
	Events    int64            `json:"events"`               // of the span
	Earlier   int64            `json:"earlier_events"`       // replayed as well, since rules look back
	Contacts  int64            `json:"contacts"`             // replayed
	Unmatched int64            `json:"unmatched"`            // events left out, as their contact is not known
	LogBegins *hygiene.Instant `json:"log_begins,omitempty"` // when that is within the span
	InForce   *policyOutcome   `json:"in_force,omitempty"`   // nil when no policy is known to be in force
	Given     policyOutcome    `json:"given"`

	span time.Duration
}

// policyOutcome is what one policy would have done.
type policyOutcome struct {
	Policy     string        `json:"policy"`
	Suppressed int64         `json:"suppressed"` // contacts
	Regretted  int64         `json:"regretted"`  // those of them who were delivered to later
	Rules      []ruleOutcome `json:"rules"`      // those that suppress
}

// ruleOutcome is what one rule would have done, in suppressions.
type ruleOutcome struct {
	Name      string   `json:"name"`
	Acted     int64    `json:"acted"`
	Right     int64    `json:"right"`
	Regretted int64    `json:"regretted"`
	Samples   []string `json:"samples"` // contacts with a regretted one
}

// backtest replays the log under the policy in force, nil when none is known,
// and under that of the config, and counts what they would have done within the
// span before the present.
func runBacktest(ctx context.Context, out *ui.Printer, a *app.App, inForce *hygiene.Policy, span time.Duration, now hygiene.Instant) (*Backtest, error) {
	if span <= 0 {
		return nil, ui.Usagef("--backtest wants a span of time: write for example 90d")
	}
	until := now
	b := &Backtest{Since: until.Add(-span), Until: until, span: span}
	tests := []*hygiene.Backtest{hygiene.NewBacktest(a.Config.Policy, b.Since, until)}
	if inForce != nil && inForce.Hash != a.Config.Policy.Hash {
		tests = append(tests, hygiene.NewBacktest(inForce, b.Since, until))
	}
	did, err := replayLog(ctx, out, a.Store, store.BacktestOptions{Since: b.Since, Until: until}, tests)
	if err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	b.Events, b.Earlier, b.Contacts, b.Unmatched = did.Events, did.Earlier, did.Contacts, did.Unmatched
	if did.First > b.Since {
		b.LogBegins = &did.First
	}
	b.Given = outcomeOf(a.Config.Policy, tests[0])
	if inForce != nil { // under one policy both are one
		f := outcomeOf(inForce, tests[len(tests)-1])
		b.InForce = &f
	}
	return b, nil
}

// replayLog replays, and shows how far each of the two parts of the work is.
func replayLog(ctx context.Context, out *ui.Printer, s *store.Store, o store.BacktestOptions, tests []*hygiene.Backtest) (store.Backtested, error) {
	show, done := out.Progress("sorted event")
	defer func() { done() }()
	var judging sync.Once
	o.Sorted = show
	o.Judged = func(events int64) {
		judging.Do(func() {
			done()
			show, done = out.Progress("judged event")
		})
		if show != nil {
			show(events)
		}
	}
	return s.Backtest(ctx, o, tests...)
}

func outcomeOf(p *hygiene.Policy, t *hygiene.Backtest) policyOutcome {
	f := policyOutcome{Policy: p.Hash, Suppressed: t.Suppressed, Regretted: t.Regretted, Rules: []ruleOutcome{}}
	for i := range t.Rules {
		r := &t.Rules[i]
		f.Rules = append(f.Rules, ruleOutcome{r.Name, r.Acted, r.Right(), r.Regretted, append([]string{}, r.Samples...)})
	}
	return f
}

// print writes the backtest for people: the answer first.
func (b *Backtest) print(w io.Writer) {
	if b.Contacts == 0 {
		fmt.Fprintf(w, "%s): the log has no events of known contacts to replay\n", b.title())
		b.printNotes(w)
		return
	}
	fmt.Fprintf(w, "%s, %s of %s): %s\n\n", b.title(), ui.Count(b.Events, "event"), ui.Count(b.Contacts, "contact"), b.answer())
	b.printRules(w)
	b.printNotes(w)
}

// title names the span, in days when it is of days, up to a bracket that the
// caller closes.
func (b *Backtest) title() string {
	since, until := b.Since.String(), b.Until.String()
	if b.span >= 2*hygiene.Day {
		since, until = b.Since.Time().Format(time.DateOnly), b.Until.Time().Format(time.DateOnly)
	}
	return fmt.Sprintf("backtest of %s (%s to %s", hygiene.FormatDuration(b.span), since, until)
}

// same tells whether the given policy is the one in force.
func (b *Backtest) same() bool { return b.InForce != nil && b.InForce.Policy == b.Given.Policy }

func (b *Backtest) answer() string {
	switch {
	case b.InForce == nil:
		return "with this config " + b.Given.sentence() + "; no other policy is in force yet"
	case b.same():
		return "in force " + b.Given.sentence() + "; this config has the same rules"
	}
	return fmt.Sprintf("in force %s; this config: %s and %s", b.InForce.sentence(), ui.Number(b.Given.Suppressed), ui.Number(b.Given.Regretted))
}

func (f *policyOutcome) sentence() string {
	were := "were"
	if f.Regretted == 1 {
		were = "was"
	}
	return fmt.Sprintf("%s would have been suppressed, %s of them %s delivered to later", ui.Count(f.Suppressed, "contact"), ui.Number(f.Regretted), were)
}

// printRules writes what each rule of either policy would have done; those that
// would have done nothing in both are only named.
func (b *Backtest) printRules(w io.Writer) {
	header, rows := []string{"", "THIS CONFIG"}, [][]string{{"RULE", "ACTED", "RIGHT", "REGRETTED"}}
	sides := []*policyOutcome{&b.Given}
	if b.InForce != nil && !b.same() {
		header = []string{"", "IN FORCE", "", "", "THIS CONFIG"}
		rows[0] = append(rows[0], rows[0][1:]...)
		sides = []*policyOutcome{b.InForce, &b.Given}
	}
	var idle []string
	for _, name := range b.ruleNames() {
		row, acted := []string{name}, int64(0)
		for _, f := range sides {
			cells, n := f.cells(name)
			row, acted = append(row, cells...), acted+n
		}
		if acted > 0 {
			rows = append(rows, row)
		} else {
			idle = append(idle, name)
		}
	}
	if len(rows) > 1 {
		ui.Table(w, append([][]string{header}, rows...))
	}
	if idle != nil {
		fmt.Fprintf(w, "suppressed nobody: %s\n", strings.Join(idle, ", "))
	}
}

// ruleNames names the rules of either policy that suppress.
func (b *Backtest) ruleNames() []string {
	var names []string
	for _, f := range []*policyOutcome{&b.Given, b.InForce} {
		if f == nil {
			continue
		}
		for _, r := range f.Rules {
			if !slices.Contains(names, r.Name) {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

// cells are the columns of a rule; dashes where the policy has no such rule.
func (f *policyOutcome) cells(name string) (cells []string, acted int64) {
	for _, r := range f.Rules {
		if r.Name == name {
			return []string{ui.Number(r.Acted), ui.Number(r.Right), ui.Number(r.Regretted)}, r.Acted
		}
	}
	return []string{"-", "-", "-"}, 0
}

// samplesShown is how many contacts are named to people for each rule.
const samplesShown = 3

// printNotes says what the numbers mean and what they leave out.
func (b *Backtest) printNotes(w io.Writer) {
	for _, r := range b.Given.Rules {
		if len(r.Samples) > 0 {
			fmt.Fprintf(w, "%s regrets for example %s\n", r.Name, strings.Join(r.Samples[:min(samplesShown, len(r.Samples))], ", "))
		}
	}
	if b.Contacts > 0 {
		fmt.Fprint(w, "\n", meaning)
	}
	if b.LogBegins != nil {
		fmt.Fprintf(w, "The log begins at %s: nothing before that was replayed, so rules that look back further find less.\n", *b.LogBegins)
	} else if b.Earlier > 0 {
		fmt.Fprintf(w, "Replayed first, since rules look back: %s from before.\n", ui.Count(b.Earlier, "event"))
	}
	if b.Unmatched > 0 {
		fmt.Fprintf(w, "Left out, as the contact is not known: %s; winnow unmatched shows which.\n", ui.Count(b.Unmatched, "event"))
	}
}

// meaning is what regret is, and what it is not.
const meaning = `A suppression is regretted when the contact was delivered to while it stood: heeding it would have lost that message.
The others count as right, which is no proof: whom the policy in force kept from being texted was not delivered to,
so it regrets too little. A regretted opt-out was not wrong, it was not heeded. Acts of operators and imports are not
replayed, and reviews are made at midnight UTC.
`
