package erasure

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// Run erases all who have begun to be forgotten. Nothing else changes many contacts
// meanwhile: its caller holds the store lock.
type Run struct {
	Engine engine.Engine
	Format contactkey.Format
	// Commit erases from the log, with what others append there.
	Commit func(ctx context.Context, list []engine.Erasure, quarantined []int64) error
	// Remember keeps what must outlast messages of a person.
	Remember func(w engine.Writer, p *Person, list []engine.MessageKey) error
	// Files erases the persons from files, also from those of kept runs where they ask for it.
	Files func(ctx context.Context, n *Names, list []Pending) error
	// Progress is called with how many events were read; it may be nil.
	Progress func(events int64)
	Wait     time.Duration // for readers that keep old pages; then it is finished another time

	// Preview says that nothing is to be changed: Pending and Names are then of those who
	// would be forgotten.
	Preview bool
	Pending []Pending
	Names   *Names

	Did Counts

	seq     int64 // place in the log up to which that was read
	unnamed bool  // the names are no longer kept, so no more may be added to them
}

// step is called before each step that changes something. Tests end the process there.
var step = func(string) {}

// BeforeStep sets what is called before each step that changes something, with its name.
func BeforeStep(do func(name string)) { step = do }

// Do erases them. It can be repeated, and is, when it was interrupted.
func (r *Run) Do(ctx context.Context) error {
	if !r.Preview {
		err := r.Engine.Read(func(c engine.Reader) (err error) {
			if r.Pending, err = begun(c); err == nil {
				r.Names, err = NamesOf(c, r.Format)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(r.Pending) == 0 {
		return nil
	}
	r.seq = r.Pending[0].Seq
	for _, p := range r.Pending {
		r.seq = min(r.seq, p.Seq)
	}
	for _, part := range []func(context.Context) error{r.messages, r.rows, r.ledger, r.facts, r.log, r.quarantine, r.files} {
		if err := errors.Join(ctx.Err(), part(ctx)); err != nil {
			return err
		}
	}
	if r.Preview {
		return nil
	}
	return r.end(ctx)
}

func begun(c engine.Querier) (list []Pending, err error) {
	all, err := List(c)
	for _, p := range all {
		if p.Begun {
			list = append(list, p)
		}
	}
	return list, err
}

// change runs do in one transaction on the contacts, unless nothing is to be changed:
// then it is rolled back.
func (r *Run) change(name string, do func(w engine.Writer) error) error {
	if !r.Preview {
		step(name)
		return r.Engine.Write(do)
	}
	err := r.Engine.Write(func(w engine.Writer) error { return cmp.Or(do(w), errPreview) })
	if errors.Is(err, errPreview) {
		return nil
	}
	return err
}

var errPreview = errors.New("nothing is to be changed")

// learn keeps messages of the persons, in a transaction, before anything of these is
// deleted.
func (r *Run) learn(w engine.Writer, messages []engine.MessageKey, whose []int64) error {
	of := map[int64][]engine.MessageKey{}
	for i, m := range messages {
		if m.ID != "" && r.Names.AddMessage(m, whose[i]) {
			of[whose[i]] = append(of[whose[i]], m)
		}
	}
	if r.Preview {
		return nil
	}
	for _, p := range r.Pending {
		if len(of[p.ID]) == 0 {
			continue
		}
		if err := r.Remember(w, r.Names.person(p.ID), of[p.ID]); err != nil {
			return err
		}
		if r.unnamed {
			continue
		}
		if err := InsertMessages(w, p.ID, of[p.ID]); err != nil {
			return err
		}
	}
	return nil
}

// messages erases from the send log.
func (r *Run) messages(ctx context.Context) error {
	for at := (Place{}); !at.Done && ctx.Err() == nil; {
		var found []Sent
		var next Place
		err := r.Engine.Read(func(c engine.Reader) (err error) {
			found, next, err = ScanMessages(c, r.Names, at)
			return err
		})
		if err != nil {
			return err
		}
		if at = next; len(found) == 0 {
			continue
		}
		r.Did.Messages += int64(len(found))
		var keys []engine.MessageKey
		var whose []int64
		for _, m := range found {
			owner := r.Names.OfKey(m.Key)
			if owner == 0 {
				owner = r.Names.OfPhone(m.Phone)
			}
			keys, whose = append(keys, m.MessageKey), append(whose, owner)
		}
		err = r.change("messages", func(w engine.Writer) error {
			return errors.Join(r.learn(w, keys, whose), DeleteMessages(w, found))
		})
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// rows erases what tables have that are small.
func (r *Run) rows(context.Context) error {
	return r.change("rows", func(w engine.Writer) (err error) {
		if r.Did.Conflicts, err = EraseRows(w, r.Names); err != nil {
			return err
		}
		notes, err := EraseNotes(w, r.Names)
		r.Did.Notes += notes
		return err
	})
}

// ledger erases notes in the ledger.
func (r *Run) ledger(ctx context.Context) error {
	for at := int64(0); ctx.Err() == nil; {
		var next, erased int64
		err := r.change("ledger", func(w engine.Writer) (err error) {
			next, erased, err = EraseLedgerNotes(w, r.Names, at)
			return err
		})
		if err != nil || next == 0 {
			return err
		}
		at, r.Did.Notes = next, r.Did.Notes+erased
	}
	return ctx.Err()
}

// log erases from the log, up to where it ends now.
func (r *Run) log(ctx context.Context) error {
	var end int64
	err := r.Engine.ReadLog(func(l engine.LogReader) error {
		size, err := l.Size()
		end = size.Last
		return err
	})
	if err != nil {
		return err
	}
	for saved := r.seq; r.seq < end && ctx.Err() == nil; {
		s, err := r.readStep(r.seq, end)
		if err != nil || s.Last == 0 {
			return err
		}
		if len(s.Erase) > 0 {
			if err := r.eraseStep(ctx, &s); err != nil {
				return err
			}
		}
		r.seq = s.Last
		if r.Progress != nil {
			r.Progress(s.Last)
		}
		if r.seq-saved >= savedEvents && !r.unnamed {
			if err := r.change("progress", func(w engine.Writer) error { return SetSeq(w, r.seq) }); err != nil {
				return err
			}
			saved = r.seq
		}
	}
	return ctx.Err()
}

// savedEvents is how many events are read until it is stored how far that is.
const savedEvents = 500_000

func (r *Run) readStep(from, end int64) (s LogStep, err error) {
	err = r.Engine.ReadLog(func(l engine.LogReader) (err error) {
		s, err = r.Names.ReadLog(l, from, end)
		return err
	})
	return s, err
}

// eraseStep erases what a step found: first what waits for the events, and then them.
func (r *Run) eraseStep(ctx context.Context, s *LogStep) error {
	err := r.change("waiting", func(w engine.Writer) error { return r.eraseWaiting(w, s) })
	if err != nil {
		return err
	}
	r.Did.Events, r.Did.Bodies = r.Did.Events+int64(len(s.Seqs)), r.Did.Bodies+s.Bodies
	if r.Preview {
		return nil
	}
	step("log")
	return r.Commit(ctx, s.Erase, nil)
}

// eraseWaiting deletes what waits for events, and adds events that wait for messages which
// became known with them.
func (r *Run) eraseWaiting(w engine.Writer, s *LogStep) error {
	before := len(s.Seqs)
	for i := range before {
		if m := s.Messages[i]; r.Names.OfMessage(m) == 0 {
			seqs, err := WaitingEvents(w, m)
			if err != nil {
				return err
			}
			for _, seq := range seqs {
				if slices.Contains(s.Seqs, seq) {
					continue
				}
				s.Seqs, s.Messages, s.Whose = append(s.Seqs, seq), append(s.Messages, m), append(s.Whose, s.Whose[i])
				s.Erase = append(s.Erase, engine.Erasure{Seq: seq, Whole: true})
			}
		}
	}
	if err := r.learn(w, s.Messages, s.Whose); err != nil {
		return err
	}
	return EraseEventRows(w, s.Seqs, s.Messages)
}

func (r *Run) files(ctx context.Context) error {
	if r.Files == nil {
		return nil
	}
	if !r.Preview {
		step("files")
	}
	return r.Files(ctx, r.Names, r.Pending)
}
