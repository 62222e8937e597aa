// Package regret tells how often a rule's suppression was followed by a delivery that
// proved it wrong. The figures are counted in the store as events come in, see package
// store/regret, and cost no pass: package regret says to which rules they belong.
//
// A rule that was edited is another rule: its figures begin anew, and those of before are
// listed as a former rule's. Rules that suppress for a protected reason are left out, as a
// person's word is not proved wrong by a delivery.
//
// Where to change what: what is measured, in hygiene/proof.go; what the API writes, in
// internal/console/view/regret.go.
package regret

import (
	"fmt"
	"io"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/regret"
)

// Of is what the rules of the policy did, in its order, and then what rules did that it no
// longer has, or that read otherwise then.
func Of(s *store.Store, p *hygiene.Policy, now hygiene.Instant) (*view.Rules, error) {
	counted, since, err := s.Regret(now)
	if err != nil {
		return nil, err
	}
	all := &view.Rules{Policy: p.Hash, Rules: []view.RuleRegret{}}
	if since > now.Add(-hygiene.RegretFor) {
		all.Since = &since
	}
	protected := func(name string) bool {
		return slices.ContainsFunc(p.Rules, func(r hygiene.Rule) bool {
			return r.Name == name && r.Then.Suppress != nil && p.Protects(r.Then.Suppress.Reason)
		})
	}
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Then.Suppress == nil || p.Protects(r.Then.Suppress.Reason) {
			continue
		}
		of := regret.Figures{Rule: r.Name, Digest: r.Digest()}
		is := func(f regret.Figures) bool { return f.Rule == of.Rule && f.Digest == of.Digest }
		if n := slices.IndexFunc(counted, is); n >= 0 {
			of = counted[n]
			counted = slices.Delete(counted, n, n+1)
		}
		all.Rules = append(all.Rules, viewOf(&of, false))
	}
	for i := range counted {
		if f := &counted[i]; !protected(f.Rule) {
			all.Rules = append(all.Rules, viewOf(f, true))
		}
	}
	return all, nil
}

func viewOf(f *regret.Figures, former bool) view.RuleRegret {
	v := view.RuleRegret{Rule: f.Rule, Acted: f.Acted, Right: f.Right, Regretted: f.Regretted, Unmeasured: f.Unmeasured(), Former: former}
	if share := f.Share(); f.Acted > 0 {
		v.Share = &share
	}
	return v
}

// Print prints a table of the rules, and what the columns mean.
func Print(w io.Writer, all *view.Rules) {
	if len(all.Rules) == 0 {
		fmt.Fprintln(w, "no rule suppresses for a reason that is not protected, so there is nothing to regret")
		return
	}
	rows := [][]string{{"RULE", "ACTED", "RIGHT", "REGRETTED", "UNMEASURED", "SHARE"}}
	for i := range all.Rules {
		r := &all.Rules[i]
		name, share := ui.Printable(r.Rule), "-"
		if r.Former {
			name += " (former)"
		}
		if r.Share != nil {
			share = ui.Percent(*r.Share)
		}
		rows = append(rows, []string{name, ui.Number(r.Acted), ui.Number(r.Right), ui.Number(r.Regretted), ui.Number(r.Unmeasured), share})
	}
	ui.Table(w, rows)
	fmt.Fprint(w, `
Of the suppressions that a rule opened in the last 90 days: regretted is what a later delivery to the contact proved wrong,
right what a later failure of another message confirmed, unmeasured what nothing speaks for or against. SHARE is how much
of all was regretted: it is at least that, as of what is unmeasured nobody knows.
`)
	if all.Since != nil {
		fmt.Fprintf(w, "Counted since %s.\n", all.Since.Time().Format(time.DateOnly))
	}
}
