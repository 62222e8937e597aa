package store

import (
	"context"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store/engine"
)

// Pin sets pins, each in place of what was pinned for its contact and segment
// before. A contact that is not known is created. It returns how many pins that
// changed: the same pin with the same note stays as it is, with who set it first.
func (s *Store) Pin(pins ...segments.Pin) (changed int64, err error) {
	err = s.writeAs(nil, func(w *txWriter) error {
		for i := range pins {
			if _, err := w.ensureContact(pins[i].Contact); err != nil {
				return err
			}
			n, err := w.changePin(&pins[i], false)
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	return changed, err
}

// Unpin removes the pins of those contacts in that segment, and returns how many
// there were.
func (s *Store) Unpin(segment string, keys []string) (changed int64, err error) {
	err = s.writeAs(nil, func(w *txWriter) error {
		for _, key := range keys {
			n, err := w.changePin(&segments.Pin{Segment: segment, Contact: key}, true)
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	return changed, err
}

// changePin changes a pin of the contact that the key names, and keeps it for that key
// if it is one of several.
func (w *txWriter) changePin(pin *segments.Pin, remove bool) (int64, error) {
	root, named, err := w.rootOf(pin.Contact)
	if err != nil {
		return 0, err
	}
	if named {
		if err := putNamePin(w, pin, remove); err != nil {
			return 0, err
		}
	}
	of := *pin
	of.Contact = root
	return w.setPin(&of, remove)
}

// setPin is the one writer of pins. It returns 1 when it changed something.
func (w *txWriter) setPin(pin *segments.Pin, remove bool) (int64, error) {
	if remove {
		return w.Number("DELETE FROM pins WHERE contact = ? AND segment = ? RETURNING 1", pin.Contact, pin.Segment)
	}
	return w.Number(`INSERT INTO pins (contact, segment, out, at, by, note) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (contact, segment) DO UPDATE SET out = excluded.out, at = excluded.at, by = excluded.by, note = excluded.note
		WHERE pins.out <> excluded.out OR pins.note <> excluded.note RETURNING 1`,
		pin.Contact, pin.Segment, asInt(pin.Out), int64(pin.At), pin.By, pin.Note)
}

// putNamePin keeps a pin for the key that it was set by, or forgets it.
func putNamePin(c engine.Writer, pin *segments.Pin, remove bool) error {
	if remove {
		return c.Exec("DELETE FROM name_pins WHERE key = ? AND segment = ?", pin.Contact, pin.Segment)
	}
	return c.Exec(`INSERT INTO name_pins (key, segment, out, at, by, note) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (key, segment) DO UPDATE SET out = excluded.out, at = excluded.at, by = excluded.by, note = excluded.note
		WHERE name_pins.out <> excluded.out OR name_pins.note <> excluded.note`,
		pin.Contact, pin.Segment, asInt(pin.Out), int64(pin.At), pin.By, pin.Note)
}

// pinsOf reads the pins of the contact of that key.
func pinsOf(c engine.Querier, key string) (pins []segments.Pin, err error) {
	r := c.Query("SELECT "+pinColumns+" FROM pins WHERE contact = ? ORDER BY segment", key)
	for r.Next() {
		pins = append(pins, scanPin(r))
	}
	return pins, r.Close()
}

const pinColumns = "contact, segment, out, at, by, note"

func scanPin(r engine.Rows) segments.Pin {
	return segments.Pin{Contact: r.Text(0), Segment: r.Text(1), Out: r.Int(2) != 0, At: hygiene.Instant(r.Int(3)), By: r.Text(4), Note: r.Text(5)}
}

// Pins visits the pins of that segment, or of all when it is empty, in byte order
// of the contacts' keys, a page at a time.
func (s *Store) Pins(ctx context.Context, segment string, visit func(segments.Pin) error) error {
	for last := (segments.Pin{}); ctx.Err() == nil; {
		var page []segments.Pin
		err := s.read(func(c engine.Reader) error {
			r := c.Query("SELECT "+pinColumns+` FROM pins WHERE (contact, segment) > (?, ?) AND (? = '' OR segment = ?)
				ORDER BY contact, segment LIMIT 4096`, last.Contact, last.Segment, segment, segment)
			for r.Next() {
				page = append(page, scanPin(r))
			}
			return r.Close()
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
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT segment, count(*) FROM pins GROUP BY segment")
		for r.Next() {
			pins[r.Text(0)] = r.Int(1)
		}
		return r.Close()
	})
	return pins, err
}

// pinsFrom reads the pins of the contacts from that key on, each beside its key,
// at most so many.
func pinsFrom(c engine.Querier, from string, most int) (keys []string, pins []segments.Pin, err error) {
	r := c.Query("SELECT "+pinColumns+" FROM pins WHERE contact >= ? ORDER BY contact, segment LIMIT ?", from, most)
	for r.Next() {
		pin := scanPin(r)
		keys, pins = append(keys, pin.Contact), append(pins, pin)
	}
	return keys, pins, r.Close()
}
