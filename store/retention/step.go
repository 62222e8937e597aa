package retention

import (
	"context"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// A step deletes so many rows, and so many bytes: a callback that comes meanwhile waits
// for a few milliseconds.
const (
	stepRows  = 1000
	stepBytes = 512 << 10
	rowBytes  = 200 // about what a row has beside its body
)

// step is what one commit deletes.
type step struct {
	engine.Pruning
	rows int
	last fate // of the event before; stays where nothing of it was left to delete
}

func (s *step) full() bool { return s.rows >= stepRows || s.Bytes >= stepBytes }

// take adds an event, if something of it is to be deleted.
func (s *step) take(e *row, f fate) {
	switch f {
	case goes, isGivenUp:
		s.Events = extend(s.Events, e.seq, s.last == goes || s.last == isGivenUp)
		kind := engine.PrunedEvents
		if f == isGivenUp {
			kind = engine.PrunedUnmatched
		}
		s.note(kind, e.source, e.received, e.body)
	case losesBody, isEvidence:
		if e.body == 0 {
			f = stays
			break
		}
		s.Bodies = extend(s.Bodies, e.seq, s.last == losesBody || s.last == isEvidence)
		s.note(engine.PrunedBodies, e.source, e.received, e.body)
	}
	s.last = f
}

// extend adds a seq to the last range, or as a new one.
func extend(ranges []engine.SeqRange, seq int64, last bool) []engine.SeqRange {
	if n := len(ranges) - 1; last && n >= 0 {
		ranges[n].To = seq
		return ranges
	}
	return append(ranges, engine.SeqRange{From: seq, To: seq})
}

// note counts one that is deleted.
func (s *step) note(kind engine.PrunedKind, source string, received hygiene.Instant, body int) {
	s.rows++
	s.Bytes += rowBytes + body
	for i := range s.Pruned {
		if of := &s.Pruned[i]; of.Kind == kind && of.Source == source {
			of.N, of.Through = of.N+1, max(of.Through, received)
			return
		}
	}
	s.Pruned = append(s.Pruned, engine.Pruned{Kind: kind, Source: source, N: 1, Through: received})
}

// commit deletes what is in a step, and then leaves the log alone for as long.
func (p *pass) commit(ctx context.Context, s *step) error {
	if p.o.CountOnly {
		p.did.add(s)
		return p.goOn(ctx)
	}
	began := time.Now()
	if err := p.engine.WriteLog(func(w engine.LogWriter) error { return w.Prune(&s.Pruning) }); err != nil {
		return err
	}
	p.did.add(s)
	if s.rows == 0 {
		return p.goOn(ctx)
	}
	return p.rest(ctx, time.Since(began))
}

// add counts what a step deleted.
func (r *Result) add(s *step) {
	for _, of := range s.Pruned {
		switch of.Kind {
		case engine.PrunedEvents:
			r.Events += of.N
		case engine.PrunedBodies:
			r.Bodies += of.N
		case engine.PrunedQuarantine:
			r.Quarantine += of.N
		case engine.PrunedUnmatched:
			r.Unmatched += of.N
		}
	}
}
