package hygiene

import "slices"

// Sendability is whether a contact may be texted, and if not, why. It is the one rule
// for single contacts and for whole lists.
type Sendability struct {
	Status   string // a status's name, or "unknown"
	Sendable bool
	Reasons  []string // of a suppressed contact: why not to text it
}

// SendableExcept is SendabilityOf for a purpose for which suppressions of these reasons
// do not count, and the reasons among them for which the contact is suppressed.
func SendableExcept(c *Contact, except []string, t Instant) (is Sendability, excepted []string) {
	if c == nil || len(except) == 0 {
		return SendabilityOf(c, t), nil
	}
	excepted = slices.DeleteFunc(c.Reasons(t), func(reason string) bool { return !slices.Contains(except, reason) })
	defer c.Except(c.Except(except))
	return SendabilityOf(c, t), excepted
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
