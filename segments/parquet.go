package segments

import (
	"time"

	"winnow/internal/parquetfile"
)

// parquetEncoder writes Parquet. A column has one kind: counts are integers, times
// instants, or days where only these are written, and lists lists; all else is text,
// also attributes, of which each contact may have another kind.
type parquetEncoder struct {
	columns []parquetfile.Column
	times   TimeOptions
	out     sink
	w       *parquetfile.Writer
}

func newParquetEncoder(columns []Column, options encoding) *parquetEncoder {
	e := &parquetEncoder{times: options.times}
	for _, c := range columns {
		e.columns = append(e.columns, parquetfile.Column{Name: toUTF8(c.Header()), Kind: c.parquetKind(options.times)})
	}
	return e
}

func (c Column) parquetKind(times TimeOptions) parquetfile.Kind {
	if c.field == nil {
		return parquetfile.Text // what became of the contact
	}
	switch c.field.form {
	case numberForm:
		return parquetfile.Integer
	case listForm:
		return parquetfile.List
	case timeForm:
		if times.Form == DateOnly {
			return parquetfile.Date
		}
		return parquetfile.Time
	}
	return parquetfile.Text
}

func (e *parquetEncoder) begin(to []byte) []byte {
	e.w = parquetfile.NewWriter(&e.out, e.columns)
	return to
}

func (e *parquetEncoder) row(to []byte, cells []cell) []byte {
	e.out = to
	for i := range cells {
		e.cell(&cells[i])
	}
	return e.out.taken(e.w.EndRow())
}

func (e *parquetEncoder) end(to []byte) []byte {
	e.out = to
	return e.out.taken(e.w.Close())
}

func (e *parquetEncoder) cell(c *cell) {
	switch c.form {
	case textForm, literalForm:
		e.w.Text(c.text)
	case objectForm:
		e.w.Text(string(c.raw))
	case numberForm:
		e.w.Integer(c.n)
	case listForm:
		e.w.List(c.list)
	case timeForm:
		e.w.Integer(e.time(c))
	default:
		e.w.Null()
	}
}

// time is a time as the column has it: of days, those in the zone, and else an instant,
// which is the same in every zone.
func (e *parquetEncoder) time(c *cell) int64 {
	t := e.times.in(c.at)
	switch e.times.Form {
	case Seconds:
		return t.Truncate(time.Second).UnixMicro()
	case DateOnly:
		day := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
		return day.Unix() / (24 * 60 * 60)
	}
	return t.UnixMicro()
}
