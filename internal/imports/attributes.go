package imports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/ui"
)

const (
	// maxAttributeName is the maximum size in bytes of the name of an attribute.
	maxAttributeName = 128
	// maxAttributeValue is the maximum size in bytes of its value: a run holds
	// hundreds of contacts in memory.
	maxAttributeValue = 8 << 10
)

// checkAttributeName returns an error when a config could not name an attribute after
// the column. Columns count from 1.
func checkAttributeName(name string, column int) error {
	problem := ""
	switch {
	case name == "":
		problem = "has no name"
	case !utf8.ValidString(name):
		problem = "has a name that is not UTF-8"
	case len(name) > maxAttributeName:
		problem = fmt.Sprintf("has a name of %d bytes, and at most %d are possible", len(name), maxAttributeName)
	case strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		problem = fmt.Sprintf("has control characters in its name %q", name)
	default:
		return nil
	}
	return fmt.Errorf("column %d %s; every column except the contact's key and phone becomes an attribute that the config can name: rename or remove it", column, problem)
}

// attributeValue parses a cell. Spreadsheets save truth values as TRUE and FALSE,
// however they were written before.
func attributeValue(cell string) hygiene.Value {
	if cell == "TRUE" || cell == "FALSE" {
		cell = strings.ToLower(cell)
	}
	return hygiene.ParseValue(cell)
}

// valueKind is the type of an attribute's value, as conditions see it.
type valueKind int

const (
	emptyValue valueKind = iota
	numberValue
	dateValue // a text that conditions compare as a date
	truthValue
	textValue
	valueKinds
)

func (k valueKind) String() string {
	return [...]string{"empty field", "number", "date", "truth value", "text"}[k]
}

func kindOf(v hygiene.Value) valueKind {
	switch {
	case v.Text == "":
		return emptyValue
	case v.Type == hygiene.Number:
		return numberValue
	case v.Type == hygiene.Bool:
		return truthValue
	}
	if _, err := instant.ParseDate(v.Text); err == nil {
		return dateValue
	}
	return textValue
}

// columnSummary counts the values of a column by kind. It shows a date that was not
// recognized before a segment lacks contacts for it.
type columnSummary struct {
	Name        string `json:"name"`
	Numbers     int64  `json:"numbers"`
	Dates       int64  `json:"dates"`
	TruthValues int64  `json:"truth_values"`
	Texts       int64  `json:"texts"`
	Empty       int64  `json:"empty"`

	first          [valueKinds]string // the first value of each kind
	phones, looked int                // of the values looked at, how many are phone numbers
}

// maxLooked is how many values of a column are looked at for phone numbers.
const maxLooked = 200

// addPhone looks at whether a value is a phone number.
func (c *columnSummary) addPhone(text, region string) {
	if text == "" || c.looked == maxLooked {
		return
	}
	c.looked++
	if isPhone(text, region) {
		c.phones++
	}
}

// holdsPhones reports whether the values of the column are phone numbers.
func (c *columnSummary) holdsPhones() bool { return c.phones > 0 && 10*c.phones >= 9*c.looked }

func (c *columnSummary) counter(k valueKind) *int64 {
	return [...]*int64{&c.Empty, &c.Numbers, &c.Dates, &c.TruthValues, &c.Texts}[k]
}

func (c *columnSummary) add(v hygiene.Value) {
	k := kindOf(v)
	n := c.counter(k)
	if *n == 0 {
		c.first[k] = v.Text
	}
	*n++
}

// String lists the kinds, the most common first, with an example of the rarest: if
// a value was misread, it is probably that one.
func (c *columnSummary) String() string {
	var kinds []valueKind
	for k := emptyValue + 1; k < valueKinds; k++ {
		if *c.counter(k) > 0 {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return "no values"
	}
	slices.SortStableFunc(kinds, func(a, b valueKind) int { return cmp.Compare(*c.counter(b), *c.counter(a)) })
	var counts []string
	for _, k := range kinds {
		counts = append(counts, ui.Count(*c.counter(k), k.String()))
	}
	rarest := kinds[len(kinds)-1]
	return strings.Join(counts, ", ") + ", like " + shorten(c.first[rarest])
}

// printColumns prints the summaries of the first columns.
func printColumns(w io.Writer, columns []columnSummary) {
	const shown = 20
	var rows [][]string
	for i := range columns[:min(len(columns), shown)] {
		rows = append(rows, []string{"  column", shorten(columns[i].Name), columns[i].String()})
	}
	ui.Table(w, rows)
	if more := len(columns) - shown; more > 0 {
		fmt.Fprintf(w, "  and %s; --json lists all\n", ui.Count(int64(more), "more column"))
	}
}

// shorten makes a value fit in a message.
func shorten(value string) string { return ui.Shorten(ui.Printable(value), 40) }
