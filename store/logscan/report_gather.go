package logscan

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"winnow/store/engine"
	"winnow/store/keyset"
	"winnow/store/sqlite"
)

// gatherer counts in memory, and puts its counts into the report when they become
// too many.
type gatherer struct {
	report      *Report
	folder      string // for scratch files
	o           ReportOptions
	scan        reportScan
	attachments *attachments
	counts      map[string]*int64
	maxCounts   int
	key         []byte

	bytes, maxBytes int // of the keys of counts

	seen     *keyset.Set // nil when repeats count
	asked    []string    // what identifies the events that are about to be counted
	waiting  []*int64    // where each of them is to be counted
	maxAsked int

	days, hours spans
}

const (
	// reportBatch is how many events are looked up for repeats together.
	reportBatch = 1 << 15
	// reportSeen is how many events are remembered in memory, 32 bytes for each: of
	// more, a scratch file is needed.
	reportSeen = 1 << 20
)

func newGatherer(r *Report, folder string, o ReportOptions) *gatherer {
	g := &gatherer{report: r, folder: folder, o: o, scan: newReportScan(&o), attachments: newAttachments(o.By, o.Args), counts: map[string]*int64{},
		maxCounts: cmp.Or(o.groups, reportGroups), maxBytes: cmp.Or(o.bytes, reportBytes), maxAsked: cmp.Or(o.batch, reportBatch)}
	if o.Unique {
		g.seen = keyset.New(folder, reportSeen)
	}
	return g
}

// close forgets which events were seen.
func (g *gatherer) close() error {
	if g.seen == nil {
		return nil
	}
	return g.seen.Close()
}

// read counts the events of some places in the log.
func (g *gatherer) read(c engine.Querier, from, upTo int64) error {
	r := c.Query(g.scan.sql, from, upTo, int64(g.o.Since), int64(g.o.Until))
	for r.Next() {
		if err := g.add(r); err != nil {
			return errors.Join(err, r.Close())
		}
	}
	return r.Close()
}

// add counts a row of the scan, or queues it to be counted.
func (g *gatherer) add(r engine.Rows) error {
	count, err := g.countOf(r)
	if err != nil {
		return err
	}
	events := r.Int(len(g.o.By) + 1)
	if g.seen == nil {
		*count += events
		g.report.Events += events
		return nil
	}
	g.waiting = append(g.waiting, count)
	g.asked = append(g.asked, g.identity(r))
	if len(g.waiting) < g.maxAsked {
		return nil
	}
	return g.countWaiting()
}

// countOf finds or begins the count that a row of the scan belongs to.
func (g *gatherer) countOf(r engine.Rows) (*int64, error) {
	g.readKey(r)
	if count := g.counts[string(g.key)]; count != nil {
		return count, nil
	}
	if len(g.counts) == g.maxCounts || g.bytes+len(g.key) > g.maxBytes && g.bytes > 0 {
		if err := g.overflow(); err != nil {
			return nil, err
		}
	}
	count := new(int64)
	g.counts[string(g.key)] = count
	g.bytes += len(g.key)
	return count, nil
}

// readKey reads the columns of the report, and the outcome, of a row of the scan.
func (g *gatherer) readKey(r engine.Rows) {
	var attached []string
	if g.scan.body > 0 {
		attached = g.attachments.of(r.Text(g.scan.body+1), r.Blob(g.scan.body))
	}
	g.key = g.key[:0]
	for i := range len(g.o.By) + 1 {
		value := ""
		switch {
		case i < len(g.o.By) && g.o.By[i] == "day":
			value = g.days.format(r.Int(i), 24*time.Hour, time.DateOnly)
		case i < len(g.o.By) && g.o.By[i] == "hour":
			value = g.hours.format(r.Int(i), time.Hour, time.RFC3339)
		case i < len(g.o.By) && columnSQL(g.o.By[i]) == "":
			value, attached = attached[0], attached[1:]
		default:
			value = r.Text(i)
		}
		g.key = appendValue(g.key, value)
	}
}

// spans writes days or hours, which are mostly the same as before.
type spans struct {
	n    int64 // since 1970
	text string
}

// format writes the beginning of the nth span of that length since 1970.
func (s *spans) format(n int64, length time.Duration, layout string) string {
	if n != s.n || s.text == "" {
		s.n, s.text = n, time.Unix(n*int64(length/time.Second), 0).UTC().Format(layout)
	}
	return s.text
}

// identity is what a repeat has in common with the event that it repeats.
func (g *gatherer) identity(r engine.Rows) string {
	var b [256]byte
	key := appendValue(b[:0], r.Text(len(g.o.By)))
	for i := range identityColumns {
		key = appendValue(key, r.Text(g.scan.identity+i))
	}
	return string(key)
}

// countWaiting counts what is queued, but for the repeats.
func (g *gatherer) countWaiting() error {
	if len(g.waiting) == 0 {
		return nil
	}
	isNew, err := g.seen.Add(g.asked)
	if err != nil {
		return err
	}
	for i, count := range g.waiting {
		if isNew[i] {
			*count++
			g.report.Events++
		} else {
			g.report.Repeats++
		}
	}
	clear(g.asked) // frees long ids
	g.asked, g.waiting = g.asked[:0], g.waiting[:0]
	return nil
}

// overflow puts the counts into a scratch file, to have room for more.
func (g *gatherer) overflow() (err error) {
	if g.report.counts == nil {
		if g.report.counts, err = sqlite.NewScratch(g.folder, g.report.table()); err != nil {
			return err
		}
	}
	return g.save()
}

// finish puts the last counts into the report. What never was too much for memory
// stays in memory.
func (g *gatherer) finish() (err error) {
	if g.report.counts == nil {
		if g.report.counts, err = sqlite.NewScratch("", g.report.table()); err != nil {
			return err
		}
	}
	return g.save()
}

// save adds the counts to the report's.
func (g *gatherer) save() error {
	if err := g.countWaiting(); err != nil {
		return err
	}
	columns := strings.Join(g.report.columns, ", ")
	add := fmt.Sprintf("INSERT INTO counts (%s, n) VALUES (?%s) ON CONFLICT (%s) DO UPDATE SET n = counts.n + excluded.n",
		columns, strings.Repeat(", ?", len(g.report.columns)), columns)
	for key, n := range g.counts {
		if *n == 0 {
			continue // all of it were repeats
		}
		if err := g.report.counts.Exec(add, append(values(key), *n)...); err != nil {
			return g.report.counts.Explain(err)
		}
	}
	clear(g.counts)
	g.bytes = 0
	return nil
}

// appendValue appends a value to a key, so that no other values make the same key.
func appendValue(key []byte, value string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(value))), value...)
}

// values returns the values that a key was made of.
func values(key string) (list []any) {
	for len(key) > 0 {
		n, size := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
		key = key[size:]
		list, key = append(list, key[:n]), key[n:]
	}
	return list
}
