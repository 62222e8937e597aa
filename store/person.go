package store

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/engine"
	"winnow/store/personal"
)

// EachMessageTo visits the messages of the send log that were for a person; see
// [personal.EachMessage].
func (s *Store) EachMessageTo(ctx context.Context, who *personal.Who, visit func(personal.Message) error) error {
	return personal.EachMessage(ctx, s.read, who, visit)
}

// EachConflictOf visits the conflicts that name a person; see [personal.EachConflict].
func (s *Store) EachConflictOf(ctx context.Context, who *personal.Who, visit func(personal.Conflict) error) error {
	return personal.EachConflict(ctx, s.read, who, visit)
}

// EachEventOnNumber visits the events that lie on a phone number alone, with their bodies.
func (s *Store) EachEventOnNumber(ctx context.Context, phone string, visit func(*hygiene.Event) error) error {
	return personal.EachOnNumber(ctx, s.read, s.readLog, phone, visit)
}

// NamesAndNumbers are the keys of a merged contact with their merges, and the numbers with
// which the contact has to do beside its own.
func (s *Store) NamesAndNumbers(key string) (names []personal.Name, former []string, err error) {
	err = s.read(func(c engine.Reader) error {
		if names, err = personal.Names(c, key); err == nil {
			former, err = personal.FormerNumbers(c, key)
		}
		return err
	})
	return names, former, err
}

// HoldsOn are the legal holds on the contact that the key names.
func (s *Store) HoldsOn(key string) (list []Hold, err error) {
	err = s.read(func(c engine.Reader) (err error) {
		list, err = holdsOf(c, key)
		return err
	})
	return list, err
}

// EachRunWith visits the runs, and their segments, of which the members are kept and one is
// the contact, by one of its keys.
func (s *Store) EachRunWith(ctx context.Context, keys []string, visit func(personal.Run) error) error {
	var list []personal.Run
	err := s.read(func(c engine.Reader) (err error) {
		list, err = personal.RunsWithMembers(c, segments.RunName)
		return err
	})
	for _, run := range list {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		var has bool
		if has, err = s.hasMember(run, keys); err == nil && has {
			err = visit(run)
		}
	}
	return err
}

// hasMember reports whether the list of members of the run has one of the keys; a list that
// is gone has none.
func (s *Store) hasMember(run personal.Run, keys []string) (bool, error) {
	from, err := s.OpenMembers(run.Export, run.Run, run.Segment)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return segments.HasMember(from, run.Export, run.Run, run.Segment, func(key string) bool { return slices.Contains(keys, key) })
}
