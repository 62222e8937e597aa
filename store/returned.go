package store

import (
	"context"
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/erasure"
	"winnow/store/forgotten"
	"winnow/store/sqlite"
)

// EraseReturned erases from this store, which was restored and swept, who was forgotten in
// the store at the other path, of which only the contacts' file is read. What is kept of
// them there is kept here too.
func (s *Store) EraseReturned(ctx context.Context, from string, o ForgetOptions) (persons int, did erasure.Counts, err error) {
	err = sqlite.ReadContacts(from, func(old engine.Querier) error {
		var c *forgotten.Carrier
		err := s.read(func(own engine.Reader) (err error) {
			c, err = forgotten.NewCarrier(old, own)
			return err
		})
		if err != nil || c == nil {
			return err
		}
		persons, err = s.askForReturned(ctx, c, o.Now)
		if err != nil {
			return err
		}
		return c.Carry(s.write)
	})
	if err != nil {
		return 0, did, fmt.Errorf("read who was forgotten from %s: %w", from, err)
	}
	did, err = s.Forget(ctx, o)
	return persons, did, err
}

// askForReturned asks that those be forgotten that the carrier finds. A legal hold on one
// has ended since the backup: else it would have kept them.
func (s *Store) askForReturned(ctx context.Context, c *forgotten.Carrier, now hygiene.Instant) (persons int, err error) {
	ask := func(of Subjects) error {
		for _, key := range of.Keys {
			if _, err := s.EndHold(key); err != nil {
				return err
			}
		}
		err := errors.Join(ctx.Err(), s.AskToForget(of, false, now))
		if err == nil {
			persons += len(of.Keys) + len(of.Phones)
		}
		return err
	}
	if err := c.Each(s.read, func(keys, phones []string) error { return ask(Subjects{Keys: keys, Phones: phones}) }); err != nil {
		return 0, err
	}
	asked, err := c.Asked()
	if err != nil {
		return 0, err
	}
	for _, subject := range asked {
		of := Subjects{Keys: []string{subject}}
		if phone := hygiene.NumberIn(subject); phone != "" {
			of = Subjects{Phones: []string{phone}}
		}
		if err := ask(of); err != nil && !errors.Is(err, ErrUnknown) {
			return 0, err
		}
	}
	return persons, nil
}
