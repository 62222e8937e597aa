package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// ReportOptions say which events a report counts, and by what.
type ReportOptions struct {
	// By are the names of [ReportColumns], and unique_args.NAME for what the
	// sender attached to the message, with dots for what lies deeper.
	By []string
	// An event counts when it was received at Since or later and before Until.
	Since, Until hygiene.Instant
	// Progress is told how many events have been looked at; nil for nobody.
	Progress func(events int64)

	step   int64 // places in the log that are read at a time; 0 for reportStep
	groups int   // that are gathered in memory; 0 for reportGroups
	bytes  int   // of the values of these; 0 for reportBytes
}

// reportColumns are what the log has of an event, in SQL.
var reportColumns = map[string]string{
	"day": "received_at / 86400000000", "outcome": "outcome", "code": "code", "source": "source",
}

// ReportColumns lists what a report can count by, beside unique_args.
func ReportColumns() []string { return []string{"day", "outcome", "code", "source"} }

// uniqueArgsPrefix begins the name of a column that is read from events' bodies.
const uniqueArgsPrefix = "unique_args."

// ReportRow is one row of a report.
type ReportRow struct {
	Values   []string // of the columns of By
	Events   int64
	Group    int64   // events of all rows that differ in the outcome, and its code, alone
	Outcomes []int64 // events by hygiene.Outcome
}

// Report is what was counted. It lies in a temporary file, in the folder that
// the variable TMPDIR names or beside the store, until it is closed.
type Report struct {
	file    *scratch
	asked   []string // By
	columns []string // of the file: those of By, and the outcome
	by      int
	outcome int // where the outcome is in By; -1 for nowhere
	// Events is how many events were counted, repeats among them.
	Events int64
}

// Report counts events in one pass over the log, a step at a time, so that
// nothing piles up behind it.
func (s *Store) Report(ctx context.Context, o ReportOptions) (*Report, error) {
	r, err := s.newReport(o)
	if err != nil {
		return nil, err
	}
	if err := r.count(ctx, s, o); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// newReport is a report of no event.
func (s *Store) newReport(o ReportOptions) (*Report, error) {
	r := &Report{asked: o.By, by: len(o.By), outcome: slices.Index(o.By, "outcome")}
	for i := range o.By {
		r.columns = append(r.columns, fmt.Sprint("c", i))
	}
	columns := strings.Join(r.columns, " TEXT NOT NULL, ") + " TEXT NOT NULL"
	file, err := s.newScratch(fmt.Sprintf("CREATE TABLE counts (%s, outcome TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (%s, outcome)) STRICT, WITHOUT ROWID;",
		columns, strings.Join(r.columns, ", ")))
	r.file, r.columns = file, append(r.columns, "outcome")
	return r, err
}

// Close frees the space of the file.
func (r *Report) Close() error { return r.file.close() }

// How much of the log is read, and how many groups are gathered in memory, at a
// time: what senders attach may be long.
const (
	reportStep   = 100_000
	reportGroups = 100_000
	reportBytes  = 16 << 20
)

func (r *Report) count(ctx context.Context, s *Store, o ReportOptions) error {
	last, err := s.LastSeq()
	if err != nil {
		return err
	}
	step := cmp.Or(o.step, reportStep)
	g := r.gather(o)
	first, err := s.firstSeq()
	if err != nil {
		return err
	}
	for from := first; from <= last; from += step {
		upTo := min(from+step-1, last)
		err := s.readLog(func(c *conn) error { return g.step(c, o, from, upTo) })
		if err = errors.Join(ctx.Err(), err); err != nil {
			return err
		}
		if o.Progress != nil {
			o.Progress(upTo - first + 1)
		}
	}
	return g.flush()
}

// gather begins to gather counts for the report.
func (r *Report) gather(o ReportOptions) *gathered {
	g := &gathered{report: r, scan: reportScan(o.By), counts: map[string]*int64{}, most: cmp.Or(o.groups, reportGroups), mostBytes: cmp.Or(o.bytes, reportBytes)}
	var paths []string
	for _, name := range o.By {
		if path, is := strings.CutPrefix(name, uniqueArgsPrefix); is {
			paths = append(paths, path)
		}
	}
	g.fields = provider.NewFields(paths...)
	return g
}

func (s *Store) firstSeq() (n int64, err error) {
	err = s.readLog(func(c *conn) error {
		n, err = c.number("SELECT min(seq) FROM events")
		return err
	})
	return n, err
}

// reportScan reads a step of the log: grouped when everything is in columns, as
// SQLite counts sooner than it hands rows over, else each event with its body.
func reportScan(by []string) string {
	var columns []string
	body := false
	for _, name := range by {
		if column, ok := reportColumns[name]; ok {
			columns = append(columns, column)
			continue
		}
		columns, body = append(columns, "''"), true
	}
	columns = append(columns, "outcome")
	where := " FROM events WHERE seq BETWEEN ? AND ? AND received_at >= ? AND received_at < ?"
	if body {
		return "SELECT " + strings.Join(columns, ", ") + ", 1, body" + where
	}
	numbers := make([]string, len(columns))
	for i := range columns {
		numbers[i] = fmt.Sprint(i + 1)
	}
	return "SELECT " + strings.Join(columns, ", ") + ", count(*)" + where + " GROUP BY " + strings.Join(numbers, ", ")
}

// gathered are counts in memory, on their way to the report's file.
type gathered struct {
	report *Report
	scan   string
	fields *provider.Fields // what is read from bodies, in the order of their columns
	counts map[string]*int64
	most   int
	key    []byte

	bytes, mostBytes int // of the keys of counts

	day  int64  // since 1970
	date string // of the day
}

func (g *gathered) step(c *conn, o ReportOptions, from, upTo int64) error {
	r := c.query(g.scan, from, upTo, int64(o.Since), int64(o.Until))
	for r.next() {
		if err := g.add(r, o.By); err != nil {
			return errors.Join(err, r.close())
		}
	}
	return r.close()
}

// add counts a row of the scan.
func (g *gathered) add(r *rows, by []string) error {
	n := len(by) + 1
	var read []string
	if len(r.dest) > n+1 {
		read = g.fields.Of(r.blob(n + 1))
	}
	g.key = g.key[:0]
	for i := range n {
		value := r.text(i)
		if i < len(by) && by[i] == "day" {
			value = g.dayOf(r.int(i))
		} else if i < len(by) && reportColumns[by[i]] == "" {
			value, read = read[0], read[1:]
		}
		g.key = binary.AppendUvarint(g.key, uint64(len(value)))
		g.key = append(g.key, value...)
	}
	count := g.counts[string(g.key)]
	if count == nil {
		if len(g.counts) == g.most || g.bytes+len(g.key) > g.mostBytes && g.bytes > 0 {
			if err := g.flush(); err != nil {
				return err
			}
		}
		count = new(int64)
		g.counts[string(g.key)] = count
		g.bytes += len(g.key)
	}
	*count += r.int(n)
	g.report.Events += r.int(n)
	return nil
}

// dayOf writes a day, counted from 1970 on; mostly it is the one before.
func (g *gathered) dayOf(day int64) string {
	if day != g.day || g.date == "" {
		g.day, g.date = day, time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly)
	}
	return g.date
}

// flush adds what was gathered to the file.
func (g *gathered) flush() error {
	columns := strings.Join(g.report.columns, ", ")
	add := fmt.Sprintf("INSERT INTO counts (%s, n) VALUES (?%s) ON CONFLICT DO UPDATE SET n = n + excluded.n", columns, strings.Repeat(", ?", len(g.report.columns)))
	for key, n := range g.counts {
		if err := g.report.file.c.exec(add, append(split(key), *n)...); err != nil {
			return g.report.file.whereFull(err)
		}
	}
	clear(g.counts)
	g.bytes = 0
	return nil
}

// split gives the values that a key was made of.
func split(key string) (values []any) {
	for len(key) > 0 {
		n, size := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
		key = key[size:]
		values, key = append(values, key[:n]), key[n:]
	}
	return values
}
