package erasure

import (
	"context"
	"net/url"

	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/quarantine"
)

// quarantine deletes the bodies in quarantine that name somebody.
func (r *Run) quarantine(ctx context.Context) error {
	return quarantine.Each(ctx, r.Engine.ReadLog, "", 0, func(bodies []quarantine.Body) error {
		var ids []int64
		for i := range bodies {
			if b := &bodies[i]; r.Names.InQuarantined(&b.Unreadable) {
				ids = append(ids, b.ID)
			}
		}
		if r.Did.Quarantined += int64(len(ids)); len(ids) == 0 || r.Preview {
			return nil
		}
		step("quarantine")
		return r.Commit(ctx, nil, ids)
	})
}

// InQuarantined reports whether a body in quarantine names one of them, or the URL of a
// callback that was not verified: some providers send all they say in it.
func (n *Names) InQuarantined(q *hygiene.Unreadable) bool {
	if n.InBody(q.Body) || n.InText(q.Why) {
		return true
	}
	if q.Unverified == nil {
		return false
	}
	plain, err := url.QueryUnescape(q.Unverified.Target)
	return n.InText(q.Unverified.Target) || err == nil && n.InText(plain)
}

// unclean is the counter that is 1 while the contacts' write-ahead log may still have what
// was erased.
const unclean = "unclean"

// SetUnclean says whether that is so.
func SetUnclean(w engine.Writer, is bool) error {
	value := 0
	if is {
		value = 1
	}
	return w.Exec("INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", unclean, value)
}

// IsUnclean reports whether that is so.
func IsUnclean(c engine.Querier) (bool, error) {
	n, err := c.Number("SELECT value FROM counters WHERE name = ?", unclean)
	return n != 0, err
}

// Texts are the names as files have them.
func (n *Names) Texts() (list [][]byte) {
	for key := range n.keys {
		list = append(list, []byte(key))
	}
	for phone := range n.phones {
		list = append(list, []byte(phone))
	}
	for m := range n.messages {
		list = append(list, []byte(m.ID))
	}
	return list
}

// IsCell reports whether a cell of a file is a key or a number of one of them.
func (n *Names) IsCell(cell string) bool { return n.keys[cell] != 0 || n.phones[cell] != 0 }
