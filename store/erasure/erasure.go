// Package erasure erases persons from the store's database and its files.
//
// [Tables] and [Folders] list every place where something is kept, and say how a person is
// erased from it. A test compares them with the tables that there are: a new table gets a
// line there, and what the line says is done.
//
// A person is forgotten like this, as package store calls it:
//
//  1. It is asked for: a row of the table erasures, of each person. So requests that wait
//     share what follows, and what is killed is finished later, by a start or a sweep.
//  2. The contact is deleted, in one transaction, with all that is found by its key, its
//     ids and its numbers. What must outlast it was kept before, as hashes.
//  3. What is found only by reading is read in steps, beside all else: the send log, notes,
//     the log, the quarantine, and the files. [Names] has what is looked for.
//  4. At last the end of the log is read while nothing is appended, and the write-ahead
//     log is emptied in the same moment: no event that came before is left. Then the names
//     are deleted from the table erasures, and what came meanwhile is erased too.
//
// Each step may be repeated. An event that is erased stays in the log, without message,
// contact and body: counts and cursors stay as they are.
//
// Where to change what: what names a person in a text is decided in names.go, what of the
// log is erased in log.go, and the order of the steps in run.go.
package erasure

// Person is one who is being forgotten.
type Person struct {
	Keys    []string // of the contact, its own first; none for a number that nobody has
	IDs     []int64  // contacts.id of these keys
	Numbers []Number // all on which something of the person lies
}

// Number is a phone number of a person.
type Number struct {
	Phone  string // E.164
	Others bool   // other contacts have it too, or had it: what lies on it stays
}

// Folders says of each folder and file that the store keeps beside its database whether it
// holds persons, and how they are erased from it. They are named as Store.Folder names
// them, or by their ending.
var Folders = map[string]string{
	"members":          "lists of members are written anew without the contact",
	"outbox":           "runs that wait for a remote are written anew without the contact",
	"winnow-scratch-*": "they lose their name when they are opened, and end with their process",
	".jobs":            "", ".run": "",
	"-wal": "emptied at the end", "-shm": "",
}
