package explain

import (
	"cmp"
	"slices"

	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/store"
)

// Explanation is everything that winnow knows of a contact, as the API shows it, and
// what only people are shown.
type Explanation struct {
	view.Explanation

	policy *hygiene.Policy // that it was explained under
	reason string          // why the contact has its status
	next   string          // what ends the status, and the commands to type
	flags  string          // of the command that explains it again, beside -v
	ledger []decision      // the latest, latest first
}

// decision is a ledger entry of the contact, or of its number.
type decision struct {
	store.LedgerEntry
	number string // in E.164; empty for an entry of the contact, and where a number is explained
}

// maxDecisions is how many are shown.
const maxDecisions = 10

// addLedger adds the latest entries of a ledger. Those of a number that say what one of
// the contact says are left out.
func (e *Explanation) addLedger(ledger []store.LedgerEntry, number string) {
	own := e.ledger
	for _, l := range ledger[:min(maxDecisions, len(ledger))] {
		said := slices.ContainsFunc(own, func(d decision) bool { return d.At == l.At && d.Act == l.Act && d.Reason == l.Reason })
		if !said {
			e.ledger = append(e.ledger, decision{l, number})
		}
	}
	slices.SortStableFunc(e.ledger, func(a, b decision) int { return cmp.Compare(b.At, a.At) })
	e.ledger = e.ledger[:min(maxDecisions, len(e.ledger))]
}
