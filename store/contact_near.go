package store

import (
	"slices"
	"strings"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// maxNear is how many contacts are named that a key is nearly the same as.
const maxNear = 10

// nearLookup is how many loose forms one statement looks up.
const nearLookup = 256

var (
	nearByKey   = "SELECT key, key FROM contacts WHERE key IN (" + placeholders(nearLookup) + ")"
	nearByName  = "SELECT key, contact FROM names WHERE key IN (" + placeholders(nearLookup) + ")"
	nearByForm  = "SELECT n.loose, c.key FROM near_keys n JOIN contacts c ON c.id = n.contact WHERE n.loose IN (" + placeholders(nearLookup) + ")"
	nearToName  = "SELECT n.loose, m.contact FROM near_keys n JOIN names m ON m.id = n.contact WHERE n.loose IN (" + placeholders(nearLookup) + ")"
	nearByPhone = "SELECT phone, key FROM contacts WHERE phone IS NOT NULL AND phone IN (" + placeholders(nearLookup) + ")"
)

func placeholders(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// FindNearKeys is [Store.FindNearlyKnown] without the contacts who have the phone number
// that a key is.
func (s *Store) FindNearKeys(keys []string, format contactkey.Format, found func(i int, near []string)) error {
	return s.findNear(keys, format, false, found)
}

// FindNearlyKnown looks up keys that no contact has, and calls found for each that is
// nearly known, in their order: with its place among the keys, and the keys of the
// contacts that it is nearly the same as, sorted; at most 10. Those are the contacts one
// of whose keys has the same loose form (see [contactkey.Loose]) and, where keys are texts,
// those who have the phone number that the key is. A key that a contact has is not
// nearly known. Give it a few thousand keys at a time; all are as of one moment.
func (s *Store) FindNearlyKnown(keys []string, format contactkey.Format, found func(i int, near []string)) error {
	return s.findNear(keys, format, true, found)
}

func (s *Store) findNear(keys []string, format contactkey.Format, byPhone bool, found func(i int, near []string)) error {
	if format.Phone || len(keys) == 0 {
		return nil // the keys of other contacts are other numbers
	}
	places := map[string][]int{} // by loose form
	phones := map[string][]int{}
	for i, key := range keys {
		for _, form := range contactkey.LooseForms(key, format.Region) {
			places[form] = append(places[form], i)
		}
		if phone := contactkey.PhoneIn(key, format.Region); byPhone && phone != "" {
			phones[phone] = append(phones[phone], i)
		}
	}
	near := make([][]string, len(keys))
	err := s.read(func(c engine.Reader) error {
		for _, by := range []struct {
			sql    string
			places map[string][]int
		}{{nearByKey, places}, {nearByForm, places}, {nearByName, places}, {nearToName, places}, {nearByPhone, phones}} {
			if err := lookUpForms(c, by.sql, by.places, near); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range near {
		slices.Sort(near[i])
		near[i] = slices.Compact(near[i])
		if len(near[i]) > 0 && !slices.Contains(near[i], keys[i]) {
			found(i, near[i][:min(len(near[i]), maxNear)])
		}
	}
	return nil
}

// lookUpForms adds the contacts that a statement finds for some forms to those of the keys
// at the places of each form.
func lookUpForms(c engine.Querier, sql string, places map[string][]int, near [][]string) error {
	forms := make([]string, 0, len(places))
	for form := range places {
		forms = append(forms, form)
	}
	slices.Sort(forms)
	args := make([]any, nearLookup)
	for chunk := range slices.Chunk(forms, nearLookup) {
		clear(args)
		for i, form := range chunk {
			args[i] = form
		}
		r := c.Query(sql, args...)
		for r.Next() {
			for _, i := range places[r.Text(0)] {
				if len(near[i]) < 10*maxNear {
					near[i] = append(near[i], r.Text(1))
				}
			}
		}
		if err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}

// indexLooseForms notes the loose forms of keys that are not found without.
func (w *txWriter) indexLooseForms(rows []*engine.Contact) error {
	for _, row := range rows {
		if loose := contactkey.Loose(row.Key); !contactkey.FoundByForm(row.Key, loose) {
			if err := w.Exec("INSERT INTO near_keys (loose, contact) VALUES (?, ?) ON CONFLICT (loose, contact) DO NOTHING", loose, row.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
