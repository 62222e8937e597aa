package impact

import (
	"slices"

	"winnow/hygiene"
)

// previewContact runs change on a contact, which also loses or gets the words of its
// numbers as they are then. It reports whether anything changed for the contact.
func (u *UndoResult) previewContact(contact *hygiene.Contact, numbers []*hygiene.Contact, m hygiene.Moment, change func(*hygiene.Contact, hygiene.Moment) bool) bool {
	changed, spoke := change(contact, m), false
	for i, number := range numbers {
		then := copyNumber(number)
		did := change(then, m)
		if numbers[i], spoke = then, spoke || did; hygiene.NumberIn(number.Key) == contact.Phone {
			contact.OnNumber, changed = then.Suppressions, changed || did
		}
	}
	if spoke {
		_, took := u.effect.policy.TakeWords(contact, numbers, m)
		changed = changed || took
	}
	return changed
}

// copyNumber is a copy that may be changed. Several contacts may have the number.
func copyNumber(number *hygiene.Contact) *hygiene.Contact {
	d := *number
	d.Suppressions, d.Tags, d.Instructions = slices.Clone(d.Suppressions), slices.Clone(d.Tags), slices.Clone(d.Instructions)
	return &d
}
