package store

import (
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
)

// SavedPolicy is a policy that judged.
type SavedPolicy struct {
	Hash      string          `json:"hash"`
	FirstUsed hygiene.Instant `json:"first_used_at"`
	// InForce reports whether it is the one that a daemon put in force last. A policy
	// that only commands used never is.
	InForce bool `json:"in_force"`
}

// ErrNoPolicy is the error of a hash that no policy has.
var ErrNoPolicy = errors.New("no such policy")

// ErrPolicies is the error of the beginning of a hash that several policies have.
var ErrPolicies = errors.New("give more of the hash")

// Policies lists the policies that judged, the one first used latest first.
func (s *Store) Policies() ([]SavedPolicy, error) {
	var list []SavedPolicy
	err := s.read(func(c engine.Reader) error {
		now, err := counters.Get(c, counters.InForce)
		if err != nil {
			return err
		}
		r := c.Query("SELECT id = ?, hash, first_used_at FROM policies ORDER BY id DESC", now)
		for r.Next() {
			list = append(list, SavedPolicy{InForce: r.Int(0) == 1, Hash: r.Text(1), FirstUsed: hygiene.Instant(r.Int(2))})
		}
		return r.Close()
	})
	return list, err
}

// PolicyText is the only policy whose hash begins with the prefix, and its text byte
// for byte. The error is [ErrNoPolicy] when there is none, and another when there
// are several.
func (s *Store) PolicyText(prefix string) (p SavedPolicy, text string, err error) {
	found := 0
	err = s.read(func(c engine.Reader) error {
		now, err := counters.Get(c, counters.InForce)
		if err != nil {
			return err
		}
		r := c.Query("SELECT id = ?, hash, first_used_at, text FROM policies WHERE substr(hash, 1, length(?)) = ?", now, prefix, prefix)
		for ; r.Next(); found++ {
			p = SavedPolicy{InForce: r.Int(0) == 1, Hash: r.Text(1), FirstUsed: hygiene.Instant(r.Int(2))}
			text = r.Text(3)
		}
		return r.Close()
	})
	switch {
	case err != nil:
		return SavedPolicy{}, "", err
	case found == 0:
		return SavedPolicy{}, "", fmt.Errorf("%w: %s", ErrNoPolicy, prefix)
	case found > 1:
		return SavedPolicy{}, "", fmt.Errorf("%d policy hashes begin with %s; %w", found, prefix, ErrPolicies)
	}
	return p, text, nil
}

// EachPolicyText calls each with the hash and the text of every policy that ever judged,
// in the order in which they first did.
func (s *Store) EachPolicyText(each func(hash, text string) error) error {
	return s.read(func(c engine.Reader) (err error) {
		r := c.Query("SELECT hash, text FROM policies ORDER BY id")
		for err == nil && r.Next() {
			err = each(r.Text(0), r.Text(1))
		}
		return errors.Join(err, r.Close())
	})
}
