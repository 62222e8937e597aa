package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/mattn/go-sqlite3"

	"winnow/hygiene"
	"winnow/store/scratchfile"
)

// A backtest needs the log contact by contact, and sorts it as a merge sort
// does. SQLite reads so many events at a time, sorts them in memory and appends
// them to a temporary file: a run. Then all runs are read together. The log is
// read for a moment at a time, so that nothing piles up behind the reader, and
// no row comes to Go before it is in order. (Over 10 million events that takes
// less time than handing the log to Go once.)
const (
	runBytes = 32 << 20 // of a run; a sort in memory takes about twice as many
	firstRun = 20_000   // events: how long they are is not known yet
	pageSize = 16 << 10 // of the temporary file
)

// sortFile is the temporary file.
type sortFile struct {
	c      *conn
	folder string
	ends   []int64 // of each run, its last row
}

// newSortFile makes the file.
func (s *Store) newSortFile() (*sortFile, error) {
	f := &sortFile{folder: s.scratchFolder()}
	err := scratchfile.Open(f.folder, "events.db", func(path string) error { return f.open(s, path) })
	if err != nil && f.c != nil {
		err = errors.Join(err, f.c.close())
	}
	return f, err
}

// sortSetup is for a file that nobody else sees and that need not outlive a
// crash. The size of the cache is also what SQLite sorts in memory.
var sortSetup = fmt.Sprintf(`PRAGMA main.page_size = %d; PRAGMA main.cache_size = -%d;
	PRAGMA main.journal_mode = OFF; PRAGMA main.synchronous = OFF; PRAGMA main.locking_mode = EXCLUSIVE;
	CREATE TABLE main.runs (contact TEXT NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, message_id TEXT NOT NULL) STRICT`,
	pageSize, 2*runBytes>>10)

func (f *sortFile) open(s *Store, path string) error {
	if err := makePrivate(path); err != nil {
		return err
	}
	raw, err := (&sqlite3.SQLiteDriver{}).Open("file:" + escaped(path) + "?_stmt_cache_size=0")
	if err != nil {
		return fmt.Errorf("open %s: %w", path, plain(err))
	}
	f.c = &conn{db: raw.(*sqlite3.SQLiteConn), stmts: map[string]*statement{}}
	if err := f.c.script(sortSetup); err != nil {
		return err
	}
	if err := f.c.exec("ATTACH ? AS log", "file:"+escaped(s.LogPath())+"?mode=ro"); err != nil {
		return err
	}
	return f.c.exec("ATTACH ? AS roster", "file:"+escaped(s.path)+"?mode=ro")
}

func escaped(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// sortRun appends a run. An event's contact is found as a sweep finds it; what
// of the event is none of its contact's, time and message is one text, its kind.
const sortRun = `INSERT INTO main.runs (contact, at, seq, kind, message_id)
	SELECT CASE contact WHEN '' THEN coalesce((SELECT m.contact FROM roster.messages m WHERE m.message_id = e.message_id), '') ELSE contact END AS whom,
		coalesce(nullif(at, 0), received_at) AS moment, seq, source || char(31) || outcome || char(31) || code, message_id
	FROM log.events e WHERE seq > ? AND seq <= ? AND received_at <= ?
	ORDER BY whom, moment, seq`

// sort writes the log, as it is at the beginning, into runs.
func (f *sortFile) sort(ctx context.Context, o *BacktestOptions) error {
	first, err := f.c.number("SELECT min(seq) FROM log.events")
	if err != nil {
		return err
	}
	last, err := f.c.number("SELECT max(seq) FROM log.events")
	if err != nil {
		return err
	}
	events := cmp.Or(o.run, firstRun)
	for from := first - 1; from < last; from += events {
		if from > first && o.run == 0 {
			if events, err = f.nextRun(); err != nil {
				return err
			}
		}
		if err := f.appendRun(ctx, from, min(from+events, last), o.Until); err != nil {
			return f.whereFull(err)
		}
		if o.Sorted != nil {
			o.Sorted(f.rows())
		}
	}
	return nil
}

// appendRun appends the run of the events after the seq from, up to upTo.
func (f *sortFile) appendRun(ctx context.Context, from, upTo int64, until hygiene.Instant) error {
	args := []driver.NamedValue{{Ordinal: 1, Value: from}, {Ordinal: 2, Value: upTo}, {Ordinal: 3, Value: int64(until)}}
	_, err := f.c.db.ExecContext(ctx, sortRun, args)
	if err := cmp.Or(ctx.Err(), plain(err)); err != nil {
		return err
	}
	end, err := f.c.number("SELECT max(rowid) FROM main.runs")
	f.ends = append(f.ends, end)
	return err
}

// rows is how many events have been sorted.
func (f *sortFile) rows() int64 { return f.ends[len(f.ends)-1] }

// nextRun is how many events make runBytes, if they are as long as those so far.
func (f *sortFile) nextRun() (int64, error) {
	pages, err := f.c.number("PRAGMA main.page_count")
	return max(runBytes*f.rows()/(max(pages, 1)*pageSize), firstRun), err
}

// whereFull says which disk is full, and what to do.
func (f *sortFile) whereFull(err error) error {
	var e sqlite3.Error
	if errors.As(err, &e) && e.Code == sqlite3.ErrFull {
		return fmt.Errorf("sort the log in %s: %w; set TMPDIR to a folder with room for 100 bytes an event", f.folder, err)
	}
	return err
}

// run is a run that is being read. It holds the next event.
type run struct {
	r       *rows
	contact string
	at, seq int64
}

// step goes to the next event; false after the last, or when it can't be read.
func (r *run) step() bool {
	if !r.r.next() {
		return false
	}
	r.contact, r.at, r.seq = r.r.text(0), r.r.int(1), r.r.int(2)
	return true
}

func (r *run) before(s *run) bool {
	return cmp.Or(strings.Compare(r.contact, s.contact), cmp.Compare(r.at, s.at), cmp.Compare(r.seq, s.seq)) < 0
}

// merger reads all runs together.
type merger struct {
	runs  []*run // those not at their end: a heap, the first has the next event
	last  string // contact whose event was read last
	kinds map[string]hygiene.Event
}

func (f *sortFile) merge() (*merger, error) {
	m := &merger{kinds: map[string]hygiene.Event{}}
	from := int64(0)
	for _, upTo := range f.ends {
		r := &run{r: f.c.query(fmt.Sprintf("SELECT contact, at, seq, kind, message_id FROM main.runs WHERE rowid > %d AND rowid <= %d ORDER BY rowid", from, upTo))}
		from = upTo
		if r.step() {
			m.runs = append(m.runs, r)
		} else if err := r.r.close(); err != nil {
			return nil, err
		}
	}
	for i := len(m.runs)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
	return m, nil
}

// sink puts the run at i in its place in the heap.
func (m *merger) sink(i int) {
	for {
		next := 2*i + 1
		if next+1 < len(m.runs) && m.runs[next+1].before(m.runs[next]) {
			next++
		}
		if next >= len(m.runs) || !m.runs[next].before(m.runs[i]) {
			return
		}
		m.runs[i], m.runs[next] = m.runs[next], m.runs[i]
		i = next
	}
}

// advance goes to the next event of all.
func (m *merger) advance() error {
	top := m.runs[0]
	if !top.step() {
		if err := top.r.close(); err != nil {
			return err
		}
		end := len(m.runs) - 1
		m.runs[0], m.runs = m.runs[end], m.runs[:end]
	}
	m.sink(0)
	return nil
}

// fill reads the next events onto the page; none at the end.
func (m *merger) fill(p *page, o *BacktestOptions, did *Backtested) error {
	p.events, p.fresh = p.events[:0], p.fresh[:0]
	for len(p.events) < pageEvents && len(m.runs) > 0 {
		if top := m.runs[0]; top.contact == "" {
			did.Unmatched++
		} else if err := m.take(top, p); err != nil {
			return err
		} else {
			did.count(&p.events[len(p.events)-1], o)
		}
		if err := m.advance(); err != nil {
			return err
		}
	}
	did.Contacts += int64(len(p.fresh))
	return nil
}

func (d *Backtested) count(e *hygiene.Event, o *BacktestOptions) {
	if e.At >= o.Since {
		d.Events++
	} else {
		d.Earlier++
	}
	if d.First == 0 || e.At < d.First {
		d.First = e.At
	}
}

// take adds the run's event to the page.
func (m *merger) take(r *run, p *page) error {
	e, err := m.kind(r.r.text(3))
	if err != nil {
		return fmt.Errorf("read event %d of the log: %w", r.seq, err)
	}
	if r.contact != m.last {
		m.last = r.contact
		p.fresh = append(p.fresh, len(p.events))
	}
	at := hygiene.Instant(r.at)
	e.Contact, e.At, e.ReceivedAt, e.Seq, e.MessageID = m.last, at, at, r.seq, r.r.text(4)
	p.events = append(p.events, e)
	return nil
}

// kindsKept is how many kinds are remembered: what a provider sends as a code
// has no bounds.
const kindsKept = 4096

// kind is an event of that kind, without the rest.
func (m *merger) kind(text string) (hygiene.Event, error) {
	if e, ok := m.kinds[text]; ok {
		return e, nil
	}
	source, rest, _ := strings.Cut(text, "\x1f")
	outcome, code, _ := strings.Cut(rest, "\x1f")
	o, err := hygiene.ParseOutcome(outcome)
	if err != nil {
		return hygiene.Event{}, err
	}
	if len(m.kinds) == kindsKept {
		clear(m.kinds)
	}
	e := hygiene.Event{Source: source, Outcome: o, Code: code}
	m.kinds[text] = e
	return e, nil
}
