package store

import (
	"context"

	"winnow/hygiene"
	"winnow/segments"
)

// Pin puts a contact in a segment, or out of it, by hand, instead of what was
// pinned there before. A contact that is not known comes into being. It tells
// whether that changed anything: the same pin with the same note stays as it is,
// with who set it first.
func (s *Store) Pin(pins ...segments.Pin) (changed int64, err error) {
	err = s.writeAs(nil, func(p *pen) error {
		for i := range pins {
			if _, err := p.greet(pins[i].Contact); err != nil {
				return err
			}
			n, err := p.setPin(&pins[i], false)
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	return changed, err
}

// Unpin takes away what was pinned for those contacts in that segment, and tells
// how many were.
func (s *Store) Unpin(segment string, keys []string) (changed int64, err error) {
	err = s.writeAs(nil, func(p *pen) error {
		for _, key := range keys {
			n, err := p.setPin(&segments.Pin{Segment: segment, Contact: key}, true)
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	return changed, err
}

// setPin is the one writer of pins. It gives 1 when it changed something.
func (p *pen) setPin(pin *segments.Pin, clear bool) (int64, error) {
	if clear {
		return p.c.number("DELETE FROM pins WHERE contact = ? AND segment = ? RETURNING 1", pin.Contact, pin.Segment)
	}
	return p.c.number(`INSERT INTO pins (contact, segment, out, at, by, note) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET out = excluded.out, at = excluded.at, by = excluded.by, note = excluded.note
		WHERE out <> excluded.out OR note <> excluded.note RETURNING 1`,
		pin.Contact, pin.Segment, pin.Out, int64(pin.At), pin.By, pin.Note)
}

const pinColumns = "contact, segment, out, at, by, note"

func scanPin(r *rows) segments.Pin {
	return segments.Pin{Contact: r.text(0), Segment: r.text(1), Out: r.int(2) != 0, At: hygiene.Instant(r.int(3)), By: r.text(4), Note: r.text(5)}
}

// Pins visits the pins of that segment, or of all when it is empty, in byte order
// of the contacts' keys, a page at a time.
func (s *Store) Pins(ctx context.Context, segment string, visit func(segments.Pin) error) error {
	for last := (segments.Pin{}); ctx.Err() == nil; {
		var page []segments.Pin
		err := s.read(func(c *conn) error {
			r := c.query("SELECT "+pinColumns+` FROM pins WHERE (contact, segment) > (?, ?) AND (? = '' OR segment = ?)
				ORDER BY contact, segment LIMIT 4096`, last.Contact, last.Segment, segment, segment)
			for r.next() {
				page = append(page, scanPin(r))
			}
			return r.close()
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, pin := range page {
			if err := visit(pin); err != nil {
				return err
			}
		}
		last = page[len(page)-1]
	}
	return ctx.Err()
}

// PinnedSegments counts the pins of each segment that has some.
func (s *Store) PinnedSegments() (pins map[string]int64, err error) {
	pins = map[string]int64{}
	err = s.read(func(c *conn) error {
		r := c.query("SELECT segment, count(*) FROM pins GROUP BY segment")
		for r.next() {
			pins[r.text(0)] = r.int(1)
		}
		return r.close()
	})
	return pins, err
}

// pinPage reads the pins of the contacts from that key on, each beside its key.
func pinPage(c *conn, from string, most int) (keys []string, pins []segments.Pin, err error) {
	r := c.query("SELECT "+pinColumns+" FROM pins WHERE contact >= ? ORDER BY contact, segment LIMIT ?", from, most)
	for r.next() {
		pin := scanPin(r)
		keys, pins = append(keys, pin.Contact), append(pins, pin)
	}
	return keys, pins, r.close()
}
