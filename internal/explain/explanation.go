package explain

import (
	"winnow/hygiene"
	"winnow/internal/console/view"
	"winnow/store"
)

// Explanation is everything that winnow knows of a contact, as the API shows it, and
// what only people are shown.
type Explanation struct {
	view.Explanation

	policy *hygiene.Policy     // that it was explained under
	reason string              // why the contact has its status
	next   string              // what ends the status, and the commands to type
	flags  string              // of the command that explains it again, beside -v
	ledger []store.LedgerEntry // the latest entries, latest first
}
