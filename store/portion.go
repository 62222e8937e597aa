package store

import (
	"winnow/store/engine"
	"winnow/store/portions"
)

// sharing is the engine of a store that several processes sweep together; nil for another.
func (s *Store) sharing() engine.Sharing {
	e, _ := s.engine.(engine.Sharing)
	return e
}

// handOverPortions lets the events wait that a process left which led, and has ended. Its caller
// holds the store lock, so nobody leads now.
func (s *Store) handOverPortions() error {
	if s.sharing() == nil {
		return nil
	}
	var all int64
	err := s.read(func(c engine.Reader) (err error) {
		all, _, err = portions.Left(c)
		return err
	})
	if err != nil || all == 0 {
		return err
	}
	return s.write(func(c engine.Writer) error {
		if err := portions.HandOver(c, -1); err != nil {
			return err
		}
		_, err := portions.Close(c)
		return err
	})
}
