package sqlite

import (
	"embed"
	"fmt"
	"path"
	"regexp"
	"slices"
)

//go:embed schema/*.sql
var schema embed.FS

// migrate updates a file to the newest schema in one transaction: a new file by what
// that is, another one by one file of schema/ after the other. The file's user_version
// counts those that it has. A file of a newer winnow is refused: writing to it could
// lose what this one does not know.
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
		switch {
		case err != nil:
			return err
		case int(version) > len(steps):
			return errNewer(file, version, len(steps))
		case version == 0: // checkSchema has seen that nothing is there
			return makeCurrent(c, file, len(steps))
		}
		return migrateBy(c, steps, int(version))
	})
}

// sqlComment is a comment of schema/. SQLite would keep those that are inside a table,
// and read them whenever it opens the file.
var sqlComment = regexp.MustCompile(`[ \t]*--.*`)

// currentSchema is what the newest schema of a file is made by.
func currentSchema(file string) (string, error) {
	text, err := schema.ReadFile("schema/current-" + file + ".sql")
	return string(sqlComment.ReplaceAll(text, nil)), err
}

// makeCurrent makes the newest schema in a file that is empty.
func makeCurrent(c *conn, file string, version int) error {
	sql, err := currentSchema(file)
	if err != nil {
		return err
	}
	if err := c.script(sql + fmt.Sprintf("\nPRAGMA user_version = %d;", version)); err != nil {
		return fmt.Errorf("make the tables of %s: %w", file, err)
	}
	return nil
}

// migrateBy runs the steps after the version that the file has.
func migrateBy(c *conn, steps []string, version int) error {
	for i, step := range steps[version:] {
		sql, err := schema.ReadFile(step)
		if err != nil {
			return err
		}
		if err := c.script(string(sql) + fmt.Sprintf("\nPRAGMA user_version = %d;", version+i+1)); err != nil {
			return fmt.Errorf("migrate by %s: %w", step, err)
		}
	}
	return nil
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
