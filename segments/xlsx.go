package segments

import (
	"cmp"
	"io"
	"strings"
	"time"

	"winnow/internal/xlsx"
)

// xlsxEncoder writes a workbook. Keys, phones and other texts are cells of text, so
// that a spreadsheet keeps their zeros and pluses and runs nothing. Times are dates of
// the spreadsheet, which has no zones: they are shown as the clock of the zone shows
// them. Lists are joined as in CSV.
type xlsxEncoder struct {
	columns []Column
	times   TimeOptions
	lists   byte
	options xlsx.Options
	out     sink // what the workbook is written to
	w       *xlsx.Writer
	joined  []byte
}

func newXLSXEncoder(columns []Column, options encoding) *xlsxEncoder {
	e := &xlsxEncoder{columns: columns, times: options.times, lists: cmp.Or(options.csv.ListSeparator, '|')}
	var header []string
	for _, c := range columns {
		header = append(header, c.Header())
	}
	e.options = newXLSXOptions(options.name, header, options.compressors)
	return e
}

func newXLSXOptions(name string, header []string, c *compressors) xlsx.Options {
	return xlsx.Options{Sheet: name, Header: header, Compressor: func(to io.Writer) io.WriteCloser { return newZipPart(c, to) }}
}

func (e *xlsxEncoder) begin(to []byte) []byte {
	var err error
	e.out = to
	e.w, err = xlsx.NewWriter(&e.out, e.options)
	return e.out.taken(err)
}

func (e *xlsxEncoder) row(to []byte, cells []cell) []byte {
	e.out = to
	for i := range cells {
		e.cell(&cells[i])
	}
	return e.out.taken(e.w.EndRow())
}

func (e *xlsxEncoder) end(to []byte) []byte {
	e.out = to
	return e.out.taken(e.w.Close())
}

func (e *xlsxEncoder) cell(c *cell) {
	switch c.form {
	case textForm:
		e.w.Text(c.text)
	case numberForm:
		e.w.Integer(c.n)
	case literalForm:
		e.literal(c.text)
	case timeForm:
		e.time(c)
	case listForm:
		e.joined = appendJoined(e.joined[:0], c.list, e.lists)
		e.textOrBlank(e.joined)
	case objectForm:
		e.textOrBlank(c.raw)
	default:
		e.w.Blank()
	}
}

func (e *xlsxEncoder) textOrBlank(text []byte) {
	if len(text) == 0 {
		e.w.Blank()
		return
	}
	e.w.Text(string(text))
}

// A spreadsheet keeps 15 digits of a number, and shows more than 11 before the point
// as a power of ten. Such numbers are mostly names of something.
const (
	maxDigits        = 15
	maxIntegerDigits = 11
)

// literal writes a number or boolean as an import wrote it.
func (e *xlsxEncoder) literal(text string) {
	if text == "true" || text == "false" {
		e.w.Bool(text == "true")
		return
	}
	digits := strings.TrimPrefix(text, "-")
	integer, _, _ := strings.Cut(digits, ".")
	if strings.ContainsAny(digits, "eE") || len(integer) > maxIntegerDigits || len(digits) > maxDigits {
		e.w.Text(text)
		return
	}
	e.w.Number(text)
}

func (e *xlsxEncoder) time(c *cell) {
	t, form := e.times.in(c.at), xlsx.Millis
	switch e.times.Form {
	case Seconds:
		t, form = t.Truncate(time.Second), xlsx.Seconds
	case DateOnly:
		form = xlsx.Date
	}
	if !xlsx.HasTime(t) {
		e.w.Text(string(e.times.append(nil, c.at)))
		return
	}
	e.w.Time(t, form)
}
