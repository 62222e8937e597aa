// Package retention deletes from the log what is older than the config keeps: events,
// bodies of events, bodies in quarantine, and events whose contact nobody ever named.
//
// What is judged does not rest on the log but on the histories of contacts and numbers,
// so deleting changes no verdict. What the log alone has stays while it is needed: what a
// sweep has not read, what waits for a contact, what a breaker or a held run holds, and
// the events on which rests what stands, without their bodies. The store says which these
// are, as [Source].
//
// The log is in the order of receipt but for archives, so a pass can't just cut off its
// beginning. It goes by pieces of a few thousand places and remembers of each how old the
// oldest event in it is (see [engine.Piece]): most passes look at the few pieces in which
// something has become old enough. A pass can be stopped anywhere: what it deleted is
// deleted, and a piece that it did not finish is looked at again.
//
// A commit deletes so little that a callback beside it waits for milliseconds, and then
// the log is left alone for as long as that commit took. Unused pages are given back to
// the disk, a few at a time.
//
// Where to change what: which events go is decided in piece.go, in one function; how they
// are deleted, in store/sqlite/prune.go; what needs them, in store/retention.go.
package retention

import (
	"context"
	"errors"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Keep is for how long things are kept, from their receipt on; 0 for ever.
type Keep struct{ Bodies, Events, Quarantine, Unmatched time.Duration }

// Options are what a pass needs to know.
type Options struct {
	Keep Keep
	Now  hygiene.Instant
	// Policy is by what numbers take what lies on them; without it such events stay.
	Policy *hygiene.Policy
	// Events received at Spared or later stay whole, however short Keep is; and so do those
	// of the outcomes Bounces that were received at SparedBounces or later.
	Spared, SparedBounces hygiene.Instant
	Bounces               map[string]bool
	// Reserve is how much unused room stays in the log's file for new events, as a share
	// of the file in percent; the rest is given back to the disk.
	Reserve int64
	// Budget is for how long the pass may delete; 0 for until it is done.
	Budget time.Duration
	// Unswept deletes what no sweep has read, too: another host judges what this one
	// received.
	Unswept bool
	// CountOnly counts what would be deleted, and writes nothing.
	CountOnly bool
	// Progress is called with how many events have been looked at; it may be nil.
	Progress func(events int64)
}

// Result is what a pass did.
type Result struct {
	Events, Bodies, Quarantine, Unmatched int64 // deleted
	Evidence                              int64 // events that were looked at, are old enough, and are evidence of what stands
	Needed                                int64 // and those that are needed otherwise
	Freed                                 int64 // bytes given back to the disk
	Unused                                int64 // bytes of the log's file that new events reuse
	Done                                  bool  // nothing that is old enough was left
	GivesBack                             bool  // the log's file can give unused pages back
}

// Source is what a pass needs of the store. What it marks may lie outside of the window;
// that is ignored.
type Source interface {
	// Through is the seq of the last event that may be deleted.
	Through() (int64, error)
	// Evidence marks the events on which rests what stands. Their bodies are not needed.
	Evidence(ctx context.Context, evidence *Seqs) error
	// Whole marks the events that stay whole.
	Whole(whole *Seqs) error
	// Waiting marks the events whose contact is not known.
	Waiting(waiting *Seqs) error
	// OnNumbers marks the events that lie on a number alone: they have acted there, and go
	// to a contact if one becomes known.
	OnNumbers(alone *Seqs) error
	// Settle sees to it that the numbers on which these events lie alone need them no
	// longer, and returns for which that is so. They stay on the number from then on.
	Settle(events []int64) ([]int64, error)
	// Abandon lets those of the events that wait for their contacts wait no longer, and
	// returns which these are.
	Abandon(events []int64) ([]int64, error)
	// OnHold returns those of the events that are about somebody on legal hold.
	OnHold(events []int64) ([]int64, error)
}

// windowSeqs is for how many seqs together it is found out what is needed: a bit each.
const windowSeqs = 2048 * engine.PieceSeqs

// Run makes a pass. What it did is right also with an error.
func Run(ctx context.Context, e engine.Engine, source Source, o Options) (did Result, err error) {
	p := &pass{engine: e, source: source, o: &o, did: &did}
	if o.Budget > 0 {
		p.deadline = time.Now().Add(o.Budget)
	}
	err = p.run(ctx)
	if errors.Is(err, errBudget) {
		err = nil
	} else if err == nil {
		did.Done = true
	}
	return did, err
}

// errBudget ends a pass whose time is over.
var errBudget = errors.New("the time of the pass is over")

// pass is a pass under way.
type pass struct {
	engine   engine.Engine
	source   Source
	o        *Options
	deadline time.Time // zero for none
	through  int64     // seq of the last event that may be deleted
	window   window
	looked   int64
	did      *Result
}

func (p *pass) run(ctx context.Context) (err error) {
	if p.through, err = p.end(); err != nil {
		return err
	}
	err = p.pieces(ctx)
	if err == nil && p.o.Keep.Quarantine > 0 {
		err = p.quarantine(ctx)
	}
	if p.o.CountOnly {
		return err
	}
	if err == nil {
		err = p.engine.WriteLog(func(w engine.LogWriter) error { return w.EndPruning(p.o.Now) })
	}
	if err != nil && !errors.Is(err, errBudget) {
		return err
	}
	return errors.Join(err, p.giveBack(ctx))
}

// end is the seq of the last event that may be deleted. The last of the log stays.
func (p *pass) end() (through int64, err error) {
	if !p.o.Unswept {
		return p.source.Through()
	}
	err = p.engine.ReadLog(func(l engine.LogReader) error {
		size, err := l.Size()
		through = size.Last - 1
		return err
	})
	return through, err
}

// goOn is an error when the pass is to end.
func (p *pass) goOn(ctx context.Context) error {
	if !p.deadline.IsZero() && time.Now().After(p.deadline) {
		return errors.Join(ctx.Err(), errBudget)
	}
	return ctx.Err()
}

// pieces looks at the pieces in which something may be old enough.
func (p *pass) pieces(ctx context.Context) error {
	var size engine.LogSize
	err := p.engine.ReadLog(func(l engine.LogReader) (err error) {
		size, err = l.Size()
		return err
	})
	if err != nil || size.Last == 0 {
		return err
	}
	for from := size.First - size.First%engine.PieceSeqs; from <= p.through; from += windowSeqs {
		p.window = window{from: from, to: min(from+windowSeqs-1, p.through)}
		if err := p.inWindow(ctx); err != nil {
			return err
		}
	}
	return nil
}

// quarantine deletes bodies in quarantine.
func (p *pass) quarantine(ctx context.Context) error {
	before, last := p.cutoff(p.o.Keep.Quarantine), int64(0)
	for {
		step := step{}
		err := p.engine.ReadLog(func(l engine.LogReader) error {
			r := l.Query("SELECT id, source, received_at, length(body) FROM quarantine WHERE id > ? AND received_at <= ? ORDER BY id LIMIT ?", last, int64(before), stepRows)
			for !step.full() && r.Next() {
				last = r.Int(0)
				step.Quarantine = append(step.Quarantine, last)
				step.note(engine.PrunedQuarantine, r.Text(1), hygiene.Instant(r.Int(2)), int(r.Int(3)))
			}
			return r.Close()
		})
		if err != nil || step.rows == 0 {
			return err
		}
		if err := p.commit(ctx, &step); err != nil {
			return err
		}
	}
}

// giveBackPages is how many pages are given back in one commit.
const giveBackPages = 64

// giveBack gives unused pages back to the disk.
func (p *pass) giveBack(ctx context.Context) error {
	for before := int64(-1); ; {
		var space engine.LogSpace
		err := p.engine.ReadLog(func(l engine.LogReader) (err error) {
			space, err = l.Space()
			return err
		})
		if before >= 0 {
			p.did.Freed += before - space.Bytes
		}
		p.did.Unused, p.did.GivesBack, before = space.Free, space.GivesBack, space.Bytes
		pages := (space.Free - space.Bytes*p.o.Reserve/100) / max(1, space.PageBytes)
		if err != nil || !space.GivesBack || pages <= 0 {
			return err
		}
		began := time.Now()
		if err := p.engine.WriteLog(func(w engine.LogWriter) error { return w.GiveBack(int(min(pages, giveBackPages))) }); err != nil {
			return err
		}
		if err := p.rest(ctx, time.Since(began)); err != nil {
			return err
		}
	}
}

// cutoff is the latest receipt of what was kept long enough.
func (p *pass) cutoff(keep time.Duration) hygiene.Instant { return p.o.Now.Add(-keep) }

// rest leaves the log alone for as long as a commit took.
func (p *pass) rest(ctx context.Context, took time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(took):
		return p.goOn(ctx)
	}
}
