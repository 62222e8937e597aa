// Package erasure erases a person from the store's database and its files.
//
// A [Person] is all that names one: the keys of the contact, also those that were merged
// into it, the numbers on which something of it lies, and the ids of messages to it.
// Package store finds the person, and erases what only it can write: the contact, and
// what it gave to numbers.
package erasure

import "winnow/hygiene"

// Person is one who is to be forgotten.
type Person struct {
	Keys    []string // of the contact, its own first; none for a number that nobody has
	IDs     []int64  // contacts.id of these keys, as the ledger has them
	Numbers []Number // all on which something of the person lies, its present one first

	// Open are the suppressions of the contact itself that are in force, or that a breaker
	// holds.
	Open []hygiene.Suppression
}

// Number is a phone number of a person.
type Number struct {
	Phone  string                // E.164
	Open   []hygiene.Suppression // that lie on it
	Others bool                  // other contacts have it too, or had it: what lies on it stays
}
