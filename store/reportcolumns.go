package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene/provider"
)

// reportColumns are what the log has of an event, in SQL.
var reportColumns = map[string]string{
	"day": "received_at / 86400000000", "outcome": "outcome", "code": "code", "source": "source",
}

// ReportColumns lists what a report can count by, beside unique_args.
func ReportColumns() []string { return []string{"day", "outcome", "code", "source"} }

// uniqueArgsPrefix begins the name of a column that is read from events' bodies.
const uniqueArgsPrefix = "unique_args."

// CheckReportColumns says what is wrong with the columns that a report is asked
// to count by: none at all, one that there is not, one twice.
func CheckReportColumns(by []string) error {
	known := strings.Join(ReportColumns(), ", ") + ", " + uniqueArgsPrefix + "NAME"
	if len(by) == 0 {
		return errors.New("no column is named: write some of " + known)
	}
	for i, name := range by {
		attached, is := strings.CutPrefix(name, uniqueArgsPrefix)
		switch {
		case slices.Contains(by[:i], name):
			return fmt.Errorf("%s is named twice", name)
		case is && attached != "":
		case reportColumns[name] == "":
			return fmt.Errorf("%q is no column: write some of %s", name, known)
		}
	}
	return nil
}

// The columns of an event's own that tell a repeat: with the outcome, they are
// those of the event that it repeats.
var identityColumns = []string{"source", "message_id", "code", "contact"}

// reportScan is how a step of the log is read.
type reportScan struct {
	sql      string
	body     int // the place of the body in a row; 0 for none
	identity int // the place of identityColumns; 0 for none
	columns  int // of a row
}

// newReportScan reads a step of the log: grouped when everything is in columns and
// repeats count, as SQLite counts sooner than it hands rows over, else each event.
func newReportScan(o *ReportOptions) (scan reportScan) {
	var columns []string
	for _, name := range o.By {
		column, ok := reportColumns[name]
		if !ok {
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
		columns = append(columns, "body")
	}
	if o.Unique {
		scan.identity, columns = len(columns), append(columns, identityColumns...)
	}
	scan.columns = len(columns)
	scan.sql = "SELECT " + strings.Join(columns, ", ") + where + " ORDER BY seq"
	return scan
}

// attachments reads what senders attached to messages, out of events' bodies.
type attachments struct {
	fields *provider.Fields
	keys   []string // of each column of unique_args, its name there
}

func newAttachments(by []string) *attachments {
	a := &attachments{}
	for _, name := range by {
		if key, is := strings.CutPrefix(name, uniqueArgsPrefix); is {
			a.keys = append(a.keys, key)
		}
	}
	a.fields = provider.NewFields(a.keys...)
	return a
}

// of gives what stands in the body under each name. A dot in it may be the
// sender's own: the key that reads just so comes before what lies deeper. The
// values are good until the next call.
func (a *attachments) of(body []byte) []string {
	values := a.fields.Of(body)
	for i, key := range a.keys {
		if strings.Contains(key, ".") && mayHaveKey(body, key) {
			if value, ok := literal(body, key); ok {
				values[i] = value
			}
		}
	}
	return values
}

// mayHaveKey tells sooner than by reading the JSON of most bodies that they do not
// have the key. One with escapes may have it in other letters.
func mayHaveKey(body []byte, key string) bool {
	return bytes.Contains(body, []byte(`"`+key+`"`)) || bytes.IndexByte(body, '\\') >= 0
}

// literal gives what stands under that very key, as [provider.Fields] does.
func literal(body []byte, key string) (value string, ok bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal(provider.UniqueArgs(body), &object) != nil {
		return "", false
	}
	raw, ok := object[key]
	if ok && json.Unmarshal(raw, &value) != nil {
		value = string(raw) // it is no text
	}
	return value, ok
}
