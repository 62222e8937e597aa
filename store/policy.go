package store

import (
	"fmt"

	"winnow/hygiene"
	"winnow/store/counters"
	"winnow/store/engine"
)

// SavePolicy stores the text of a policy that is about to judge, so that the hash of
// a ledger entry or a run leads back to it. When it is stored already, that costs
// one read.
func (s *Store) SavePolicy(hash string, text []byte, now hygiene.Instant) error {
	var stored int64
	err := s.read(func(c engine.Reader) (err error) {
		stored, err = c.Number("SELECT count(*) FROM policies WHERE hash = ?", hash)
		return err
	})
	if err != nil || stored > 0 {
		return err
	}
	return s.write(func(c engine.Writer) error { return insertPolicy(c, hash, text, now) })
}

func insertPolicy(c engine.Writer, hash string, text []byte, now hygiene.Instant) error {
	return c.Exec("INSERT INTO policies (hash, text, first_used_at) VALUES (?, ?, ?) ON CONFLICT (hash) DO NOTHING", hash, string(text), int64(now))
}

// SetPolicyInForce makes a stored policy the one that a daemon with a broken config starts
// with.
func (s *Store) SetPolicyInForce(hash string) error {
	var id, now int64
	err := s.read(func(c engine.Reader) (err error) {
		if id, err = c.Number("SELECT id FROM policies WHERE hash = ?", hash); err == nil {
			now, err = counters.Get(c, counters.InForce)
		}
		return err
	})
	if err != nil || id == now {
		return err
	}
	return s.write(func(c engine.Writer) error { return counters.Set(c, counters.InForce, id) })
}

// PolicyInForce is the hash of the policy that a daemon put in force last; "" when none
// ever did.
func (s *Store) PolicyInForce() (hash string, err error) {
	err = s.read(func(c engine.Reader) error {
		id, err := counters.Get(c, counters.InForce)
		if err != nil {
			return err
		}
		hash, err = c.Text("SELECT hash FROM policies WHERE id = ?", id)
		return err
	})
	return hash, err
}

// LastPolicy is the hash and the text of the policy that a daemon put in force last,
// or, when none ever did, of the one stored last; "" when there is none.
func (s *Store) LastPolicy() (hash, text string, err error) {
	err = s.read(func(c engine.Reader) error {
		id, err := counters.Get(c, counters.InForce)
		if err != nil {
			return err
		}
		r := c.Query("SELECT hash, text FROM policies ORDER BY id = ? DESC, id DESC LIMIT 1", id)
		if r.Next() {
			hash, text = r.Text(0), r.Text(1)
		}
		return r.Close()
	})
	return hash, text, err
}

// policyID is the id of a stored policy; 0 for none.
func policyID(c engine.Querier, p *hygiene.Policy) (int64, error) {
	if p == nil {
		return 0, nil
	}
	id, err := c.Number("SELECT id FROM policies WHERE hash = ?", p.Hash)
	if err == nil && id == 0 {
		return 0, fmt.Errorf("policy %s was not stored before it was used", p.Hash)
	}
	return id, err
}
