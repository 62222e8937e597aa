package csvlist

import (
	"bufio"
	"bytes"
	"strings"
	"unicode/utf8"

	"winnow/internal/ui"
)

// Profile says for which reader CSV is written. People open such files in
// spreadsheets, and strangers may have written a cell that one runs as a formula.
type Profile uint8

// The profiles.
const (
	Disarmed    Profile = iota // an apostrophe comes before cells that would run as formulas
	Exact                      // every cell as it is, for programs
	Spreadsheet                // as Disarmed, with a byte order mark, and an apostrophe before phone numbers too
)

// ParseProfile reads the profile of a flag; empty is Disarmed.
func ParseProfile(text string) (Profile, error) {
	switch text {
	case "":
		return Disarmed, nil
	case "crm":
		return Exact, nil
	case "spreadsheet":
		return Spreadsheet, nil
	}
	return Disarmed, ui.Usagef("--profile %q: write crm or spreadsheet", text)
}

// Mark is what a file begins with: a byte order mark, or nothing.
func (p Profile) Mark() string {
	if p == Spreadsheet {
		return ByteOrderMark
	}
	return ""
}

// AppendRow appends a row of CSV with commas.
func (p Profile) AppendRow(to []byte, cells []string) []byte {
	for i, cell := range cells {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(to, p.field(cell, ',')...)
	}
	return append(to, '\n')
}

// field is the text of a cell as a field.
func (p Profile) field(cell string, delimiter byte) string {
	safe := p.disarmed(cell)
	if safe != cell || strings.ContainsAny(safe, "\"\r\n") || strings.IndexByte(safe, delimiter) >= 0 || p.hidesFormula(cell) {
		return `"` + strings.ReplaceAll(safe, `"`, `""`) + `"`
	}
	return safe
}

// disarmed is the cell with an apostrophe if it would run as a formula.
func (p Profile) disarmed(cell string) string {
	first, _ := utf8.DecodeRuneInString(cell)
	if p == Exact || cell == "" || !strings.ContainsRune(formulaStarts, first) || p == Disarmed && isNumber(cell) {
		return cell
	}
	return "'" + cell
}

// hidesFormula reports whether the cell, without quotes, would be more than one cell to a
// spreadsheet whose locale has another delimiter, one of them a formula.
func (p Profile) hidesFormula(cell string) bool {
	for i := strings.IndexAny(cell, ",;\t"); i >= 0 && p != Exact; {
		rest := cell[i+1:]
		first, _ := utf8.DecodeRuneInString(rest)
		if p == Spreadsheet || rest != "" && strings.ContainsRune(formulaStarts, first) {
			return true
		}
		next := strings.IndexAny(rest, ",;\t")
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return false
}

// isNumber reports whether the cell is a number with a sign, such as a phone number: a
// spreadsheet can take it for another number, but runs nothing.
func isNumber(cell string) bool {
	return (cell[0] == '+' || cell[0] == '-') && strings.ContainsAny(cell, "0123456789") && strings.Trim(cell[1:], "0123456789 ()-./") == ""
}

// RowWriter writes rows of a list elsewhere, with one more cell. It may be used while
// the list is read on.
type RowWriter struct {
	list    *Reader
	profile Profile
	split   Reader // finds the fields of a row that was read
}

// NewRowWriter returns a writer of rows of the list.
func NewRowWriter(list *Reader, p Profile) *RowWriter {
	return &RowWriter{list: list, profile: p, split: Reader{delimiter: list.delimiter, lineEnd: list.lineEnd}}
}

// WriteHeader writes the header with one more cell, after a byte order mark if the list
// or the profile has one.
func (r *RowWriter) WriteHeader(w *bufio.Writer, cell string) {
	if mark := r.list.Mark; len(mark) > 0 {
		w.Write(mark)
	} else {
		w.WriteString(r.profile.Mark())
	}
	r.WriteWithCell(w, r.list.Header, cell)
}

// WriteWithCell writes a row as it was read, but for cells that would run as formulas,
// with one more cell at its end.
func (r *RowWriter) WriteWithCell(w *bufio.Writer, raw []byte, cell string) {
	row := TrimLineEnd(raw)
	if fields, changed := r.safeFields(row); changed {
		row = bytes.Join(fields, []byte{r.list.delimiter})
	}
	w.Write(row)
	w.WriteByte(r.list.delimiter)
	w.WriteString(r.profile.field(cell, r.list.delimiter))
	w.Write(r.list.endOrDefault(raw[len(TrimLineEnd(raw)):]))
}

// safeFields are the fields of a row, and whether one had to be changed.
func (r *RowWriter) safeFields(row []byte) (fields [][]byte, changed bool) {
	if r.profile == Exact {
		return nil, false
	}
	if _, err := r.split.parse(row); err != nil {
		return nil, false // the header, which has been read, is the only other row
	}
	for _, field := range r.split.Fields {
		cell := string(unquote(field))
		isQuoted := len(field) > 1 && field[0] == '"'
		if safe := r.profile.field(cell, r.list.delimiter); r.profile.disarmed(cell) != cell || !isQuoted && safe != cell {
			fields, changed = append(fields, []byte(safe)), true
			continue
		}
		fields = append(fields, field)
	}
	return fields, changed
}

// WriteUnreadable writes a line that is not a row of the list: the whole line in the
// first column, the other columns empty, and one more cell.
func (r *RowWriter) WriteUnreadable(w *bufio.Writer, raw []byte, cell string) {
	line := TrimLineEnd(raw)
	writeQuoted(w, r.profile.disarmed(string(line)))
	w.Write(bytes.Repeat([]byte{r.list.delimiter}, r.list.Columns))
	w.WriteString(r.profile.field(cell, r.list.delimiter))
	w.Write(r.list.endOrDefault(raw[len(line):]))
}
