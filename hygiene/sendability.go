package hygiene

// Sendability is whether a contact may be texted, and if not, why. It is the one rule
// for single contacts and for whole lists.
type Sendability struct {
	Status   string // a status's name, or "unknown"
	Sendable bool
	Reasons  []string // of a suppressed contact: why not to text it
}

// SendabilityOf is whether the contact may be texted at t. A nil contact is one that
// winnow does not know; it may be texted.
func SendabilityOf(c *Contact, t Instant) Sendability {
	if c == nil {
		return Sendability{Status: "unknown", Sendable: true}
	}
	status := c.Status(t)
	return Sendability{status.String(), status == Active || status == RetryDue, c.Reasons(t)}
}
