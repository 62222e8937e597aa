package impact

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// print prints the backtest: the result first, then the rules, then what the
// numbers mean.
func (b *Backtest) print(w io.Writer) {
	since, until := b.Since.String(), b.Until.String()
	if b.span >= 2*hygiene.Day {
		since, until = b.Since.Time().Format(time.DateOnly), b.Until.Time().Format(time.DateOnly)
	}
	fmt.Fprintf(w, "backtest of %s (%s to %s", instant.FormatDuration(b.span), since, until)
	if b.Contacts == 0 {
		fmt.Fprintln(w, "): the log has no events of known contacts to replay")
	} else {
		fmt.Fprintf(w, ", %s of %s): %s\n\n", ui.Count(b.Events, "event"), ui.Count(b.Contacts, "contact"), b.summary())
		b.printRules(w)
	}
	b.printNotes(w)
}

// samePolicy reports whether the given policy is the one in force.
func (b *Backtest) samePolicy() bool { return b.InForce != nil && b.InForce.Policy == b.Given.Policy }

func (b *Backtest) summary() string {
	switch {
	case b.InForce == nil:
		return "this config would have " + b.Given.summary() + "; no other policy is in force yet"
	case b.samePolicy():
		return "the policy in force would have " + b.Given.summary() + "; this config has the same rules"
	}
	return fmt.Sprintf("the policy in force would have %s; this config: %s and %s", b.InForce.summary(), ui.Number(b.Given.Suppressed), ui.Number(b.Given.Regretted))
}

func (o *policyOutcome) summary() string {
	return fmt.Sprintf("suppressed %s, and %s delivered to later", ui.Count(o.Suppressed, "contact"), ui.CountVerb(o.Regretted, "", "of them was", "of them were"))
}

// printRules prints what each rule of either policy would have done. Rules that
// would have done nothing under both are only named.
func (b *Backtest) printRules(w io.Writer) {
	header, rows := []string{"", "THIS CONFIG"}, [][]string{{"RULE", "ACTED", "RIGHT", "REGRETTED", "UNMEASURED"}}
	outcomes := []*policyOutcome{&b.Given}
	if b.InForce != nil && !b.samePolicy() {
		header = []string{"", "IN FORCE", "", "", "", "THIS CONFIG"}
		rows[0] = append(rows[0], rows[0][1:]...)
		outcomes = []*policyOutcome{b.InForce, &b.Given}
	}
	var idle []string
	for _, name := range b.ruleNames() {
		row, acted := []string{name}, int64(0)
		for _, o := range outcomes {
			cells, n := o.ruleCells(name)
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

// ruleNames names the suppressing rules of both policies, each once.
func (b *Backtest) ruleNames() []string {
	var names []string
	for _, o := range []*policyOutcome{&b.Given, b.InForce} {
		if o == nil {
			continue
		}
		for _, r := range o.Rules {
			if !slices.Contains(names, r.Name) {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

// ruleCells are the cells of a rule in the table; dashes if the policy has no such
// rule.
func (o *policyOutcome) ruleCells(name string) (cells []string, acted int64) {
	for _, r := range o.Rules {
		if r.Name == name {
			return []string{ui.Number(r.Acted), ui.Number(r.Right), ui.Number(r.Regretted), ui.Number(r.Unmeasured)}, r.Acted
		}
	}
	return []string{"-", "-", "-", "-"}, 0
}

// maxSamples is how many contacts are printed for each rule.
const maxSamples = 3

// printNotes says what the numbers mean and what they leave out.
func (b *Backtest) printNotes(w io.Writer) {
	for _, r := range b.Given.Rules {
		if len(r.Samples) > 0 {
			fmt.Fprintf(w, "regretted by %s, for example: %s\n", r.Name, strings.Join(r.Samples[:min(maxSamples, len(r.Samples))], ", "))
		}
	}
	if b.Contacts > 0 {
		fmt.Fprint(w, "\n", regretNote)
	}
	if text := app.PrunedText(b.Pruned); text != "" {
		fmt.Fprintln(w, text)
	}
	if b.LogBegins != nil {
		fmt.Fprintf(w, "The log begins at %s: nothing earlier was replayed, so rules that look back further find less.\n", *b.LogBegins)
	} else if b.Earlier > 0 {
		fmt.Fprintf(w, "Also replayed, because rules look back: %s from before.\n", ui.Count(b.Earlier, "event"))
	}
	if b.Unmatched > 0 {
		fmt.Fprintf(w, "Left out, because the contact is unknown: %s; winnow unmatched lists them.\n", ui.Count(b.Unmatched, "event"))
	}
}

// regretNote says what a regret is, and what it is not.
const regretNote = `A suppression is regretted if the contact was delivered to while it was in effect: obeying it would have lost that message.
It is right if another message failed meanwhile, and unmeasured if nothing came that says either: contacts that the policy in
force kept from being texted were not delivered to, so it has too few regrets. A regretted opt-out was not wrong; it was
ignored. Manual changes and imports are not replayed, and reviews are made at midnight UTC.
`
