package store

import (
	"context"
	"errors"

	"winnow/hygiene"
)

// Snapshot is one moment of the roster. While it is open, nothing should write
// much there: SQLite keeps what it overwrites.
type Snapshot struct {
	c          *conn
	ThroughSeq int64 // the log has been swept up to here
}

// Snapshot takes a snapshot of the roster as it is now.
func (s *Store) Snapshot() (*Snapshot, error) {
	c, err := connect(s.path, reading)
	if err != nil {
		return nil, err
	}
	snap := &Snapshot{c: c}
	if err := c.exec("BEGIN"); err != nil {
		return nil, errors.Join(err, c.close())
	}
	// The first read is what fixes the moment.
	if snap.ThroughSeq, err = progress(c, cursor); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return snap, nil
}

// Close gives the snapshot up.
func (s *Snapshot) Close() error { return s.c.close() }

// Contacts visits everyone in byte order of the key; see segments.Snapshot.
func (s *Snapshot) Contacts(ctx context.Context, messages bool, visit func(*hygiene.Contact) error) error {
	r := s.c.query("SELECT " + cardColumns + " FROM contacts ORDER BY key")
	k := &card{}
	for n := 0; r.next(); n++ {
		err := k.scan(r)
		if err == nil && messages {
			err = k.loadMessage(s.c)
		}
		if err == nil && n%256 == 0 {
			err = ctx.Err()
		}
		if err == nil {
			err = visit(&k.Contact)
		}
		if err != nil {
			return errors.Join(err, r.close())
		}
	}
	return r.close()
}

// InList tells whether the contact of that key is on the static list.
func (s *Snapshot) InList(list, key string) (bool, error) {
	n, err := s.c.number("SELECT count(*) FROM lists WHERE contact = ? AND list = ?", key, list)
	return n > 0, err
}

// ListsOf names the static lists that the contact of that key is on.
func (s *Snapshot) ListsOf(key string) (lists []string, err error) {
	r := s.c.query("SELECT list FROM lists WHERE contact = ? ORDER BY list", key)
	for r.next() {
		lists = append(lists, r.text(0))
	}
	return lists, r.close()
}
