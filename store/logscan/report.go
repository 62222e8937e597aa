package logscan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/sqlite"
)

// ReportOptions say which events a report counts, and by what.
type ReportOptions struct {
	// By are the names of [ReportColumns], and unique_args.NAME for what the
	// sender attached to the message: the key NAME, or, with dots, what lies
	// deeper.
	By []string
	// An event counts when it was received at Since or later and before Until.
	Since, Until hygiene.Instant
	// Unique leaves repeats out: of events that are alike in source, message,
	// outcome, code and contact only the first one in the log counts.
	Unique bool
	// Args reads what the sender attached, as a raw JSON object, from the body of an event of
	// a source; ok is false where it is to be read as [provider.UniqueArgs] does. It may be
	// nil.
	Args func(source string, body []byte) (args []byte, ok bool)
	// Progress is called with how many events have been read; it may be nil.
	Progress func(events int64)

	step   int64 // places in the log that are read at a time; 0 for reportStep
	groups int   // counted in memory; 0 for reportGroups
	bytes  int   // of the values of these; 0 for reportBytes
	batch  int   // of events that are looked up for repeats together; 0 for reportBatch
}

// ReportRow is one row of a report.
type ReportRow struct {
	Values   []string // of the columns of By
	Events   int64
	Group    int64   // events of all rows that differ only in the outcome, and its code
	Outcomes []int64 // events by hygiene.Outcome; when the outcome is not in By
}

// Report is what was counted. What is too much for memory lies in a scratch file
// until the report is closed.
type Report struct {
	counts  *sqlite.Scratch // nil until something was put there
	asked   []string        // By
	columns []string        // of counts: those of By, and the outcome
	by      int
	outcome int // where the outcome is in By; -1 for nowhere
	// Events is how many events were counted.
	Events int64
	// Repeats is how many were left out as repeats; 0 when these count.
	Repeats int64
}

// How much of the log is read, and how many groups are counted in memory, at a
// time: others who read the log wait for a step, and what senders attach may be long.
const (
	reportStep   = 2_000
	reportGroups = 100_000
	reportBytes  = 16 << 20
)

// NewReport counts events of the log in one pass. Scratch files are made in the
// folder.
func NewReport(ctx context.Context, e engine.Engine, folder string, o ReportOptions) (*Report, error) {
	if err := CheckReportColumns(o.By); err != nil {
		return nil, err
	}
	r := newReport(o)
	if err := r.count(ctx, e, folder, o); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// newReport is a report of no event.
func newReport(o ReportOptions) *Report {
	r := &Report{asked: o.By, by: len(o.By), outcome: slices.Index(o.By, "outcome")}
	for i := range o.By {
		r.columns = append(r.columns, fmt.Sprint("c", i))
	}
	r.columns = append(r.columns, "outcome")
	return r
}

// table is the table of counts, in SQL.
func (r *Report) table() string {
	return fmt.Sprintf("CREATE TABLE counts (%s TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (%s)) STRICT, WITHOUT ROWID;",
		strings.Join(r.columns, " TEXT NOT NULL, "), strings.Join(r.columns, ", "))
}

// Close frees the space of the counts.
func (r *Report) Close() error { return r.counts.Close() }

func (r *Report) count(ctx context.Context, e engine.Engine, folder string, o ReportOptions) (err error) {
	g := newGatherer(r, folder, o)
	defer func() { err = errors.Join(err, g.close()) }()
	var size engine.LogSize
	err = e.ReadLog(func(l engine.LogReader) (err error) {
		size, err = l.Size()
		return err
	})
	if err != nil {
		return err
	}
	step := cmp.Or(o.step, reportStep)
	for from := size.First; from <= size.Last; from += step {
		upTo := min(from+step-1, size.Last)
		err := e.ReadLog(func(l engine.LogReader) error { return g.read(l, from, upTo) })
		if err = errors.Join(ctx.Err(), err); err != nil {
			return err
		}
		if o.Progress != nil {
			o.Progress(upTo - size.First + 1)
		}
	}
	return g.finish()
}
