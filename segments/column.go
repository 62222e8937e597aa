package segments

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
)

// Column is one column of a file. Make it with [ParseColumn]; two columns of
// the same name are equal.
type Column struct {
	name    string
	field   field
	outcome hygiene.Outcome // of the fields of an outcome
}

// field is what a column shows of a contact.
type field uint8

const (
	contactField field = iota + 1
	phoneField
	statusField
	reasonsField
	suppressedSinceField
	suppressedUntilField
	messageIDField
	uniqueArgsField
	attemptField
	dueAtField
	tagsField
	listsField
	firstSeenField
	lastSeenField
	firstOutcomeField
	lastOutcomeField
	outcomeCountField
	attributeField
)

var fieldNames = [...]string{
	contactField: "contact", phoneField: "phone", statusField: "status", reasonsField: "reasons",
	suppressedSinceField: "suppressed_since", suppressedUntilField: "suppressed_until",
	messageIDField: "message_id", uniqueArgsField: "unique_args", attemptField: "attempt", dueAtField: "due_at",
	tagsField: "tags", listsField: "lists", firstSeenField: "first_seen", lastSeenField: "last_seen",
}

const attributePrefix = "attributes."

// columns holds every column but those of attributes, in the order of the
// documentation.
var columns = knownColumns()

func knownColumns() []Column {
	var known []Column
	for f := contactField; f <= lastSeenField; f++ {
		known = append(known, Column{name: fieldNames[f], field: f})
	}
	for _, name := range hygiene.OutcomeNames() {
		o, err := hygiene.ParseOutcome(name)
		if err != nil {
			panic(err) // the names are hygiene's own
		}
		known = append(known,
			Column{"first_" + name + "_at", firstOutcomeField, o},
			Column{"last_" + name + "_at", lastOutcomeField, o},
			Column{name + "_count", outcomeCountField, o})
	}
	return known
}

// ParseColumn finds the column of that name: one of [ColumnNames] or
// attributes.NAME. The error of any other says which was probably meant.
func ParseColumn(name string) (Column, error) {
	if attribute, ok := strings.CutPrefix(name, attributePrefix); ok {
		if attribute == "" {
			return Column{}, fmt.Errorf("column %q needs the name of an attribute, like attributes.country", name)
		}
		return Column{name: name, field: attributeField}, nil
	}
	i := slices.IndexFunc(columns, func(c Column) bool { return c.name == name })
	if i < 0 {
		return Column{}, unknownColumn(name)
	}
	return columns[i], nil
}

// ColumnNames lists the names of all columns but those of attributes.
func ColumnNames() []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

// DefaultColumns is what a segment shows that names no columns: contact, phone
// and status.
func DefaultColumns() []Column {
	return []Column{columns[contactField-1], columns[phoneField-1], columns[statusField-1]}
}

// String is the column's name, which is also its header.
func (c Column) String() string { return c.name }

// attribute is the name of the attribute that an attribute's column shows.
func (c Column) attribute() string { return c.name[len(attributePrefix):] }

// needsMessage tells whether the column shows something of the bounced message,
// which a snapshot fills in only when it is asked to.
func (c Column) needsMessage() bool {
	return c.field == messageIDField || c.field == uniqueArgsField
}

func unknownColumn(name string) error {
	if meant := nearestColumn(name); meant != "" {
		return fmt.Errorf("unknown column %q, did you mean %q?", name, meant)
	}
	return fmt.Errorf("unknown column %q: write for example contact, phone, status, last_delivered_at or attributes.country", name)
}

// nearestColumn is the known name that is the fewest typing errors away, or
// empty when all are too far for a guess.
func nearestColumn(name string) string {
	if prefix, attribute, ok := strings.Cut(name, "."); ok && attribute != "" {
		if typingErrors(prefix, "attributes") <= 3 {
			return attributePrefix + attribute
		}
		return ""
	}
	nearest, fewest := "", min(len(name)/3, 3)+1
	for _, c := range columns {
		if n := typingErrors(name, c.name); n < fewest {
			nearest, fewest = c.name, n
		}
	}
	return nearest
}

// typingErrors is how many letters must be changed, added or taken away to make
// b of a.
func typingErrors(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
