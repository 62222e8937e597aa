package store

import (
	"crypto/sha256"
	"encoding/hex"

	"winnow/hygiene"
	"winnow/store/engine"
)

// SaveConfigFile stores the whole text of a config that a daemon put in force, with its
// secrets, in place of the one that the file at path had before. When it is stored
// already, that costs one read. path is absolute.
func (s *Store) SaveConfigFile(path string, text []byte, now hygiene.Instant) error {
	sum := sha256.Sum256(text)
	name := hex.EncodeToString(sum[:])
	var stored int64
	err := s.read(func(c engine.Reader) (err error) {
		stored, err = c.Number("SELECT count(*) FROM config_file WHERE path = ? AND sum = ?", path, name)
		return err
	})
	if err != nil || stored > 0 {
		return err
	}
	return s.write(func(c engine.Writer) error {
		return c.Exec(`INSERT INTO config_file (path, sum, text, saved_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (path) DO UPDATE SET sum = excluded.sum, text = excluded.text, saved_at = excluded.saved_at`, path, name, string(text), int64(now))
	})
}

// ConfigFile is the text that [Store.SaveConfigFile] stored last of the file at path. If
// that was never in force, and only one file ever was, it is the text of that: the file
// was moved. kept reports whether any text is stored; none is before a daemon of this
// version has run.
func (s *Store) ConfigFile(path string) (text string, kept bool, err error) {
	err = s.read(func(c engine.Reader) error {
		files, err := c.Number("SELECT count(*) FROM config_file")
		if err != nil || files == 0 {
			return err
		}
		kept = true
		text, err = c.Text("SELECT text FROM config_file WHERE path = ? OR ? = 1", path, files)
		return err
	})
	return text, kept, err
}
