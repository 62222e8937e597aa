package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"winnow/internal/ui"
	"winnow/store/logscan"
)

const (
	tableRows  = 50 // the maximum number of rows of the table
	valueWidth = 40 // the maximum number of characters of a value: senders may attach a book
)

// printTable writes the last rows as a table for people.
func (r *result) printTable(w io.Writer) error {
	total, err := r.Rows()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s%s by %s; %s, %s are UTC\n", ui.Count(r.Events, "event"), r.span(), strings.Join(r.options.By, ", "), r.repeatsText(), r.spans())
	if total == 0 {
		return nil
	}
	rows := [][]string{{}}
	for _, name := range r.header(r.numbers) {
		rows[0] = append(rows[0], strings.ToUpper(strings.ReplaceAll(name, "_", " ")))
	}
	n, hasValue := int64(0), make([]bool, len(r.options.By))
	err = r.Each(func(row *logscan.ReportRow) error {
		for i, value := range row.Values {
			hasValue[i] = hasValue[i] || value != ""
		}
		if n++; n > total-tableRows {
			rows = append(rows, r.tableRow(row))
		}
		return nil
	})
	ui.Table(w, withoutZeroColumns(rows, len(r.options.By)+1))
	r.printNotes(w, total, hasValue)
	r.printSilent(w)
	return err
}

// span is the part of the log that was counted, to the second.
func (r *result) span() string {
	until := r.options.Until.Time().Format(time.RFC3339)
	if r.options.Since == 0 {
		return " until " + until
	}
	return " from " + r.options.Since.Time().Format(time.RFC3339) + " until " + until
}

func (r *result) repeatsText() string {
	switch {
	case !r.options.Unique:
		return "repeats are counted"
	case r.Repeats == 0:
		return "no repeats"
	}
	return ui.CountVerb(r.Repeats, "repeat", "is", "are") + " left out"
}

// spans names what is in UTC.
func (r *result) spans() string {
	if slices.Contains(r.options.By, "hour") {
		return "hours"
	}
	return "days"
}

func (r *result) tableRow(row *logscan.ReportRow) (cells []string) {
	for _, v := range row.Values {
		cells = append(cells, valueCell(v))
	}
	for _, n := range r.numbers(row) {
		switch {
		case n.percent:
			cells = append(cells, n.bar())
		case n.count > 0 && n.total > 0:
			cells = append(cells, fmt.Sprintf("%s (%.1f %%)", ui.Number(n.count), n.percentage()))
		default:
			cells = append(cells, ui.Number(n.count))
		}
	}
	return cells
}

// valueCell is a value in the table; "-" for none.
func valueCell(value string) string {
	return cmp.Or(ui.Shorten(ui.Printable(value), valueWidth), "-")
}

// bar shows a percentage, with a block for each five percent.
func (n number) bar() string {
	if n.total == 0 {
		return "-"
	}
	return fmt.Sprintf("%5.1f %% %s", n.percentage(), strings.Repeat("█", int((20*n.count+n.total/2)/n.total)))
}

// withoutZeroColumns removes the columns from index from on that only hold "0": most
// outcomes are rare, and a screen is narrow.
func withoutZeroColumns(rows [][]string, from int) [][]string {
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

// printNotes prints what the table does not show: how many rows there are, what its
// last column means, and which columns have no value at all, since their names may
// be misspelled.
func (r *result) printNotes(w io.Writer, total int64, hasValue []bool) {
	if total > tableRows {
		fmt.Fprintf(w, "These are the last %d of %s rows; --csv prints them all.\n", tableRows, ui.Number(total))
	}
	if !slices.Contains(r.options.By, "outcome") {
		fmt.Fprintln(w, "Deliverability is delivered / (delivered + failed); dropped, sender fault and blocked count as failed, unknown delivery as neither.")
	}
	for i, name := range r.options.By {
		if isUniqueArg(name) && !hasValue[i] {
			fmt.Fprintf(w, "No event has %s.\n", valueCell(name))
		}
	}
}
