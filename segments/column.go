package segments

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"winnow/hygiene"
	"winnow/internal/suggest"
)

// Column is one column of a file. Make it with [ParseColumn]; two columns of
// the same name and header are equal.
type Column struct {
	name    string
	field   field
	outcome hygiene.Outcome // of the fields of an outcome
	header  string          // empty for the name
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
			Column{name: "first_" + name + "_at", field: firstOutcomeField, outcome: o},
			Column{name: "last_" + name + "_at", field: lastOutcomeField, outcome: o},
			Column{name: name + "_count", field: outcomeCountField, outcome: o})
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

// String is the column's name.
func (c Column) String() string { return c.name }

// Header is what files call the column: its name, unless it was given another.
func (c Column) Header() string {
	if c.header != "" {
		return c.header
	}
	return c.name
}

// As is the column under another header, the word of whoever reads the files:
// the header of CSV, the key of JSON. It is UTF-8 on one line, and not "change",
// which a delta's first column is called.
func (c Column) As(header string) (Column, error) {
	switch {
	case strings.TrimSpace(header) == "":
		return Column{}, errors.New("a header can't be empty")
	case strings.ContainsFunc(header, breaksHeader):
		return Column{}, fmt.Errorf("the header %q has a character that can't be seen, such as a line break", header)
	case header == changeColumn:
		return Column{}, fmt.Errorf("a header can't be %q, which is the first column of every delta", header)
	}
	c.header = header
	return c, nil
}

// breaksHeader tells of control characters, of the line breaks that only
// Unicode knows, and of the byte order mark. Import screens match headers by
// their letters: nobody would see why one with these does not match.
func breaksHeader(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff'
}

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

// nearestColumn is the name that was probably meant, or empty.
func nearestColumn(name string) string {
	if prefix, attribute, ok := strings.Cut(name, "."); ok && attribute != "" {
		if suggest.Within(prefix, []string{"attributes"}, 3) == "" {
			return ""
		}
		return attributePrefix + attribute
	}
	return suggest.Nearest(name, ColumnNames())
}
