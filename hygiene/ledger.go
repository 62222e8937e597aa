package hygiene

// Act is what a ledger entry says happened to a contact.
type Act string

// The acts of the ledger. They are stored as these words.
const (
	Suppressed Act = "suppressed"
	Renewed    Act = "renewed"   // the same suppression, until later
	Confirmed  Act = "confirmed" // an operator said again what was in force
	Released   Act = "released"  // by a rule, a review, an operator or a replay
	RetrySet   Act = "retry"
	RetryEnded Act = "retry_ended"
	GaveUp     Act = "gave_up" // bounced past the end of the retry list
	Tagged     Act = "tagged"
	Untagged   Act = "untagged"
	Allowed    Act = "allowed"   // an operator struck all evidence
	Struck     Act = "struck"    // an operator struck some evidence
	Undone     Act = "undone"    // an operator undid a batch
	Redone     Act = "redone"    // an operator undid that
	Merged     Act = "merged"    // with another contact
	Inherited  Act = "inherited" // it got a number that is suppressed
)

// Change is one ledger entry: a fact about a contact that is added and never
// rewritten.
type Change struct {
	At       Instant // when it took effect for the contact
	Seq      int64   // the place in the log of what caused it
	Act      Act
	Reason   string // of the suppression, or the tag's name
	Origin   Origin
	Held     int64   // the breaker trip that holds the suppression; 0 for none
	Until    Instant // end of the suppression, 0 for permanent; or when the retry is due
	Attempt  int     // of the retry
	Rule     string  // empty when no rule did it
	Evidence []int64 // seq of the entries that were counted at the opening
	By, Note string
}
