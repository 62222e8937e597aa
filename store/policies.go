package store

import (
	"fmt"

	"winnow/hygiene"
)

// KeepPolicy keeps the text of a policy that comes into force, so that the hash
// of a ledger entry or a run leads back to it.
func (s *Store) KeepPolicy(hash string, text []byte, now hygiene.Instant) error {
	return s.write(func(c *conn) error {
		return c.exec("INSERT INTO policies (hash, text, used_at) VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET used_at = excluded.used_at",
			hash, string(text), int64(now))
	})
}

// LastPolicy is the text of the policy that came into force last; "" when
// there was none.
func (s *Store) LastPolicy() (hash, text string, err error) {
	err = s.read(func(c *conn) error {
		r := c.query("SELECT hash, text FROM policies ORDER BY used_at DESC, id DESC LIMIT 1")
		if r.next() {
			hash, text = r.text(0), r.text(1)
		}
		return r.close()
	})
	return hash, text, err
}

// policyID is the short name of a kept policy.
func policyID(c *conn, p *hygiene.Policy) (int64, error) {
	if p == nil {
		return 0, nil
	}
	id, err := c.number("SELECT id FROM policies WHERE hash = ?", p.Hash)
	if err == nil && id == 0 {
		return 0, fmt.Errorf("policy %s was not kept before it was used", p.Hash)
	}
	return id, err
}
