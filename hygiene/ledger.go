package hygiene

// Act is what a ledger entry says happened to a contact.
type Act string

// The acts of the ledger. They are stored as these words.
const (
	Suppressed Act = "suppressed"
	Renewed    Act = "renewed"  // the same suppression, until later
	Released   Act = "released" // by a rule, a review, an operator, or judged anew
	RetrySet   Act = "retry"
	RetryEnded Act = "retry_ended"
	GaveUp     Act = "gave_up" // bounced past the end of the retry list
	Tagged     Act = "tagged"
	Untagged   Act = "untagged"
	Allowed    Act = "allowed" // an operator struck all evidence
	Struck     Act = "struck"  // an operator struck some evidence
	Undone     Act = "undone"  // an operator took a batch back
	Redone     Act = "redone"  // an operator took that back
)

// Change is one ledger entry: a fact that was added to a contact's story and is
// never rewritten.
type Change struct {
	At       Instant // when it took effect in the contact's life
	Seq      int64   // the place in the log of what brought it about
	Act      Act
	Reason   string // of the suppression, or the tag's name
	Hand     Hand
	Held     int64   // the breaker's trip that the suppression waits for
	Until    Instant // of the suppression, or when the retry is due; 0 for good
	Attempt  int     // of the retry
	Rule     string  // empty when no rule did it
	Evidence []int64 // seq of the entries counted at the opening
	By, Note string
}
