package postgres

import (
	"context"
	"errors"

	"winnow/hygiene"
	"winnow/store/engine"
)

// sortedLog is the answer to one query, which the server sorts. It implements
// engine.SortedLog.
type sortedLog struct {
	s    *snapshot
	rows *rows
	last string // the contact of the event before
	open bool
}

// blanks are those that earlier versions left around message ids.
const blanks = `E'\t\n\r \u00A0\u200B\uFEFF'`

// sortedEvents is the log in the order of contacts.
const sortedEvents = `SELECT coalesce(n.contact, found.contact), found.moment, found.seq, found.source, found.outcome, found.code, found.message_id FROM (
	SELECT coalesce(nullif(e.contact, ''), nullif(m.contact, ''), u.contact, '') AS contact, coalesce(nullif(e.at, 0), e.received_at) AS moment,
		e.seq, e.source, e.outcome, e.code, e.message_id
	FROM events e LEFT JOIN messages m ON e.contact = '' AND m.source = e.source AND m.message_id = trim(both ` + blanks + ` from e.message_id)
	LEFT JOIN unsourced_messages u ON e.contact = '' AND u.message_id = trim(both ` + blanks + ` from e.message_id)
		AND e.source = coalesce((SELECT source FROM unsourced_owner), e.source)
	WHERE e.received_at <= $1) AS found LEFT JOIN names n ON n.key = found.contact
	ORDER BY coalesce(n.contact, found.contact) COLLATE "C", moment, seq`

// SortLog implements engine.Engine.
func (e *Engine) SortLog(ctx context.Context, o engine.SortOptions) (engine.SortedLog, error) {
	if err := e.ReadLog(func(engine.LogReader) error { return nil }); err != nil { // all that has arrived gets its place
		return nil, err
	}
	list, err := e.Snapshots(1)
	if err != nil {
		return nil, err
	}
	l := &sortedLog{s: list[0].(*snapshot), open: true}
	l.s.ctx = ctx
	if err := errors.Join(l.s.exec("SET LOCAL enable_seqscan = on"), l.s.exec("SET LOCAL work_mem = '64MB'")); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if l.rows = l.s.query(sortedEvents, int64(o.Until)); l.rows.err != nil {
		return nil, errors.Join(l.rows.err, l.Close())
	}
	return l, nil
}

// Next implements engine.SortedLog.
func (l *sortedLog) Next(e *hygiene.Event) (bool, error) {
	r := l.rows
	if !r.Next() {
		return false, r.Close()
	}
	o, err := hygiene.ParseOutcome(r.Text(4))
	if err != nil {
		return false, err
	}
	if string(r.raw[0]) != l.last {
		l.last = r.Text(0) // the same string for all events of a contact
	}
	at := hygiene.Instant(r.Int(1))
	*e = hygiene.Event{Contact: l.last, At: at, ReceivedAt: at, Seq: r.Int(2), Source: r.Text(3), Outcome: o, Code: r.Text(5), MessageID: r.Text(6)}
	return true, nil
}

// ScratchBytes implements engine.SortedLog. The server sorts where it keeps its own files.
func (l *sortedLog) ScratchBytes() int64 { return 0 }

// Close implements engine.SortedLog.
func (l *sortedLog) Close() error {
	if !l.open {
		return nil
	}
	l.open = false
	return l.s.Close()
}
