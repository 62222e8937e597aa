// Package silence finds the messages in the log that were sent and had no terminal event,
// be it before or after: nobody knows what became of them.
//
// It is one pass over the log, a step at a time, so that nothing waits for it. Of each
// event that matters it keeps 24 bytes: a hash of the message, the time and the place in
// the log. They are sorted by message, in runs that fit in memory, and an answered message
// leaves one record of a run. The runs are merged, so that all of a message comes together
// whatever the order of the log.
//
// Where to change what: which events matter is [hygiene.TerminalOutcomes]; how records are
// sorted is in runs.go; what is listed of a silent message is in list.go.
package silence

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Options say which messages are silent.
type Options struct {
	Now   hygiene.Instant
	After time.Duration // how long after its sending a message without an answer is silent
	// Source is the only one that is looked at; empty for all.
	Source string
	// Since is the earliest sending that is looked at. It is at most [hygiene.SilentFor]
	// before Now; 0 for that.
	Since hygiene.Instant
	// Progress is called now and then with how many events were looked at; may be nil.
	Progress func(events int64)

	run  int   // records of a run; 0 for runRecords
	step int64 // events that are read together; 0 for readStep
}

// from is the earliest sending that counts.
func (o *Options) from() hygiene.Instant { return max(o.Since, o.Now.Add(-hygiene.SilentFor)) }

// Count is how many messages of a day are silent.
type Count struct {
	Source   string
	Day      int64 // of the sending, in days since 1970 in UTC
	Messages int64
}

// Start is the beginning of the day.
func (c *Count) Start() hygiene.Instant {
	return hygiene.Instant(0).Add(time.Duration(c.Day) * hygiene.Day)
}

// Date is the day as people write it: 2026-01-31.
func (c *Count) Date() string { return c.Start().Time().Format(time.DateOnly) }

// Found is what a pass found.
type Found struct {
	Messages int64
	Counts   []Count // by source and day
	Events   int64   // looked at
	Bytes    int64   // of the scratch file
}

// Find finds the silent messages, and passes each to visit unless that is nil, in the
// order of their sending.
func Find(ctx context.Context, e engine.Engine, folder string, o Options, visit func(*Message) error) (found Found, err error) {
	f := &finder{engine: e, folder: folder, o: &o, places: map[string]int{}, counts: map[Count]int64{}}
	f.runs = runs{folder: folder, most: o.run}
	f.listed.Folder = folder
	defer func() { err = errors.Join(err, f.runs.close(), f.listed.Close()) }()
	if err := f.read(ctx); err != nil {
		return found, err
	}
	err = f.runs.each(func(r record) error {
		f.count(r)
		if visit == nil {
			return ctx.Err()
		}
		return errors.Join(ctx.Err(), f.list(r))
	})
	if err == nil && visit != nil {
		err = f.visitListed(ctx, visit)
	}
	f.found.Bytes = f.runs.written
	f.found.Counts = f.sortedCounts()
	return f.found, err
}

// readStep is how many events of the log are read together.
const readStep = 50_000

// slack is how much earlier than the first sending that counts an answer may have been
// received: a message is not answered before it was sent, but clocks differ.
const slack = 7 * hygiene.Day

// read makes records of the log.
func (f *finder) read(ctx context.Context) error {
	var size engine.LogSize
	err := f.engine.ReadLog(func(l engine.LogReader) (err error) {
		size, err = l.Size()
		return err
	})
	if err != nil {
		return err
	}
	step := f.o.step
	if step == 0 {
		step = readStep
	}
	for from := size.First - 1; from < size.Last; from += step {
		upTo := min(from+step, size.Last)
		err := f.engine.ReadLog(func(l engine.LogReader) error { return f.readStep(l, from, upTo) })
		if err = errors.Join(ctx.Err(), err); err != nil {
			return err
		}
		if f.found.Events = upTo - size.First + 1; f.o.Progress != nil {
			f.o.Progress(f.found.Events)
		}
	}
	return nil
}

// outcomesSQL are the outcomes that matter: all are constants.
var outcomesSQL = "'" + strings.Join((hygiene.TerminalOutcomes()|hygiene.OutcomesOf(hygiene.Sent)).Names(), "', '") + "'"

var readSQL = fmt.Sprintf(`SELECT seq, source, message_id, outcome = '%s', coalesce(nullif(at, 0), received_at)
	FROM events WHERE seq > ? AND seq <= ? AND received_at >= ? AND (source = ? OR ? = '') AND outcome IN (%s)`, hygiene.Sent, outcomesSQL)

func (f *finder) readStep(l engine.LogReader, from, upTo int64) error {
	r := l.Query(readSQL, from, upTo, int64(f.o.from().Add(-slack)), f.o.Source, f.o.Source)
	for r.Next() {
		source := r.Text(1)
		record := record{hash: hygiene.MessageHash(source, r.Text(2)), at: hygiene.Instant(r.Int(4)), seq: r.Int(0), terminal: r.Int(3) == 0}
		if record.source = f.place(source); record.source < 0 {
			return errors.Join(fmt.Errorf("the log has events of more than %d sources", maxSources), r.Close())
		}
		if err := f.runs.add(record); err != nil {
			return errors.Join(err, r.Close())
		}
	}
	return r.Close()
}
