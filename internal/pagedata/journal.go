package pagedata

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"winnow/hygiene"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/impact"
	"winnow/internal/ui"
	"winnow/store"
)

const (
	journalPage    = 50 // batches on a page
	journalEntries = 50 // entries of a batch on its page
)

// Journal returns a page of manual changes.
func (s *Source) Journal(_ context.Context, q view.JournalQuery) (view.Journal, error) {
	j := view.Journal{AsOf: hygiene.InstantOf(time.Now())}
	for _, kind := range store.BatchKinds {
		j.Kinds = append(j.Kinds, string(kind))
	}
	list, err := s.Store.Batches(store.BatchFilter{Before: q.Before, Kind: store.BatchKind(q.Kind), By: q.By}, journalPage+1)
	if len(list) > journalPage {
		j.Older, list = true, list[:journalPage]
	}
	for i := range list {
		j.Batches = append(j.Batches, batchView(&list[i]))
	}
	return j, err
}

func batchView(b *store.Batch) view.Batch {
	return view.Batch{ID: b.ID, At: b.At, Kind: string(b.Kind), By: b.By, Note: b.Note, About: b.About, Undoes: b.Undoes, UndoneBy: b.UndoneBy,
		Contacts: b.Contacts, Changes: b.Changes, Done: b.Done}
}

// JournalEntry returns a manual change, with the first of its entries and what undoing it
// would do. That takes a pass over all contacts, which runs beside the page.
func (s *Source) JournalEntry(ctx context.Context, id int64) (view.JournalEntry, error) {
	b, ok, err := s.Store.Batch(id)
	if err == nil && !ok {
		err = console.NewAPIError(http.StatusNotFound, fmt.Errorf("there is no batch %d in the journal", id))
	}
	if err != nil {
		return view.JournalEntry{}, err
	}
	e := view.JournalEntry{AsOf: hygiene.InstantOf(time.Now()), Batch: batchView(&b)}
	entries, err := s.Store.BatchEntries(id, journalEntries+1)
	if err != nil {
		return e, err
	}
	if len(entries) > journalEntries {
		e.More, entries = true, entries[:journalEntries]
	}
	for i := range entries {
		e.Entries = append(e.Entries, entryView(&entries[i]))
	}
	if b.UndoneBy != 0 {
		return e, nil
	}
	if err := impact.CheckUndoable(s.Store, id); err != nil {
		e.Why = err.Error()
		return e, nil
	}
	return e, s.addUndo(ctx, &e)
}

func entryView(entry *store.BatchEntry) view.LedgerEntry {
	return view.LedgerEntry{Key: cmp.Or(hygiene.NumberIn(entry.Key), entry.Key), At: entry.At, Act: string(entry.Act), Reason: entry.Reason, Until: entry.Until,
		Rule: entry.Rule, ByWhose: entry.Origin.String()}
}

// undoKey names the pass that counts what undoing a batch does.
func (s *Source) undoKey(id int64) string { return fmt.Sprintf("undo %d %s", id, s.Config().Hash) }

// addUndo adds what undoing would do, or how far counting it is.
func (s *Source) addUndo(ctx context.Context, e *view.JournalEntry) error {
	totals, err := s.Store.Totals()
	if err != nil {
		return err
	}
	id, ops := e.ID, s.Operations()
	q := question{name: s.undoKey(id), of: totals.Contacts, namesPeople: true}
	counted := ask(ctx, &s.Passes, q, func(ctx context.Context, out *ui.Printer) (*view.Undo, error) {
		now := hygiene.InstantOf(time.Now())
		u, err := impact.UndoBatch(ctx, out, ops, impact.BatchUndo{Batch: id}, now)
		if err != nil {
			return nil, err
		}
		u.Order()
		return undoView(u, now), nil
	})
	e.Undo = counted.Value
	if counted.Err != nil {
		e.Problem, e.Undo = counted.Err.Error(), nil
	} else if e.Undo == nil {
		e.Counting = counted.Counting
	}
	return nil
}

func undoView(u *impact.UndoResult, now hygiene.Instant) *view.Undo {
	v := &view.Undo{AsOf: now, Contacts: u.Contacts, Numbers: u.Unowned, Unswept: u.Unswept}
	v.MustBeNamed, v.MustBeNamedOf = u.Unnamed()
	u.EachEffect(func(what string, n int64, meaning string, sample ui.Sample) {
		v.Effects = append(v.Effects, view.Effect{What: what, N: n, Meaning: meaning, Sample: sample})
	})
	for _, r := range u.Rules {
		v.Rules = append(v.Rules, view.RuleEffect{Rule: r.Rule, Reason: r.Reason, Lifted: r.Lifted, Opened: r.Opened, Sample: r.Samples})
	}
	return v
}

// Undo undoes a batch, as winnow undo --batch does.
func (s *Source) Undo(request context.Context, asked view.UndoRequest) (view.Undone, error) {
	if err := impact.CheckUndoable(s.Store, asked.Batch); err != nil {
		return view.Undone{}, console.NewAPIError(http.StatusConflict, err)
	}
	o := impact.BatchUndo{Batch: asked.Batch, Named: asked.Named, By: asked.By, Note: asked.Note, Apply: true}
	u, err := impact.UndoBatch(context.WithoutCancel(request), ui.NewPrinter(io.Discard, io.Discard, false), s.Operations().ForRequest(request), o, hygiene.InstantOf(time.Now()))
	var unnamed *impact.UnnamedError
	switch {
	case errors.As(err, &unnamed):
		return view.Undone{}, console.NewAPIError(http.StatusConflict, fmt.Errorf("this lifts %s of %s; tick what is meant to be lifted",
			ui.AndList(unnamed.Reasons), ui.Count(unnamed.Contacts, "contact")))
	case err != nil:
		return view.Undone{}, err
	}
	s.Passes.forget(s.undoKey(asked.Batch))
	return view.Undone{Batch: u.Batch, Contacts: u.Contacts, Released: u.Released, Changes: u.Changes}, nil
}
