package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"winnow/internal/csvlist"
	"winnow/store/logscan"
)

// printCSV writes all rows as CSV.
func (r *result) printCSV(w io.Writer, p csvlist.Profile) error {
	out := bufio.NewWriter(w)
	out.WriteString(p.Mark())
	line := p.AppendRow(nil, r.header(r.allNumbers))
	out.Write(line)
	err := r.Each(func(row *logscan.ReportRow) error {
		cells := row.Values
		for _, n := range r.allNumbers(row) {
			cells = append(cells, n.String())
		}
		line = p.AppendRow(line[:0], cells)
		_, err := out.Write(line)
		return err
	})
	return errors.Join(err, out.Flush())
}

// printJSON writes an object with what retention deleted, which messages had no answer,
// and an array of all rows, row by row: they may not fit in memory.
func (r *result) printJSON(w io.Writer) error {
	pruned, err := json.Marshal(r.pruned)
	silent, err2 := json.Marshal(r.silent)
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "{\"pruned\": %s,\n\"silent\": %s,\n\"rows\": ", pruned, silent)
	first := true
	err = r.Each(func(row *logscan.ReportRow) error {
		if first {
			out.WriteString("[\n  ")
		} else {
			out.WriteString(",\n  ")
		}
		first = false
		return r.writeObject(out, row)
	})
	if first {
		out.WriteString("[]}\n")
	} else {
		out.WriteString("\n]}\n")
	}
	return errors.Join(err, out.Flush())
}

// writeObject writes a row as an object whose members have the order of the columns.
// An absent percentage is an absent member.
func (r *result) writeObject(w *bufio.Writer, row *logscan.ReportRow) error {
	w.WriteByte('{')
	for i, v := range row.Values {
		if i > 0 {
			w.WriteString(", ")
		}
		name, _ := json.Marshal(r.options.By[i])
		value, _ := json.Marshal(v)
		w.Write(name)
		w.WriteString(": ")
		w.Write(value)
	}
	for _, n := range r.allNumbers(row) {
		if text := n.String(); text != "" {
			w.WriteString(`, "` + n.name + `": ` + text)
		}
	}
	_, err := w.WriteString("}")
	return err
}
