// Package xlsx writes workbooks of one table, and copies them without some of its
// rows.
//
// A workbook is a zip archive of XML. [Writer] streams it: a cell is in the archive
// as soon as it is written, so a table of any length takes the memory of one row and
// of the compressor. Nothing goes to temporary files, where names of contacts would
// outlive a process that was killed. The libraries for workbooks keep a sheet in
// memory or in such files until its end, because they allow a cell to be changed
// later; what is left of the format without that is below.
//
// The same cells give the same bytes: neither a time nor a name of a program or person
// is in the archive. Texts are inline and never formulas, whatever they begin with.
// Each sheet begins with the header, which stays in view, and has room for
// [MaxRows] rows; further ones are on further sheets.
//
// Where to change what: how a cell looks, styles in parts.go; what XML can't hold,
// text.go; reading what was written here, copy.go.
package xlsx

import (
	"archive/zip"
	"cmp"
	"compress/flate"
	"io"
	"strconv"
	"time"
)

// MaxRows is how many rows a sheet has room for, with the header, and MaxColumns how
// many columns. The limits are those of Excel, as is [MaxText].
const (
	MaxRows    = 1 << 20
	MaxColumns = 1 << 14
)

// Options describe a workbook.
type Options struct {
	// Sheet is the name of the first sheet; further ones have a number behind it.
	Sheet  string
	Header []string // the first row of each sheet, at most [MaxColumns] cells
	// Compressor returns what compresses a part of the archive with deflate. It is nil
	// for that of package flate.
	Compressor func(to io.Writer) io.WriteCloser
}

// Writer writes a workbook, cell after cell: each of its methods for a kind of cell
// writes the next cell of the row, until EndRow. Its errors are those of the writer
// beneath it.
type Writer struct {
	zip     *zip.Writer
	options Options
	letters [][]byte // of the columns: A, B, …, AA
	most    int      // rows of a sheet

	part   io.Writer // the sheet that is being written
	sheets int
	rows   int    // of the sheet, with the header
	line   []byte // the row that is being written
	column int    // of its next cell
	err    error
}

// NewWriter begins a workbook.
func NewWriter(to io.Writer, o Options) (*Writer, error) {
	w := &Writer{zip: zip.NewWriter(to), options: o, letters: lettersOf(len(o.Header)), most: MaxRows}
	compressor := o.Compressor
	if compressor == nil {
		compressor = func(to io.Writer) io.WriteCloser {
			f, _ := flate.NewWriter(to, flate.DefaultCompression) // the level is a valid one
			return f
		}
	}
	w.zip.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return compressor(to), nil })
	for _, part := range firstParts {
		if err := w.write(part.name, part.text); err != nil {
			return nil, err
		}
	}
	return w, w.beginSheet()
}

// lettersOf names the columns.
func lettersOf(n int) (list [][]byte) {
	for i := range n {
		var name []byte
		for k := i + 1; k > 0; k = (k - 1) / 26 {
			name = append([]byte{byte('A' + (k-1)%26)}, name...)
		}
		list = append(list, name)
	}
	return list
}

// epoch is the earliest time that a zip archive can hold. All parts have it.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// create begins a part of the archive.
func (w *Writer) create(name string) (io.Writer, error) {
	return w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch})
}

func (w *Writer) write(name, text string) error {
	part, err := w.create(name)
	if err == nil {
		_, err = io.WriteString(part, text)
	}
	return err
}

func (w *Writer) beginSheet() (err error) {
	w.sheets++
	if w.part, err = w.create(sheetPart(w.sheets)); err != nil {
		return err
	}
	if _, err = io.WriteString(w.part, sheetHead(w.sheets, len(w.letters))); err != nil {
		return err
	}
	w.rows, w.column = 0, 0
	for _, text := range w.options.Header {
		w.text(text, headerStyle)
	}
	return w.EndRow()
}

// Blank leaves the next cell empty.
func (w *Writer) Blank() { w.column++ }

// Text writes a cell of text, which is UTF-8. What is beyond [MaxText] is cut off.
func (w *Writer) Text(s string) { w.text(s, textStyle) }

func (w *Writer) text(s, style string) {
	w.open(style)
	w.line = append(w.line, ` t="inlineStr"><is><t`...)
	if needsSpace(s) {
		w.line = append(w.line, ` xml:space="preserve"`...)
	}
	w.line = append(w.line, '>')
	w.line = append(appendText(w.line, s), "</t></is></c>"...)
}

// Integer writes a number.
func (w *Writer) Integer(n int64) {
	w.open(plainStyle)
	w.line = strconv.AppendInt(append(w.line, "><v>"...), n, 10)
	w.close()
}

// Number writes a number as it is written in text, like -12.5.
func (w *Writer) Number(text string) {
	w.open(plainStyle)
	w.line = append(append(w.line, "><v>"...), text...)
	w.close()
}

// Bool writes a truth value.
func (w *Writer) Bool(is bool) {
	w.open(plainStyle)
	w.line = append(w.line, ` t="b"><v>0`...)
	if is {
		w.line[len(w.line)-1] = '1'
	}
	w.close()
}

// TimeForm is how much of a time a cell shows.
type TimeForm string

// The forms of times.
const (
	Seconds TimeForm = timeStyle
	Millis  TimeForm = millisStyle
	Date    TimeForm = dateStyle
)

// Time writes a time as its clock shows it: a workbook knows no zones. A time out of
// the range of workbooks must be written as a text, see [HasTime].
func (w *Writer) Time(t time.Time, form TimeForm) {
	days, rest := sinceEpoch(t)
	w.open(string(form))
	w.line = append(w.line, "><v>"...)
	if form == Date {
		w.line = strconv.AppendInt(w.line, days, 10)
	} else {
		w.line = strconv.AppendFloat(w.line, float64(days)+float64(rest)/float64(24*time.Hour), 'f', -1, 64)
	}
	w.close()
}

// Days before the first of March 1900 are counted differently by Excel and others, and
// dates end with the year 9999.
const (
	firstDay = 61
	lastDay  = 2_958_465
)

// HasTime reports whether a workbook can hold the time.
func HasTime(t time.Time) bool {
	days, _ := sinceEpoch(t)
	return days >= firstDay && days <= lastDay
}

// sinceEpoch is how long the clock has run since the end of 1899, where workbooks
// begin to count.
func sinceEpoch(t time.Time) (days int64, rest time.Duration) {
	const toUnix, day = 25_569, 24 * 60 * 60
	_, offset := t.Zone()
	seconds := t.Unix() + int64(offset) + toUnix*day
	days = seconds / day
	if seconds%day < 0 {
		days--
	}
	return days, time.Duration(seconds-days*day)*time.Second + time.Duration(t.Nanosecond())
}

// open begins the next cell.
func (w *Writer) open(style string) {
	if len(w.line) == 0 {
		w.openRow()
	}
	w.line = append(append(w.line, cellOpen...), w.letters[w.column]...)
	w.line = append(strconv.AppendInt(w.line, int64(w.rows+1), 10), '"')
	w.line = append(w.line, style...)
	w.column++
}

// openRow begins a row, on the next sheet if this one is full.
func (w *Writer) openRow() {
	if w.rows >= w.most {
		column := w.column
		w.err = cmp.Or(w.err, w.nextSheet())
		w.column = column
	}
	w.line = append(strconv.AppendInt(append(w.line, rowOpen...), int64(w.rows+1), 10), `">`...)
}

func (w *Writer) close() { w.line = append(w.line, "</v></c>"...) }

func (w *Writer) nextSheet() error {
	if _, err := io.WriteString(w.part, sheetTail); err != nil {
		return err
	}
	return w.beginSheet()
}

// EndRow ends the row. A row that the sheet has no room for goes to the next one.
func (w *Writer) EndRow() error {
	if len(w.line) == 0 {
		w.openRow()
	}
	w.line = append(w.line, rowClose...)
	_, err := w.part.Write(w.line)
	w.line, w.column = w.line[:0], 0
	w.rows++
	return cmp.Or(w.err, err)
}

// Close ends the workbook. It does not close the writer beneath it.
func (w *Writer) Close() error {
	if _, err := io.WriteString(w.part, sheetTail); err != nil {
		return err
	}
	for _, part := range lastParts(w.options.Sheet, w.sheets) {
		if err := w.write(part.name, part.text); err != nil {
			return err
		}
	}
	return w.zip.Close()
}
