package retention

import (
	"context"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// window is the part of the log in which a pass is.
type window struct {
	from, to       int64
	whole, waiting *Seqs // nil until something is old enough
	evidence       *Seqs // nil until an event is
	onNumbers      *Seqs // as evidence
}

// lookAgainAt is after how long it is asked again whether what was needed still is.
const lookAgainAt = 24 * time.Hour

// inWindow looks at the pieces of the window that are due.
func (p *pass) inWindow(ctx context.Context) error {
	w := &p.window
	known, err := p.known()
	if err != nil {
		return err
	}
	for from := w.from; from <= w.to; from += engine.PieceSeqs {
		to := min(from+engine.PieceSeqs-1, w.to)
		piece, ok := known[from/engine.PieceSeqs]
		due := !ok || piece.Through < to || p.isOld(piece.Oldest, p.o.Keep.Events) || p.isOld(piece.OldestBody, p.o.Keep.Bodies) ||
			piece.Kept > 0 && piece.LookedAt.Add(lookAgainAt) <= p.o.Now
		if !due && p.isOld(piece.Oldest, p.o.Keep.Unmatched) {
			waiting, err := p.waiting()
			if err != nil {
				return err
			}
			due = waiting.HasAny(from, to)
		}
		if !due {
			continue
		}
		if err := p.goOn(ctx); err != nil {
			return err
		}
		if err := p.look(ctx, from, to); err != nil {
			return err
		}
	}
	return nil
}

// isOld reports whether something of that receipt was kept long enough; 0 is nothing.
func (p *pass) isOld(received hygiene.Instant, keep time.Duration) bool {
	return received != 0 && keep > 0 && received <= p.cutoff(keep)
}

// isOver is isOld for an event that is not spared.
func (p *pass) isOver(e *row, keep time.Duration) bool {
	return p.isOld(e.received, keep) && e.received < p.o.Spared && (e.received < p.o.SparedBounces || !p.o.Bounces[e.outcome])
}

// known is what is remembered of the pieces of the window, by number.
func (p *pass) known() (known map[int64]engine.Piece, err error) {
	known = map[int64]engine.Piece{}
	err = p.engine.ReadLog(func(l engine.LogReader) error {
		r := l.Query("SELECT piece, through, oldest, oldest_body, kept, looked_at FROM pieces WHERE piece >= ? AND piece <= ?",
			p.window.from/engine.PieceSeqs, p.window.to/engine.PieceSeqs)
		for r.Next() {
			known[r.Int(0)] = engine.Piece{Number: r.Int(0), Through: r.Int(1), Oldest: hygiene.Instant(r.Int(2)), OldestBody: hygiene.Instant(r.Int(3)), Kept: r.Int(4), LookedAt: hygiene.Instant(r.Int(5))}
		}
		return r.Close()
	})
	return known, err
}

// waiting are the events of the window whose contact is not known.
func (p *pass) waiting() (*Seqs, error) {
	w := &p.window
	if w.waiting != nil {
		return w.waiting, nil
	}
	w.waiting = NewSeqs(w.from, w.to)
	return w.waiting, p.source.Waiting(w.waiting)
}

// readNeeded finds out what of the window is needed, as far as the rows ask for it.
func (p *pass) readNeeded(ctx context.Context, rows []row) error {
	events, any := false, false
	for i := range rows {
		e := &rows[i]
		events = events || p.isOver(e, p.o.Keep.Events)
		any = any || events || p.isOver(e, p.o.Keep.Bodies) || p.isOld(e.received, p.o.Keep.Unmatched)
	}
	w := &p.window
	if any && w.whole == nil {
		if _, err := p.waiting(); err != nil {
			return err
		}
		w.whole = NewSeqs(w.from, w.to)
		if err := p.source.Whole(w.whole); err != nil {
			return err
		}
	}
	if !events || w.evidence != nil {
		return nil
	}
	w.evidence, w.onNumbers = NewSeqs(w.from, w.to), NewSeqs(w.from, w.to)
	if err := p.source.OnNumbers(w.onNumbers); err != nil {
		return err
	}
	return p.source.Evidence(ctx, w.evidence)
}

// row is an event, as a pass looks at it.
type row struct {
	seq      int64
	received hygiene.Instant
	source   string
	outcome  string
	body     int // its length
}

// rows reads the events of a piece.
func (p *pass) rows(from, to int64) (rows []row, err error) {
	err = p.engine.ReadLog(func(l engine.LogReader) error {
		r := l.Query("SELECT seq, received_at, source, outcome, length(body) FROM events WHERE seq >= ? AND seq <= ? ORDER BY seq", from, to)
		last := ""
		for r.Next() {
			e := row{seq: r.Int(0), received: hygiene.Instant(r.Int(1)), source: r.Text(2), outcome: r.Text(3), body: int(r.Int(4))}
			if e.source == last {
				e.source = last // the same string
			}
			last = e.source
			rows = append(rows, e)
		}
		return r.Close()
	})
	return rows, err
}

// fate is what becomes of an event.
type fate int

const (
	stays      fate = iota
	losesBody       // it stays without its body
	goes            // it is deleted
	isGivenUp       // it is deleted, and no longer waits for its contact
	isEvidence      // it is old enough, and evidence of what stands: it stays without its body
	isNeeded        // it is old enough, and stays whole
)

// fate decides what becomes of an event. What is needed is known if it is old enough for
// anything.
func (p *pass) fate(e *row) fate {
	keep := &p.o.Keep
	old, oldBody := p.isOver(e, keep.Events), p.isOver(e, keep.Bodies)
	switch {
	case p.window.whole.Has(e.seq):
		if old || oldBody {
			return isNeeded
		}
	case p.window.waiting.Has(e.seq):
		if p.isOld(e.received, keep.Unmatched) {
			return isGivenUp
		}
		if old || oldBody {
			return isNeeded
		}
	case old && p.window.evidence.Has(e.seq):
		return isEvidence
	case old:
		return goes
	case oldBody:
		return losesBody
	}
	return stays
}

// look looks at a piece, and deletes what is too old.
func (p *pass) look(ctx context.Context, from, to int64) error {
	rows, err := p.rows(from, to)
	if err != nil {
		return err
	}
	if err := p.readNeeded(ctx, rows); err != nil {
		return err
	}
	fates := make([]fate, len(rows))
	for i := range rows {
		fates[i] = p.fate(&rows[i])
	}
	if err := p.ask(rows, fates); err != nil {
		return err
	}
	if err := p.carryOut(ctx, rows, fates, p.summary(rows, fates, from, to)); err != nil {
		return err
	}
	if p.looked += int64(len(rows)); p.o.Progress != nil {
		p.o.Progress(p.looked)
	}
	return nil
}

// ask asks the store about those that are to go, and spares those of which it says so.
func (p *pass) ask(rows []row, fates []fate) error {
	var going []int64
	places := map[int64]int{}
	for i, f := range fates {
		if f == stays || f == isNeeded {
			continue
		}
		places[rows[i].seq] = i
		going = append(going, rows[i].seq)
	}
	held, err := p.source.OnHold(going)
	if err != nil {
		return err
	}
	for _, seq := range held {
		fates[places[seq]] = isNeeded
	}
	if p.o.CountOnly {
		return nil
	}
	var waiting, alone []int64
	for i, f := range fates {
		switch seq := rows[i].seq; {
		case f == isGivenUp:
			waiting = append(waiting, seq)
		case f == goes && p.window.onNumbers.Has(seq):
			alone = append(alone, seq)
		}
	}
	if err := spareOthers(waiting, p.source.Abandon, places, fates); err != nil {
		return err
	}
	return spareOthers(alone, p.source.Settle, places, fates)
}

// spareOthers lets the store let go of events, and spares those of which it does not:
// their contacts were found meanwhile.
func spareOthers(seqs []int64, letGo func([]int64) ([]int64, error), places map[int64]int, fates []fate) error {
	if len(seqs) == 0 {
		return nil
	}
	gone, err := letGo(seqs)
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		if _, ok := slices.BinarySearch(gone, seq); !ok { // both are in order
			fates[places[seq]] = isNeeded
		}
	}
	return nil
}

// summary is what is to be remembered of a piece.
func (p *pass) summary(rows []row, fates []fate, from, to int64) *engine.Piece {
	piece := &engine.Piece{Number: from / engine.PieceSeqs, Through: to, LookedAt: p.o.Now}
	older := func(t *hygiene.Instant, received hygiene.Instant) {
		if *t == 0 || received < *t {
			*t = received
		}
	}
	for i := range rows {
		e := &rows[i]
		switch fates[i] {
		case stays:
			older(&piece.Oldest, e.received)
			if e.body > 0 {
				older(&piece.OldestBody, e.received)
			}
		case losesBody:
			older(&piece.Oldest, e.received)
		case isEvidence:
			piece.Kept++
			p.did.Evidence++
		case isNeeded:
			piece.Kept++
			p.did.Needed++
		}
	}
	return piece
}

// carryOut deletes what is to go, a step at a time, and remembers the piece with the last.
func (p *pass) carryOut(ctx context.Context, rows []row, fates []fate, piece *engine.Piece) error {
	var s step
	for i := range rows {
		e := &rows[i]
		s.take(e, fates[i])
		if s.full() {
			if err := p.commit(ctx, &s); err != nil {
				return err
			}
			s = step{}
		}
	}
	s.Piece = piece
	return p.commit(ctx, &s)
}
