package imports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/ui"
)

// valueKind is what conditions take an attribute's value for.
type valueKind int

const (
	isEmpty valueKind = iota
	isNumber
	isDate
	isTruthValue
	isText
	kinds
)

func (k valueKind) String() string {
	return [...]string{"empty field", "number", "date", "truth value", "text"}[k]
}

// valueKindOf tells what conditions take a value for. A date is a text that they can
// compare.
func valueKindOf(v hygiene.Value) valueKind {
	switch {
	case v.Text == "":
		return isEmpty
	case v.Type == hygiene.Number:
		return isNumber
	case v.Type == hygiene.Bool:
		return isTruthValue
	}
	if _, err := hygiene.ParseDate(v.Text); err == nil {
		return isDate
	}
	return isText
}

// columnKinds is how the values of a column were read. A date that is written in
// a way that is none stands out here, and not in a segment that lacks people.
type columnKinds struct {
	Name        string `json:"name"`
	Numbers     int64  `json:"numbers"`
	Dates       int64  `json:"dates"`
	TruthValues int64  `json:"truth_values"`
	Texts       int64  `json:"texts"`
	Empty       int64  `json:"empty"`

	first [kinds]string // value of each kind
}

func (c *columnKinds) count(k valueKind) *int64 {
	return [...]*int64{&c.Empty, &c.Numbers, &c.Dates, &c.TruthValues, &c.Texts}[k]
}

func (c *columnKinds) add(v hygiene.Value) {
	k := valueKindOf(v)
	if n := c.count(k); *n == 0 {
		c.first[k] = strings.Clone(v.Text) // of a line that is read over
		*n = 1
	} else {
		*n++
	}
}

// String tells the kinds, the most common first, with a value of the rarest: if
// one was read wrongly, it is that.
func (c *columnKinds) String() string {
	var found []valueKind
	for k := isEmpty + 1; k < kinds; k++ {
		if *c.count(k) > 0 {
			found = append(found, k)
		}
	}
	if len(found) == 0 {
		return "nothing: all its fields are empty"
	}
	slices.SortStableFunc(found, func(a, b valueKind) int { return cmp.Compare(*c.count(b), *c.count(a)) })
	var told []string
	for _, k := range found {
		told = append(told, ui.Count(*c.count(k), k.String()))
	}
	return strings.Join(told, ", ") + ", like " + shown(c.first[found[len(found)-1]])
}

// printColumns shows how columns were read, as many as people look at.
func printColumns(w io.Writer, columns []columnKinds) {
	const most = 20
	var rows [][]string
	for i := range columns[:min(len(columns), most)] {
		rows = append(rows, []string{"  column", shown(columns[i].Name), columns[i].String()})
	}
	ui.Table(w, rows)
	if len(columns) > most {
		fmt.Fprintf(w, "  and %s; --json has all\n", ui.Count(int64(len(columns)-most), "more column"))
	}
}
