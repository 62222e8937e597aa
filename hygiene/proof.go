package hygiene

// Proof is what later events say of a suppression that a rule opened. A later Proof is
// the stronger one, and stands. It changes nothing for the contact: it measures the rule.
type Proof uint8

// The proofs. The numbers are stored.
const (
	Unmeasured Proof = iota // nothing arrived, so nobody knows
	FoundRight              // another message to the contact failed too
	Regretted               // a message was delivered: obeying the suppression would have lost it
)

// RegretFor is how far back rules are measured.
const RegretFor = 90 * Day

// provenBy is which events prove what. A failure by the fault of the content, of the
// sender or of nobody says nothing.
var provenBy = [...]Outcomes{
	FoundRight: OutcomesOf(HardBounce, SoftBounce, InvalidNumber, Blocked, Deactivated),
	Regretted:  OutcomesOf(Delivered),
}

// ProofBy is what an event of that outcome may say about a suppression that is open.
func ProofBy(o Outcome) Proof {
	for p := Regretted; p > Unmeasured; p-- {
		if provenBy[p].Has(o) {
			return p
		}
	}
	return Unmeasured
}
