package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"winnow/internal/ui"
	"winnow/store"
)

// reportRows is how many rows people are shown.
const reportRows = 50

// print writes the last rows for people.
func (r *rows) print(w io.Writer) error {
	total, err := r.Rows()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s%s by %s; %s, days are UTC\n", ui.Count(r.Events, "event"), r.span(), strings.Join(r.asked.By, ", "), r.repeats())
	if total == 0 {
		return nil
	}
	rows := [][]string{{}}
	for _, name := range r.names(r.numbers) {
		rows[0] = append(rows[0], strings.ToUpper(strings.ReplaceAll(name, "_", " ")))
	}
	at, given := int64(0), make([]bool, len(r.asked.By))
	err = r.Each(func(row *store.ReportRow) error {
		for i, value := range row.Values {
			given[i] = given[i] || value != ""
		}
		if at++; at > total-reportRows {
			rows = append(rows, r.cells(row))
		}
		return nil
	})
	ui.Table(w, withoutZeros(rows, len(r.asked.By)+1))
	r.printNotes(w, total, given)
	return err
}

// repeats says what became of repeats.
func (r *rows) repeats() string {
	switch {
	case !r.asked.Unique:
		return "repeats are counted"
	case r.Repeats == 0:
		return "no repeats"
	case r.Repeats == 1:
		return "1 repeat is left out"
	}
	return ui.Count(r.Repeats, "repeat") + " are left out"
}

// printNotes says what the table does not: how many rows there are, what its last
// column means, and for which columns no event gives anything, as their names may
// be misspelt.
func (r *rows) printNotes(w io.Writer, total int64, given []bool) {
	if total > reportRows {
		fmt.Fprintf(w, "These are the last %d of %s rows; --csv prints them all.\n", reportRows, ui.Number(total))
	}
	if !slices.Contains(r.asked.By, "outcome") {
		fmt.Fprintln(w, "Deliverability is delivered / (delivered + failed); dropped and sender fault are failed, unknown delivery is neither.")
	}
	for i, name := range r.asked.By {
		if isAttached(name) && !given[i] {
			fmt.Fprintf(w, "No event has %s.\n", inTable(name))
		}
	}
}

// withoutZeros leaves out the columns from the given one on that have nothing
// but 0: most outcomes are rare, and a screen is narrow.
func withoutZeros(rows [][]string, from int) [][]string {
	for column := len(rows[0]) - 1; column >= from; column-- {
		if slices.ContainsFunc(rows[1:], func(row []string) bool { return row[column] != "0" }) {
			continue
		}
		for i := range rows {
			rows[i] = slices.Delete(rows[i], column, column+1)
		}
	}
	return rows
}

// span says which part of the log was asked for, to the second.
func (r *rows) span() string {
	until := r.asked.Until.Time().Format(time.RFC3339)
	if r.asked.Since == 0 {
		return " until " + until
	}
	return " from " + r.asked.Since.Time().Format(time.RFC3339) + " until " + until
}

func (r *rows) cells(row *store.ReportRow) (cells []string) {
	for _, v := range row.Values {
		cells = append(cells, inTable(v))
	}
	for _, n := range r.numbers(row) {
		switch {
		case n.percent:
			cells = append(cells, n.bar())
		case n.part > 0 && n.whole > 0:
			cells = append(cells, fmt.Sprintf("%s (%.1f %%)", ui.Number(n.part), 100*float64(n.part)/float64(n.whole)))
		default:
			cells = append(cells, ui.Number(n.part))
		}
	}
	return cells
}

// valueWidth is how much of a value people are shown: senders may attach a book.
const valueWidth = 40

// inTable is a value in a table: - for none.
func inTable(value string) string {
	return cmp.Or(ui.Shorten(ui.Printable(value), valueWidth), "-")
}

// bar shows a percentage, a block for each five.
func (n cell) bar() string {
	if n.whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%5.1f %% %s", 100*float64(n.part)/float64(n.whole), strings.Repeat("█", int((20*n.part+n.whole/2)/n.whole)))
}
