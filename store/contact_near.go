package store

import (
	"slices"
	"strings"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// maxNear is how many contacts are named that a key is nearly the same as.
const maxNear = 10

// nearTexts is how many texts one statement looks up.
const nearTexts = 256

var (
	nearByKey   = "SELECT key, key FROM contacts WHERE key IN (" + placeholders(nearTexts) + ")"
	nearByName  = "SELECT key, contact FROM names WHERE key IN (" + placeholders(nearTexts) + ")"
	nearByForm  = "SELECT n.loose, c.key FROM near_keys n JOIN contacts c ON c.id = n.contact WHERE n.loose IN (" + placeholders(nearTexts) + ")"
	nearToName  = "SELECT n.loose, m.contact FROM near_keys n JOIN names m ON m.id = n.contact WHERE n.loose IN (" + placeholders(nearTexts) + ")"
	nearByPhone = "SELECT phone, key FROM contacts WHERE phone IS NOT NULL AND phone IN (" + placeholders(nearTexts) + ")"
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
	var forms, spellings, phones nearLookups
	for i, key := range keys {
		for _, form := range contactkey.LooseForms(key, format.Region) {
			forms = append(forms, nearLookup{form, i})
			for _, spelling := range []string{form, contactkey.Capitals(form)} {
				if spelling != key && (len(spellings) == 0 || spellings[len(spellings)-1] != nearLookup{spelling, i}) {
					spellings = append(spellings, nearLookup{spelling, i})
				}
			}
		}
		if byPhone {
			if phone := contactkey.PhoneIn(key, format.Region); phone != "" {
				phones = append(phones, nearLookup{phone, i})
			}
		}
	}
	near := make([][]string, len(keys))
	err := s.read(func(c engine.Reader) error {
		for _, by := range []struct {
			sql, table string
			lookups    nearLookups
		}{{nearByKey, "contacts", spellings}, {nearByForm, "near_keys", forms}, {nearByName, "names", spellings}, {nearToName, "names", forms}, {nearByPhone, "contacts", phones}} {
			some, err := c.Number("SELECT EXISTS (SELECT 1 FROM " + by.table + ")")
			if err == nil && some != 0 {
				err = by.lookups.look(c, by.sql, near)
			}
			if err != nil {
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

// nearLookup is a text to look up for the key at a place.
type nearLookup struct {
	text  string
	place int
}

type nearLookups []nearLookup

// look adds the contacts that a statement finds for the texts to those of the keys at
// their places. It sorts the lookups.
func (l nearLookups) look(c engine.Querier, sql string, near [][]string) error {
	slices.SortFunc(l, func(a, b nearLookup) int { return strings.Compare(a.text, b.text) })
	args := make([]any, nearTexts)
	for len(l) > 0 {
		clear(args)
		n, texts := 0, 0 // as many lookups as have so many different texts
		for ; n < len(l); n++ {
			if n > 0 && l[n].text == l[n-1].text {
				continue
			}
			if texts == nearTexts {
				break
			}
			args[texts] = l[n].text
			texts++
		}
		chunk := l[:n]
		l = l[n:]
		r := c.Query(sql, args...)
		for r.Next() {
			text := r.Text(0)
			at, _ := slices.BinarySearchFunc(chunk, text, func(a nearLookup, text string) int { return strings.Compare(a.text, text) })
			for ; at < len(chunk) && chunk[at].text == text; at++ {
				if place := chunk[at].place; len(near[place]) < 10*maxNear {
					near[place] = append(near[place], r.Text(1))
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
			if err := w.execApart("INSERT INTO near_keys (loose, contact) VALUES (?, ?) ON CONFLICT (loose, contact) DO NOTHING", loose, row.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
