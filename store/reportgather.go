package store

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

// gathered are counts in memory, on their way to the report.
type gathered struct {
	report      *Report
	store       *Store
	o           ReportOptions
	scan        reportScan
	attachments *attachments
	counts      map[string]*int64
	most        int
	key         []byte

	bytes, mostBytes int // of the keys of counts

	seen    *keyset.Set // nil when repeats count
	asked   []string    // what tells the events apart that are about to be counted
	waiting []*int64    // where each of them is to be counted
	batch   int         // how many wait at most

	day  int64  // since 1970
	date string // of the day
}

const (
	// reportBatch is how many events are asked for repeats together.
	reportBatch = 1 << 15
	// reportSeen is how many events are remembered in memory, 32 bytes for each: of
	// more, a temporary file is needed.
	reportSeen = 1 << 20
)

// gather begins to gather counts for the report.
func (r *Report) gather(s *Store, o ReportOptions) *gathered {
	g := &gathered{report: r, store: s, o: o, scan: newReportScan(&o), attachments: newAttachments(o.By), counts: map[string]*int64{},
		most: cmp.Or(o.groups, reportGroups), mostBytes: cmp.Or(o.bytes, reportBytes), batch: cmp.Or(o.batch, reportBatch)}
	if o.Unique {
		g.seen = keyset.New(s.scratchFolder(), reportSeen)
	}
	return g
}

// close forgets which events were seen.
func (g *gathered) close() error {
	if g.seen == nil {
		return nil
	}
	return g.seen.Close()
}

func (g *gathered) step(c engine.Querier, from, upTo int64) error {
	r := c.Query(g.scan.sql, from, upTo, int64(g.o.Since), int64(g.o.Until))
	for r.Next() {
		if err := g.add(r); err != nil {
			return errors.Join(err, r.Close())
		}
	}
	return r.Close()
}

// add counts a row of the scan, or lets it wait to be.
func (g *gathered) add(r engine.Rows) error {
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
	if len(g.waiting) < g.batch {
		return nil
	}
	return g.settle()
}

// countOf finds or begins the count that a row of the scan belongs to.
func (g *gathered) countOf(r engine.Rows) (*int64, error) {
	g.readKey(r)
	if count := g.counts[string(g.key)]; count != nil {
		return count, nil
	}
	if len(g.counts) == g.most || g.bytes+len(g.key) > g.mostBytes && g.bytes > 0 {
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
func (g *gathered) readKey(r engine.Rows) {
	var attached []string
	if g.scan.body > 0 {
		attached = g.attachments.of(r.Blob(g.scan.body))
	}
	g.key = g.key[:0]
	for i := range len(g.o.By) + 1 {
		value := r.Text(i)
		if i < len(g.o.By) && g.o.By[i] == "day" {
			value = g.dayOf(r.Int(i))
		} else if i < len(g.o.By) && reportColumns[g.o.By[i]] == "" {
			value, attached = attached[0], attached[1:]
		}
		g.key = appendPart(g.key, value)
	}
}

// dayOf writes a day, counted from 1970 on; mostly it is the one before.
func (g *gathered) dayOf(day int64) string {
	if day != g.day || g.date == "" {
		g.day, g.date = day, time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly)
	}
	return g.date
}

// identity is what a repeat has in common with the event that it repeats.
func (g *gathered) identity(r engine.Rows) string {
	var b [256]byte
	key := appendPart(b[:0], r.Text(len(g.o.By)))
	for i := g.scan.identity; i < g.scan.columns; i++ {
		key = appendPart(key, r.Text(i))
	}
	return string(key)
}

// settle counts what waits, but for the repeats.
func (g *gathered) settle() error {
	if len(g.waiting) == 0 {
		return nil
	}
	fresh, err := g.seen.Add(g.asked)
	if err != nil {
		return err
	}
	for i, count := range g.waiting {
		if fresh[i] {
			*count++
			g.report.Events++
		} else {
			g.report.Repeats++
		}
	}
	clear(g.asked) // of a batch with long ids nothing is held on to
	g.asked, g.waiting = g.asked[:0], g.waiting[:0]
	return nil
}

// overflow puts what was gathered into a file, to have room for more.
func (g *gathered) overflow() (err error) {
	if g.report.counts == nil {
		if g.report.counts, err = sqlite.NewScratch(g.store.scratchFolder(), g.report.table()); err != nil {
			return err
		}
	}
	return g.save()
}

// whole ends the gathering. What never was too much for memory stays there.
func (g *gathered) whole() (err error) {
	if g.report.counts == nil {
		if g.report.counts, err = sqlite.NewScratch("", g.report.table()); err != nil {
			return err
		}
	}
	return g.save()
}

// save adds what was gathered to the report's counts.
func (g *gathered) save() error {
	if err := g.settle(); err != nil {
		return err
	}
	columns := strings.Join(g.report.columns, ", ")
	add := fmt.Sprintf("INSERT INTO counts (%s, n) VALUES (?%s) ON CONFLICT (%s) DO UPDATE SET n = counts.n + excluded.n", columns, strings.Repeat(", ?", len(g.report.columns)), columns)
	for key, n := range g.counts {
		if *n == 0 {
			continue // all of it were repeats
		}
		if err := g.report.counts.Exec(add, append(parts(key), *n)...); err != nil {
			return g.report.counts.Explain(err)
		}
	}
	clear(g.counts)
	g.bytes = 0
	return nil
}

// appendPart appends a value to a key, so that no other values make the same key.
func appendPart(key []byte, value string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(value))), value...)
}

// parts gives the values that a key was made of.
func parts(key string) (values []any) {
	for len(key) > 0 {
		n, size := binary.Uvarint([]byte(key[:min(len(key), binary.MaxVarintLen64)]))
		key = key[size:]
		values, key = append(values, key[:n]), key[n:]
	}
	return values
}
