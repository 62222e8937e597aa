package sqlite

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/scratchfile"
)

// The log is sorted as a merge sort does it. SQLite reads so many events at a
// time, sorts them in memory and appends them to a scratch file: a run. Then all
// runs are read together. The log is read for a moment at a time, so that its
// write-ahead log does not grow behind the reader, and no row comes to Go before
// it is in order. (Over 10 million events that takes less time than reading the
// log into Go once.)
const (
	runBytes = 32 << 20 // of a run; a sort in memory takes about twice as many
	firstRun = 20_000   // events: how long they are is not known yet
	sortPage = 16 << 10 // bytes of a page of the scratch file
)

// sortedLog is the scratch file, and all its runs while they are read. It
// implements engine.SortedLog.
type sortedLog struct {
	c      *conn
	folder string
	ends   []int64 // of each run, its last row
	bytes  int64

	runs    []*sortedRun // those not at their end: a heap, the first has the next event
	contact string       // of the event read last
	kinds   map[string]hygiene.Event
}

// sortTuning is for a file that is private and need not outlive a
// crash. The size of the cache is also what SQLite sorts in memory.
var sortTuning = fmt.Sprintf(`PRAGMA main.page_size = %d; PRAGMA main.cache_size = -%d;
	PRAGMA main.journal_mode = OFF; PRAGMA main.synchronous = OFF; PRAGMA main.locking_mode = EXCLUSIVE;
	CREATE TABLE main.runs (contact TEXT NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, message_id TEXT NOT NULL) STRICT`,
	sortPage, 2*runBytes>>10)

// SortLog implements engine.Engine.
func (e *Engine) SortLog(ctx context.Context, o engine.SortOptions) (engine.SortedLog, error) {
	l := &sortedLog{folder: o.Folder, kinds: map[string]hygiene.Event{}}
	err := scratchfile.Open(o.Folder, "events.db", func(path string) error { return l.open(e, path) })
	if err == nil {
		err = l.sort(ctx, &o)
	}
	if err == nil {
		err = l.beginMerge()
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *sortedLog) open(e *Engine, path string) (err error) {
	if err := createPrivate(path); err != nil {
		return err
	}
	if l.c, err = openConn("file:" + escaped(path) + "?_stmt_cache_size=0"); err != nil {
		return err
	}
	if err := l.c.script(sortTuning); err != nil {
		return err
	}
	if err := l.c.exec("ATTACH ? AS log", "file:"+escaped(e.logPath())+"?mode=ro"); err != nil {
		return err
	}
	return l.c.exec("ATTACH ? AS contacts", "file:"+escaped(e.path)+"?mode=ro")
}

// sortedEvents is what a run is made of. What of an event does not belong to its contact, time
// and message is one text, its kind. Events of today have trimmed ids; those of earlier
// versions are trimmed of the blanks that SQLite can be asked to trim.
const sortedEvents = `SELECT CASE contact WHEN '' THEN coalesce(
			(SELECT nullif(m.contact, '') FROM contacts.messages m WHERE m.source = e.source AND m.message_id = trim(e.message_id, char(9, 10, 13, 32, 160, 8203, 65279))),
			(SELECT u.contact FROM contacts.unsourced_messages u WHERE u.message_id = trim(e.message_id, char(9, 10, 13, 32, 160, 8203, 65279))
				AND e.source = coalesce((SELECT source FROM contacts.unsourced_owner), e.source)), '') ELSE contact END AS found,
		coalesce(nullif(at, 0), received_at) AS moment, seq, source || char(31) || outcome || char(31) || code AS kind, message_id
	FROM log.events e WHERE seq > ? AND seq <= ? AND received_at <= ?`

// sortRun appends a run.
const sortRun = "INSERT INTO main.runs (contact, at, seq, kind, message_id) " + sortedEvents + " ORDER BY found, moment, seq"

// sortNamedRun is sortRun where contacts were merged: some keys name another contact.
const sortNamedRun = "INSERT INTO main.runs (contact, at, seq, kind, message_id) SELECT " +
	"coalesce((SELECT n.contact FROM contacts.names n WHERE n.key = found), found) AS root, moment, seq, kind, message_id FROM (" + sortedEvents + ") ORDER BY root, moment, seq"

// sort writes the log, as it is at the beginning, into runs.
func (l *sortedLog) sort(ctx context.Context, o *engine.SortOptions) error {
	first, err := l.c.number("SELECT min(seq) FROM log.events")
	if err != nil {
		return err
	}
	last, err := l.c.number("SELECT max(seq) FROM log.events")
	if err != nil {
		return err
	}
	events := cmp.Or(o.RunEvents, firstRun)
	for from := first - 1; from < last; from += events {
		if from > first && o.RunEvents == 0 {
			if events, err = l.nextRun(); err != nil {
				return err
			}
		}
		if err := l.appendRun(ctx, from, min(from+events, last), o.Until); err != nil {
			return l.explain(err)
		}
		if o.Sorted != nil {
			o.Sorted(l.rows())
		}
	}
	pages, err := l.c.number("PRAGMA main.page_count")
	l.bytes = pages * sortPage
	return err
}

// appendRun appends the run of the events after the seq from, up to upTo.
func (l *sortedLog) appendRun(ctx context.Context, from, upTo int64, until hygiene.Instant) error {
	args := []driver.NamedValue{{Ordinal: 1, Value: from}, {Ordinal: 2, Value: upTo}, {Ordinal: 3, Value: int64(until)}}
	named, err := l.c.number("SELECT EXISTS (SELECT 1 FROM contacts.names)")
	if err != nil {
		return err
	}
	sql := sortRun
	if named == 1 {
		sql = sortNamedRun
	}
	_, err = l.c.db.ExecContext(ctx, sql, args)
	if err := cmp.Or(ctx.Err(), friendlyError(err)); err != nil {
		return err
	}
	end, err := l.c.number("SELECT max(rowid) FROM main.runs")
	l.ends = append(l.ends, end)
	return err
}

// rows is how many events have been sorted.
func (l *sortedLog) rows() int64 { return l.ends[len(l.ends)-1] }

// nextRun is how many events make runBytes, if they are as long as those so far.
func (l *sortedLog) nextRun() (int64, error) {
	pages, err := l.c.number("PRAGMA main.page_count")
	return max(runBytes*l.rows()/(max(pages, 1)*sortPage), firstRun), err
}

// explain adds to the error of a full disk which folder that is, and what to do.
func (l *sortedLog) explain(err error) error {
	if errors.Is(err, engine.ErrFull) {
		return fmt.Errorf("sort the log in %s: %w; set TMPDIR to a folder with room for 100 bytes an event", l.folder, err)
	}
	return err
}

// ScratchBytes implements engine.SortedLog.
func (l *sortedLog) ScratchBytes() int64 { return l.bytes }

// Close frees the scratch file.
func (l *sortedLog) Close() error {
	if l.c == nil {
		return nil
	}
	c := l.c
	l.c = nil
	return c.close()
}

// sortedRun is a run that is being read. It holds the next event.
type sortedRun struct {
	r       *rows
	contact string
	at, seq int64
}

// next goes to the next event; false after the last, or when it can't be read.
func (r *sortedRun) next() bool {
	if !r.r.Next() {
		return false
	}
	r.contact, r.at, r.seq = r.r.Text(0), r.r.Int(1), r.r.Int(2)
	return true
}

func (r *sortedRun) before(s *sortedRun) bool {
	return cmp.Or(strings.Compare(r.contact, s.contact), cmp.Compare(r.at, s.at), cmp.Compare(r.seq, s.seq)) < 0
}

// beginMerge begins to read all runs together.
func (l *sortedLog) beginMerge() error {
	from := int64(0)
	for _, upTo := range l.ends {
		r := &sortedRun{r: l.c.query(fmt.Sprintf("SELECT contact, at, seq, kind, message_id FROM main.runs WHERE rowid > %d AND rowid <= %d ORDER BY rowid", from, upTo))}
		from = upTo
		if r.next() {
			l.runs = append(l.runs, r)
		} else if err := r.r.Close(); err != nil {
			return err
		}
	}
	for i := len(l.runs)/2 - 1; i >= 0; i-- {
		l.siftDown(i)
	}
	return nil
}

// siftDown puts the run at i in its place in the heap.
func (l *sortedLog) siftDown(i int) {
	for {
		next := 2*i + 1
		if next+1 < len(l.runs) && l.runs[next+1].before(l.runs[next]) {
			next++
		}
		if next >= len(l.runs) || !l.runs[next].before(l.runs[i]) {
			return
		}
		l.runs[i], l.runs[next] = l.runs[next], l.runs[i]
		i = next
	}
}

// Next implements engine.SortedLog.
func (l *sortedLog) Next(e *hygiene.Event) (bool, error) {
	if len(l.runs) == 0 {
		return false, nil
	}
	top := l.runs[0]
	kind, err := l.kind(top.r.Text(3))
	if err != nil {
		return false, fmt.Errorf("read event %d of the log: %w", top.seq, err)
	}
	if top.contact != l.contact {
		l.contact = top.contact // the same string for all events of a contact
	}
	*e = kind
	e.Contact, e.At, e.ReceivedAt, e.Seq, e.MessageID = l.contact, hygiene.Instant(top.at), hygiene.Instant(top.at), top.seq, top.r.Text(4)
	if !top.next() {
		if err := top.r.Close(); err != nil {
			return false, err
		}
		end := len(l.runs) - 1
		l.runs[0], l.runs = l.runs[end], l.runs[:end]
	}
	l.siftDown(0)
	return true, nil
}

// kindsKept is how many kinds are remembered: a provider may send ever other
// codes.
const kindsKept = 4096

// kind is an event of that kind, without the rest.
func (l *sortedLog) kind(text string) (hygiene.Event, error) {
	if e, ok := l.kinds[text]; ok {
		return e, nil
	}
	source, rest, _ := strings.Cut(text, "\x1f")
	outcome, code, _ := strings.Cut(rest, "\x1f")
	o, err := hygiene.ParseOutcome(outcome)
	if err != nil {
		return hygiene.Event{}, err
	}
	if len(l.kinds) == kindsKept {
		clear(l.kinds)
	}
	e := hygiene.Event{Source: source, Outcome: o, Code: code}
	l.kinds[text] = e
	return e, nil
}
