// Package lines is the log as other hosts read it, and how far this one has read theirs.
//
// Several hosts may receive callbacks while one judges: that one pulls their logs. What it
// pulls are lines: events, and bodies in quarantine, which the puller may be able to read.
// Both have one numbering. It costs the path from a callback to its answer nothing,
// because it follows from the numbers that events and bodies have anyway: each commit
// that puts bodies into quarantine notes how many lines of either kind there are then (a
// place), and its events come before its bodies. Between two places there are only events,
// so an event's line is its seq and the bodies before it. Lines that retention deletes, or
// an erasure, leave gaps; the others keep their numbers.
//
// A log can go back: somebody restores its host from a backup. Then numbers are given out
// again, to other lines. So each line has a writer: the process that appended it, whose
// name is random and new with each start. A writer and a number are one line for ever. A
// reader names the last line that it has by both; where that writer's lines end here, the
// others begin that it can't have. To a reader that is beyond the log this is an error, and
// it reads the log again from the beginning: what it has it knows by writer and number.
//
// The puller notes how far it is in the commit that stores what it pulled, in the file of
// the log. So a kill neither loses a line nor stores one twice, and a backup of the puller
// has as much as it says.
//
// Where to change what: numbering and reading are in this file, the notes of the puller in
// pulled.go, the statements that write in store/sqlite/lines.go.
package lines

import (
	"bytes"
	"errors"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/store/engine"
)

// ErrBeyond is the error of a cursor behind which there can be no line: the log is
// another one by now.
var ErrBeyond = errors.New("the log has fewer lines: it was restored or replaced; read it again from 0")

// Line is one line of the log.
type Line struct {
	N      int64
	Writer string
	// Event is what was received, without an outcome. Of a body in quarantine it has the
	// receipt, the source and the body.
	Event hygiene.Event
	Why   string // of a body in quarantine: why it is there; empty for an event
	// Unverified is set for a body in quarantine that nobody verified.
	Unverified *callback.Unverified
}

// Log reads lines. It is safe for use by many goroutines.
type Log struct {
	read func(func(engine.LogReader) error) error
}

// Of is the log of an engine.
func Of(e engine.Engine) *Log { return &Log{e.ReadLog} }

// LastLine is the number of the last line that the log ever had; 0 for none.
func (l *Log) LastLine() (n int64, err error) {
	err = l.read(func(r engine.LogReader) error {
		n, err = last(r)
		return err
	})
	return n, err
}

func last(r engine.LogReader) (int64, error) {
	events, quarantined, err := r.Sequences()
	return events + quarantined, err
}

// Resume returns the line after which somebody goes on who has read up to line n of that
// writer, or of any if it is empty. It is [ErrBeyond] if the log ends before that line.
func (l *Log) Resume(n int64, writer string) (after int64, err error) {
	err = l.read(func(r engine.LogReader) error {
		end, err := last(r)
		if err != nil {
			return err
		}
		if n > end {
			return ErrBeyond
		}
		after = n
		if writer == "" {
			return nil
		}
		first, err := r.Number("SELECT max(first) FROM writers WHERE writer = ?", writer)
		if err != nil || first == 0 { // its lines were never here, so that none of these is known there
			after = 0
			return err
		}
		next, err := r.Number("SELECT min(first) FROM writers WHERE first > ?", first)
		if next > 0 {
			after = min(after, next-1)
		}
		return err
	})
	return after, err
}

// Lines reads the lines after line n: at most so many, and about so many bytes, but at
// least one if there is any.
func (l *Log) Lines(n int64, most, bytes int) (list []Line, err error) {
	err = l.read(func(r engine.LogReader) error {
		p := &page{log: r, after: n, most: most, bytes: bytes}
		if err := p.fill(); err != nil {
			return err
		}
		list = p.lines
		return p.nameWriters()
	})
	return list, err
}

// page is lines that are being read.
type page struct {
	log         engine.LogReader
	after       int64
	most, bytes int // that are still wanted
	lines       []Line
}

// lineWeight is about what a line without its body weighs in memory.
const lineWeight = 300

func (p *page) full() bool { return p.most <= 0 || p.bytes <= 0 }

// fill reads one stretch after the other: the events, and then the bodies, up to a place.
func (p *page) fill() error {
	for !p.full() {
		var before, next int64 // bodies up to the place before, and up to the next one
		var end int64          // the lines up to the next place; 0 when there is none
		r := p.log.Query("SELECT n, quarantined FROM places WHERE n <= ? ORDER BY n DESC LIMIT 1", p.after)
		if r.Next() {
			before = r.Int(1)
		}
		if err := r.Close(); err != nil {
			return err
		}
		r = p.log.Query("SELECT n, quarantined FROM places WHERE n > ? ORDER BY n LIMIT 1", p.after)
		if r.Next() {
			end, next = r.Int(0), r.Int(1)
		}
		if err := r.Close(); err != nil {
			return err
		}
		if err := p.events(before, end-next, end > 0); err != nil || end == 0 || p.full() {
			return err
		}
		if err := p.bodies(max(before, p.after-end+next), end, next); err != nil {
			return err
		}
		if !p.full() {
			p.after = end
		}
	}
	return nil
}

// events reads events that have so many bodies before them: up to a seq if there is one.
func (p *page) events(bodies, through int64, bounded bool) error {
	const columns = "SELECT seq, received_at, at, source, message_id, event, code, contact, phone, body FROM events WHERE seq > ? "
	from := p.after - bodies
	var r engine.Rows
	switch {
	case !bounded:
		r = p.log.Query(columns+"ORDER BY seq LIMIT ?", from, p.most)
	case from >= through:
		return nil
	default:
		r = p.log.Query(columns+"AND seq <= ? ORDER BY seq LIMIT ?", from, through, p.most)
	}
	for !p.full() && r.Next() {
		at := r.Int(2)
		if at == 0 {
			at = r.Int(1)
		}
		p.add(Line{N: r.Int(0) + bodies, Event: hygiene.Event{Seq: r.Int(0), ReceivedAt: hygiene.Instant(r.Int(1)), At: hygiene.Instant(at), Source: r.Text(3),
			MessageID: r.Text(4), Name: r.Text(5), Code: r.Text(6), Contact: r.Text(7), To: r.Text(8), Body: r.Blob(9)}})
	}
	return r.Close()
}

// bodies reads the bodies in quarantine after an id, up to a place.
func (p *page) bodies(after, end, through int64) error {
	r := p.log.Query("SELECT id, received_at, source, why, body, request FROM quarantine WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", after, through, p.most)
	for !p.full() && r.Next() {
		received := hygiene.Instant(r.Int(1))
		p.add(Line{N: end - through + r.Int(0), Why: r.Text(3), Unverified: callback.Unpack(r.Text(5)), Event: hygiene.Event{ReceivedAt: received, At: received, Source: r.Text(2), Body: r.Blob(4)}})
	}
	return r.Close()
}

func (p *page) add(l Line) {
	if len(bytes.TrimLeft(l.Event.Body, "\x00")) == 0 && l.Why == "" { // as an erasure or retention leaves it
		l.Event.Body = nil
	}
	p.lines = append(p.lines, l)
	p.after = l.N
	p.most--
	p.bytes -= len(l.Event.Body) + lineWeight
	if l.Unverified != nil {
		p.bytes -= len(l.Unverified.Target)
	}
}

// nameWriters gives the lines their writers.
func (p *page) nameWriters() error {
	if len(p.lines) == 0 {
		return nil
	}
	r := p.log.Query("SELECT first, writer FROM writers WHERE first <= ? AND first >= coalesce((SELECT max(first) FROM writers WHERE first <= ?), 0) ORDER BY first", p.lines[len(p.lines)-1].N, p.lines[0].N)
	for at := 0; r.Next(); {
		for ; at < len(p.lines) && p.lines[at].N < r.Int(0); at++ {
		}
		for i := at; i < len(p.lines); i++ {
			p.lines[i].Writer = r.Text(1)
		}
	}
	return r.Close()
}
