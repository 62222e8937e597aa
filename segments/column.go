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
	field   *field
	outcome hygiene.Outcome // of outcomeFields
	header  string          // empty for the name
}

// field is what a column shows of a contact.
type field struct {
	name         string // of the column; in outcomeFields, %s stands for the outcome
	fill         func(v *view, to *cell, c *Column)
	needsMessage bool // it shows something of the bounced message
	form         form // of its cells that are not absent; absentForm for texts, and for what is a text in formats with types
}

// contactFields are the columns of a contact, in the order of the documentation.
var contactFields = []field{
	{name: contactColumn, fill: func(v *view, to *cell, _ *Column) { to.setText(v.contact.Key) }},
	{name: phoneColumn, fill: func(v *view, to *cell, _ *Column) { to.setText(v.phone()) }},
	{name: "status", fill: func(v *view, to *cell, _ *Column) { to.setText(v.contact.Status(v.asOf).String()) }},
	{name: "reasons", form: listForm, fill: (*view).fillReasons},
	{name: "suppressed_since", form: timeForm, fill: (*view).fillSuppressedSince},
	{name: "suppressed_until", form: timeForm, fill: (*view).fillSuppressedUntil},
	{name: messageIDColumn, fill: (*view).fillMessageID, needsMessage: true},
	{name: uniqueArgsColumn, fill: (*view).fillUniqueArgs, needsMessage: true},
	{name: attemptColumn, form: numberForm, fill: (*view).fillAttempt},
	{name: dueAtColumn, form: timeForm, fill: (*view).fillDueAt},
	{name: "tags", form: listForm, fill: (*view).fillTags},
	{name: "lists", form: listForm, fill: (*view).fillLists},
	{name: "first_seen", form: timeForm, fill: func(v *view, to *cell, _ *Column) { to.setTime(v.contact.History.FirstSeen()) }},
	{name: "last_seen", form: timeForm, fill: func(v *view, to *cell, _ *Column) { to.setTime(v.contact.History.Latest().At) }},
}

// outcomeFields are the columns of each outcome.
var outcomeFields = []field{
	{name: "first_%s_at", form: timeForm, fill: func(v *view, to *cell, c *Column) { to.setTime(v.contact.History.Outcome(c.outcome).First) }},
	{name: "last_%s_at", form: timeForm, fill: func(v *view, to *cell, c *Column) { to.setTime(v.contact.History.Outcome(c.outcome).Last().At) }},
	{name: "%s_count", form: numberForm, fill: func(v *view, to *cell, c *Column) { to.setNumber(len(v.contact.History.Outcome(c.outcome).Entries)) }},
}

// attributeField is the column of an attribute; its name is attributePrefix and
// that of the attribute.
var attributeField = field{fill: (*view).fillAttribute}

const attributePrefix = "attributes."

// The names of the columns that may show the key.
const (
	contactColumn = "contact"
	phoneColumn   = "phone"
)

// The names of the columns that show a retry.
const (
	messageIDColumn  = "message_id"
	uniqueArgsColumn = "unique_args"
	attemptColumn    = "attempt"
	dueAtColumn      = "due_at"
)

// changeColumn is the name of a delta's first column.
const changeColumn = "change"

// columns has all columns but those of attributes, in the order of the
// documentation.
var columns = allColumns()

func allColumns() []Column {
	var all []Column
	for i := range contactFields {
		all = append(all, Column{name: contactFields[i].name, field: &contactFields[i]})
	}
	for _, name := range hygiene.OutcomeNames() {
		o, err := hygiene.ParseOutcome(name)
		if err != nil {
			panic(err) // the names are hygiene's own
		}
		for i := range outcomeFields {
			all = append(all, Column{name: fmt.Sprintf(outcomeFields[i].name, name), field: &outcomeFields[i], outcome: o})
		}
	}
	return all
}

// ParseColumn finds the column of that name: one of [ColumnNames] or
// attributes.NAME. The error for any other name says which was probably meant.
func ParseColumn(name string) (Column, error) {
	if attribute, ok := strings.CutPrefix(name, attributePrefix); ok {
		if attribute == "" {
			return Column{}, fmt.Errorf("column %q needs the name of an attribute, like attributes.country", name)
		}
		return Column{name: name, field: &attributeField}, nil
	}
	i := slices.IndexFunc(columns, func(c Column) bool { return c.name == name })
	if i < 0 {
		return Column{}, unknownColumn(name)
	}
	return columns[i], nil
}

func unknownColumn(name string) error {
	if meant := nearestColumn(name); meant != "" {
		return fmt.Errorf("unknown column %q, did you mean %q?", name, meant)
	}
	return fmt.Errorf("unknown column %q: write for example contact, phone, status, last_delivered_at or attributes.country", name)
}

// nearestColumn returns the name that was probably meant, or nothing.
func nearestColumn(name string) string {
	if prefix, attribute, ok := strings.Cut(name, "."); ok && attribute != "" {
		if suggest.Within(prefix, []string{"attributes"}, 3) == "" {
			return ""
		}
		return attributePrefix + attribute
	}
	return suggest.Nearest(name, ColumnNames())
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
	var list []Column
	for _, c := range columns {
		if c.name == "contact" || c.name == "phone" || c.name == "status" {
			list = append(list, c)
		}
	}
	return list
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

// WithHeader is the column under another header, the name that readers of the files
// expect: the header of CSV, the key of JSON. It is UTF-8 on one line, and not
// "change", the first column of every delta.
func (c Column) WithHeader(header string) (Column, error) {
	switch {
	case strings.TrimSpace(header) == "":
		return Column{}, errors.New("a header can't be empty")
	case strings.ContainsFunc(header, isInvisible):
		return Column{}, fmt.Errorf("the header %q has a character that can't be seen, such as a line break", header)
	case header == changeColumn:
		return Column{}, fmt.Errorf("a header can't be %q, which is the first column of every delta", header)
	}
	c.header = header
	return c, nil
}

// isInvisible reports control characters, the line breaks that only Unicode
// knows, and the byte order mark. Import screens match headers by their letters:
// nobody would see why one with these does not match.
func isInvisible(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff'
}

// attribute is the name of the attribute that an attribute's column shows.
func (c Column) attribute() string { return c.name[len(attributePrefix):] }

// needsMessage reports whether the column shows something of the bounced message,
// which a snapshot fills in only on request.
func (c Column) needsMessage() bool { return c.field != nil && c.field.needsMessage }
