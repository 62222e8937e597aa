package store

import (
	"crypto/sha256"
	"encoding/hex"

	"winnow/hygiene"
	"winnow/store/engine"
)

// SaveConfigFile stores the whole text of a config that a daemon put in force, with its
// secrets, in place of the one before. When it is stored already, that costs one read.
func (s *Store) SaveConfigFile(text []byte, now hygiene.Instant) error {
	sum := sha256.Sum256(text)
	name := hex.EncodeToString(sum[:])
	var stored int64
	err := s.read(func(c engine.Reader) (err error) {
		stored, err = c.Number("SELECT count(*) FROM config_file WHERE sum = ?", name)
		return err
	})
	if err != nil || stored > 0 {
		return err
	}
	return s.write(func(c engine.Writer) error {
		return c.Exec(`INSERT INTO config_file (id, sum, text, saved_at) VALUES (1, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET sum = excluded.sum, text = excluded.text, saved_at = excluded.saved_at`, name, string(text), int64(now))
	})
}

// ConfigFile is the text that [Store.SaveConfigFile] stored last; empty when no daemon of
// this version has run.
func (s *Store) ConfigFile() (text string, err error) {
	err = s.read(func(c engine.Reader) error {
		r := c.Query("SELECT text FROM config_file")
		if r.Next() {
			text = r.Text(0)
		}
		return r.Close()
	})
	return text, err
}
