package store

import (
	"slices"

	"winnow/segments"
)

// mergeMarks puts the new contact on the lists of the old one, and into its pins: where
// both are pinned in a segment, a pin that leaves the contact out stands. What each had
// is kept for the day on which they are parted.
func (w *txWriter) mergeMarks(from, to string, fromNamed, toNamed bool) (lists, pinned []string, err error) {
	for key, named := range map[string]bool{from: fromNamed, to: toNamed} {
		if err := w.keepMarks(key, named); err != nil {
			return nil, nil, err
		}
	}
	if lists, err = listsOf(w, from); err != nil {
		return nil, nil, err
	}
	for _, list := range lists {
		if _, err := w.setListed(list, from, false); err != nil {
			return nil, nil, err
		}
		if _, err := w.setListed(list, to, true); err != nil {
			return nil, nil, err
		}
	}
	moved, err := pinsOf(w, from)
	if err != nil {
		return nil, nil, err
	}
	has, err := pinsOf(w, to)
	for _, pin := range moved {
		if err != nil {
			break
		}
		pinned = append(pinned, pin.Segment)
		if _, err = w.setPin(&pin, true); err != nil {
			break
		}
		pin.Contact = to
		i := slices.IndexFunc(has, func(p segments.Pin) bool { return p.Segment == pin.Segment })
		if i < 0 || pin.Out && !has[i].Out {
			_, err = w.setPin(&pin, false)
		}
	}
	return lists, pinned, err
}

// keepMarks keeps the lists and pins of a contact that was not merged before as those of
// its key.
func (w *txWriter) keepMarks(key string, named bool) error {
	if named {
		return nil
	}
	lists, err := listsOf(w, key)
	for _, list := range lists {
		if err == nil {
			err = putNameList(w, key, list, true)
		}
	}
	if err != nil {
		return err
	}
	pins, err := pinsOf(w, key)
	for i := range pins {
		if err == nil {
			err = putNamePin(w, &pins[i], false)
		}
	}
	return err
}

// partMarks gives two contacts that were one the lists and pins of their keys. What was
// taken away from the whole stays away from those that are still of several keys.
func (w *txWriter) partMarks(whole string, groups ...[]string) error {
	lists, err := listsOf(w, whole)
	if err != nil {
		return err
	}
	pins, err := pinsOf(w, whole)
	if err != nil {
		return err
	}
	for _, list := range lists {
		if _, err := w.setListed(list, whole, false); err != nil {
			return err
		}
	}
	for i := range pins {
		if _, err := w.setPin(&pins[i], true); err != nil {
			return err
		}
	}
	for _, group := range groups {
		alone := len(group) == 1
		onList := func(list string) bool { return alone || slices.Contains(lists, list) }
		pinned := func(segment string) bool {
			return alone || slices.ContainsFunc(pins, func(p segments.Pin) bool { return p.Segment == segment })
		}
		for _, key := range group {
			if err := w.restoreMarks(group[0], key, onList, pinned); err != nil {
				return err
			}
			if alone {
				if err := w.forgetMarks(key); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// restoreMarks gives the contact the lists and pins of one of its keys.
func (w *txWriter) restoreMarks(contact, key string, onList, pinned func(string) bool) error {
	var lists []string
	r := w.Query("SELECT list FROM name_lists WHERE key = ? ORDER BY list", key)
	for r.Next() {
		lists = append(lists, r.Text(0))
	}
	if err := r.Close(); err != nil {
		return err
	}
	for _, list := range lists {
		if onList(list) {
			if _, err := w.setListed(list, contact, true); err != nil {
				return err
			}
		}
	}
	var pins []segments.Pin
	r = w.Query("SELECT key, segment, out, at, by, note FROM name_pins WHERE key = ? ORDER BY segment", key)
	for r.Next() {
		pins = append(pins, scanPin(r))
	}
	if err := r.Close(); err != nil {
		return err
	}
	has, err := pinsOf(w, contact)
	for _, pin := range pins {
		i := slices.IndexFunc(has, func(p segments.Pin) bool { return p.Segment == pin.Segment })
		if err != nil || !pinned(pin.Segment) || i >= 0 && (has[i].Out || !pin.Out) {
			continue
		}
		pin.Contact = contact
		_, err = w.setPin(&pin, false)
	}
	return err
}

// forgetMarks forgets the lists and pins that were kept for a key.
func (w *txWriter) forgetMarks(key string) error {
	if err := w.Exec("DELETE FROM name_lists WHERE key = ?", key); err != nil {
		return err
	}
	return w.Exec("DELETE FROM name_pins WHERE key = ?", key)
}
