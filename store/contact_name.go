package store

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"winnow/hygiene/contactkey"
	"winnow/store/engine"
)

// KeyReader finds out which contact a text names. All that comes from outside and is
// not a callback is read here: a key that a contact has, or had, always names it, also one that
// this version would not accept as a new key. So an opt-out for it is never refused.
type KeyReader struct {
	store  *Store
	format contactkey.Format
}

// Keys reads keys as that format has them.
func (s *Store) Keys(format contactkey.Format) KeyReader { return KeyReader{s, format} }

// Format is how it reads keys.
func (r KeyReader) Format() contactkey.Format { return r.format }

// Named is the key of the contact that a person names. A placeholder names one only if
// a contact has it as its key.
func (r KeyReader) Named(text string) (string, error) {
	key, err := r.format.Normalize(text)
	return r.stored(text, key, err)
}

// Given is the key of the contact that a program names. A placeholder names none.
func (r KeyReader) Given(text string) (string, error) {
	key, err := r.format.Normalize(text)
	if errors.Is(err, contactkey.ErrPlaceholder) {
		return "", err
	}
	return r.stored(text, key, err)
}

// Cell is Given for a cell of a list, which a spreadsheet may have written.
func (r KeyReader) Cell(text string) (string, error) {
	key, err := r.format.NormalizeCell(text)
	if errors.Is(err, contactkey.ErrPlaceholder) {
		return "", err
	}
	return r.stored(text, key, err)
}

// Placeholders are the first keys of contacts that are placeholders, as an earlier version
// or config took them for keys; at most so many.
func (r KeyReader) Placeholders(most int) (keys []string, err error) {
	forms, beginnings := r.format.Placeholders()
	args := make([]any, nearTexts)
	err = r.store.read(func(c engine.Reader) error {
		read := func(sql string, args ...any) error {
			rows := c.Query(sql, args...)
			for len(keys) < most && rows.Next() {
				if _, err := r.format.Normalize(rows.Text(1)); errors.Is(err, contactkey.ErrPlaceholder) {
					keys = append(keys, rows.Text(1))
				}
			}
			return rows.Close()
		}
		for chunk := range slices.Chunk(forms, nearTexts) {
			clear(args)
			for i, form := range chunk {
				args[i] = form
			}
			if err := cmp.Or(read(nearByKey, args...), read(nearByForm, args...)); err != nil {
				return err
			}
		}
		for _, beginning := range beginnings {
			if err := read("SELECT id, key FROM contacts WHERE key >= ? AND key < ? ORDER BY key LIMIT 1000", beginning, beginning+"\U0010ffff"); err != nil {
				return err
			}
		}
		return nil
	})
	slices.Sort(keys)
	return slices.Compact(keys), err
}

// stored is the text if a contact has it as its key, else the key that was made of it.
// A text that is its own key is not looked up.
func (r KeyReader) stored(text, key string, refused error) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || text == key {
		return key, refused
	}
	known, err := r.store.hasKey(text)
	switch {
	case err != nil:
		return "", err
	case known:
		return text, nil
	}
	return key, refused
}

// HasKey reports whether a contact has the key, or had it. A store that can't be read has
// none.
func (s *Store) HasKey(key string) bool {
	known, err := s.hasKey(key)
	return err == nil && known
}

func (s *Store) hasKey(key string) (known bool, err error) {
	err = s.read(func(c engine.Reader) error {
		n, err := c.Number("SELECT EXISTS (SELECT 1 FROM contacts WHERE key = ?) OR EXISTS (SELECT 1 FROM names WHERE key = ?)", key, key)
		known = n != 0
		return err
	})
	return known, err
}
