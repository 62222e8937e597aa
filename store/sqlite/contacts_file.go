package sqlite

import (
	"errors"
	"io/fs"
	"os"

	"winnow/store/engine"
)

// ReadContacts reads the contacts' file of a database alone, which may be of an older
// version, and changes nothing.
func ReadContacts(path string, do func(engine.Querier) error) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	name := "file:" + escaped(path) + "?mode=ro"
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		name += "&immutable=1" // not in use
	}
	c, err := openConn(name)
	if err != nil {
		return err
	}
	err = c.script(distrust)
	if err == nil {
		err = checkSchema(c, path, "roster")
	}
	if err == nil {
		err = do(&querier{c: c})
	}
	return errors.Join(err, c.close())
}
