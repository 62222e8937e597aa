package segments

import (
	"fmt"
	"slices"
	"strings"
)

// Changes is a set of the changes that a delta lists.
type Changes uint8

// The changes of a contact in a segment since the last published run.
const (
	Entered Changes = 1 << iota // it is in the segment now, or has another retry
	Left                        // it is not in the segment any more, or was merged into another
	Changed                     // it was and is in the segment, with another row
)

// DefaultChanges are the changes of a delta for which nothing else is said.
const DefaultChanges = Entered | Left

// The words of the column change, which is a delta's first.
const (
	entered = "entered"
	left    = "left"
	changed = "changed" // a member as before, with another row
	merged  = "merged"  // left, because the contact is another one now
)

// changeWords are the words of the changes, in their order.
var changeWords = []string{entered, left, changed}

// ChangeWords lists the words that [ParseChange] takes.
func ChangeWords() []string { return slices.Clone(changeWords) }

// ParseChange finds the change of that word: entered, left or changed.
func ParseChange(word string) (Changes, error) {
	i := slices.Index(changeWords, word)
	if i < 0 {
		return 0, fmt.Errorf("unknown change %q; the changes are %s", word, strings.Join(changeWords, ", "))
	}
	return 1 << i, nil
}
