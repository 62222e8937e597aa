package postgres

import (
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Prune implements engine.LogWriter.
func (l *logWriter) Prune(p *engine.Pruning) error {
	if err := errors.Join(l.fence(), l.noteFirst()); err != nil {
		return err
	}
	for _, r := range p.Events {
		if err := l.c.exec("DELETE FROM events WHERE seq >= $1 AND seq <= $2", r.From, r.To); err != nil {
			return fmt.Errorf("delete events: %w", err)
		}
	}
	for _, r := range p.Bodies {
		if err := l.c.exec("UPDATE events SET body = '' WHERE seq >= $1 AND seq <= $2 AND length(body) > 0", r.From, r.To); err != nil {
			return fmt.Errorf("empty bodies: %w", err)
		}
	}
	if err := l.Unquarantine(p.Quarantine); err != nil {
		return err
	}
	for i := range p.Pruned {
		gone := &p.Pruned[i]
		if err := l.c.exec("INSERT INTO pruned (kind, source, n, through) VALUES ($1, $2, $3, $4) ON CONFLICT (kind, source) DO UPDATE SET n = pruned.n + excluded.n, through = greatest(pruned.through, excluded.through)",
			string(gone.Kind), gone.Source, gone.N, int64(gone.Through)); err != nil {
			return err
		}
	}
	if p.Piece == nil {
		return nil
	}
	return l.c.exec(`INSERT INTO pieces (piece, through, oldest, oldest_body, kept, looked_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (piece) DO UPDATE SET through = excluded.through, oldest = excluded.oldest, oldest_body = excluded.oldest_body, kept = excluded.kept, looked_at = excluded.looked_at`,
		p.Piece.Number, p.Piece.Through, int64(p.Piece.Oldest), int64(p.Piece.OldestBody), p.Piece.Kept, int64(p.Piece.LookedAt))
}

// noteFirst remembers where the log began, before its first event is deleted.
func (l *logWriter) noteFirst() error {
	return l.c.exec("INSERT INTO retention (id, first_seq, ended_at) SELECT 1, min(seq), 0 FROM events HAVING min(seq) IS NOT NULL AND NOT EXISTS (SELECT 1 FROM retention) ON CONFLICT DO NOTHING")
}

// EndPruning implements engine.LogWriter.
func (l *logWriter) EndPruning(at hygiene.Instant) error {
	if err := errors.Join(l.fence(), l.noteFirst()); err != nil {
		return err
	}
	if err := l.c.exec(`DELETE FROM places WHERE n < (SELECT max(n) FROM places
		WHERE quarantined < coalesce((SELECT min(id) FROM quarantine), quarantined + 1)
		AND n - quarantined < coalesce((SELECT min(seq) FROM events), n + 1))`); err != nil {
		return fmt.Errorf("delete the places of lines: %w", err)
	}
	if err := l.forgetEnded(); err != nil {
		return err
	}
	return l.c.exec("UPDATE retention SET ended_at = $1 WHERE id = 1", int64(at))
}

// forgetEnded deletes the appenders of processes that ended, once all their lines have places:
// settle looks at each that there is.
func (l *logWriter) forgetEnded() error {
	return l.c.exec(`WITH ended AS (DELETE FROM appenders a WHERE a.closed_at <> 0
			AND a.n = coalesce((SELECT s.n FROM settled s WHERE s.appender = a.appender), 0) RETURNING a.appender)
		DELETE FROM settled WHERE appender IN (SELECT appender FROM ended)`)
}

// GiveBack implements engine.LogWriter. The server reuses room by itself.
func (l *logWriter) GiveBack(int) error { return nil }
