package logscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene/provider"
)

// reportColumns are the columns of the log that a report can count by: their
// names, and their SQL.
var reportColumns = []struct{ name, sql string }{
	{"day", "received_at / 86400000000"},
	{"hour", "received_at / 3600000000"},
	{"outcome", "outcome"},
	{"code", "code"},
	{"source", "source"},
}

// columnSQL is the SQL of a column of the log; "" when there is no such column.
func columnSQL(name string) string {
	for _, c := range reportColumns {
		if c.name == name {
			return c.sql
		}
	}
	return ""
}

// ReportColumns lists what a report can count by, beside unique_args.
func ReportColumns() (names []string) {
	for _, c := range reportColumns {
		names = append(names, c.name)
	}
	return names
}

// uniqueArgsPrefix begins the name of a column that is read from events' bodies.
const uniqueArgsPrefix = "unique_args."

// CheckReportColumns says what is wrong with the columns that a report is to
// count by: none is given, one does not exist, one is given twice.
func CheckReportColumns(by []string) error {
	known := strings.Join(ReportColumns(), ", ") + ", " + uniqueArgsPrefix + "NAME"
	if len(by) == 0 {
		return errors.New("no column is given; choose from " + known)
	}
	for i, name := range by {
		attached, is := strings.CutPrefix(name, uniqueArgsPrefix)
		switch {
		case slices.Contains(by[:i], name):
			return fmt.Errorf("column %s is given twice", name)
		case is && attached != "":
		case columnSQL(name) == "":
			return fmt.Errorf("unknown column %q; choose from %s", name, known)
		}
	}
	return nil
}

// identityColumns are the columns that an event and its repeats have in common,
// beside the outcome.
var identityColumns = []string{"source", "message_id", "code", "contact"}

// reportScan is how a step of the log is read.
type reportScan struct {
	sql      string
	body     int // the place of the body in a row; 0 for none
	identity int // the place of identityColumns; 0 for none
}

// newReportScan reads a step of the log: grouped when everything is in columns and
// repeats count, as a database counts faster than it hands rows over, else each
// event.
func newReportScan(o *ReportOptions) (scan reportScan) {
	var columns []string
	for _, name := range o.By {
		column := columnSQL(name)
		if column == "" {
			column, scan.body = "''", len(o.By)+2
		}
		columns = append(columns, column)
	}
	columns = append(columns, "outcome")
	where := " FROM events WHERE seq BETWEEN ? AND ? AND received_at >= ? AND received_at < ?"
	if scan.body == 0 && !o.Unique {
		numbers := make([]string, len(columns))
		for i := range columns {
			numbers[i] = fmt.Sprint(i + 1)
		}
		scan.sql = "SELECT " + strings.Join(columns, ", ") + ", count(*)" + where + " GROUP BY " + strings.Join(numbers, ", ")
		return scan
	}
	columns = append(columns, "1")
	if scan.body > 0 {
		columns = append(columns, "body", "source")
	}
	if o.Unique {
		scan.identity, columns = len(columns), append(columns, identityColumns...)
	}
	scan.sql = "SELECT " + strings.Join(columns, ", ") + where + " ORDER BY seq"
	return scan
}

// attachments reads what senders attached to messages, from events' bodies.
type attachments struct {
	args   func(source string, body []byte) ([]byte, bool) // see [ReportOptions]; may be nil
	fields *provider.Fields
	keys   []string // of each column of unique_args, its name there
}

func newAttachments(by []string, args func(source string, body []byte) ([]byte, bool)) *attachments {
	a := &attachments{args: args}
	for _, name := range by {
		if key, is := strings.CutPrefix(name, uniqueArgsPrefix); is {
			a.keys = append(a.keys, key)
		}
	}
	a.fields = provider.NewFields(a.keys...)
	return a
}

// of returns what the body has under each name. A dot in a name may be the
// sender's own: a key of exactly that name comes before what lies deeper. The
// values hold until the next call.
func (a *attachments) of(source string, body []byte) []string {
	if a.args != nil && len(body) > 0 {
		if args, ok := a.args(source, body); ok {
			body = wrapped(args)
		}
	}
	values := a.fields.Values(body)
	for i, key := range a.keys {
		if strings.Contains(key, ".") && mayHaveKey(body, key) {
			if value, ok := valueOfKey(body, key); ok {
				values[i] = value
			}
		}
	}
	return values
}

// mayHaveKey reports whether the body may have the key: false spares reading the
// JSON of most bodies. One with escapes may write the key in another way.
func mayHaveKey(body []byte, key string) bool {
	return bytes.Contains(body, []byte(`"`+key+`"`)) || bytes.IndexByte(body, '\\') >= 0
}

// valueOfKey returns what the body has under exactly that key, written as
// [provider.Fields] does.
func valueOfKey(body []byte, key string) (value string, ok bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal(provider.UniqueArgs(body), &object) != nil {
		return "", false
	}
	raw, ok := object[key]
	if ok && json.Unmarshal(raw, &value) != nil {
		value = string(raw) // not a string
	}
	return value, ok
}

// wrapped is a body that has this object attached.
func wrapped(args []byte) []byte {
	if args == nil {
		return nil
	}
	return slices.Concat([]byte(`{"uniqueArgs":`), args, []byte("}"))
}
