package sqlite

import (
	"embed"
	"fmt"
	"path"
	"slices"
)

//go:embed schema/*.sql
var schema embed.FS

// migrate updates a file to the newest schema in one transaction, by one file of
// schema/ after the other. The file's user_version counts those it has had. A
// file of a newer winnow is refused: writing to it could lose what this one does
// not know.
func migrate(c *conn, file string) error {
	steps, err := schemaFiles(file)
	if err != nil {
		return err
	}
	if version, err := c.number("PRAGMA user_version"); err != nil || int(version) == len(steps) {
		return err // nothing to do needs no lock and no disk
	}
	return c.inTx("BEGIN IMMEDIATE", func() error {
		version, err := c.number("PRAGMA user_version")
		if err != nil {
			return err
		}
		if int(version) > len(steps) {
			return errNewer(file, version, len(steps))
		}
		for i, step := range steps[version:] {
			sql, err := schema.ReadFile(step)
			if err != nil {
				return err
			}
			if err := c.script(string(sql) + fmt.Sprintf("\nPRAGMA user_version = %d;", int(version)+i+1)); err != nil {
				return fmt.Errorf("migrate by %s: %w", step, err)
			}
		}
		return nil
	})
}

// errNewer is the error of a file that a newer winnow has written.
func errNewer(file string, version int64, known int) error {
	return fmt.Errorf("the store's %s file has schema %d and this winnow knows %d; run the winnow that wrote it, or a newer one", file, version, known)
}

func schemaFiles(file string) ([]string, error) {
	entries, err := schema.ReadDir("schema")
	if err != nil {
		return nil, err
	}
	var steps []string
	for _, e := range entries {
		if ok, _ := path.Match(file+"-*.sql", e.Name()); ok {
			steps = append(steps, "schema/"+e.Name())
		}
	}
	slices.Sort(steps)
	return steps, nil
}
