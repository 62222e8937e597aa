package sqlite

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// checkSchema is an error if a file's schema has what winnow never made, such as a
// trigger that acts on each event. A backup may have been tampered with, so this
// comes before anything is written. What a newer winnow made is left to migrate.
func checkSchema(c *conn, path, file string) error {
	steps, err := schemaFiles(file)
	if err != nil {
		return err
	}
	version, err := c.number("PRAGMA user_version")
	if err != nil || int(version) > len(steps) {
		return err
	}
	if version < 0 {
		return fmt.Errorf("%s has the schema version %d, which winnow never wrote: restore a backup that you trust", path, version)
	}
	there, err := objectsOf(c)
	if err != nil || len(there) == 0 {
		return err
	}
	made := objectsToday()
	if int(version) < len(steps) {
		if made, err = objectsMade(steps[:version]); err != nil {
			return err
		}
	}
	for _, o := range there {
		if !slices.Contains(made, o) {
			return fmt.Errorf("%s has the %s %q, which winnow did not make and which may change what it does: if you made it, remove it with DROP %s; else restore a backup that you trust", path, o.kind, o.name, o.kind)
		}
	}
	return nil
}

// object is a table, an index, a trigger or a view.
type object struct{ kind, name string }

// objectsOf lists what is in a file, but for what SQLite itself keeps there.
func objectsOf(c *conn) (list []object, err error) {
	r := c.query("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR type NOT IN ('table', 'index') ORDER BY type, name")
	for r.Next() {
		list = append(list, object{r.Text(0), r.Text(1)})
	}
	return list, r.Close()
}

var created = regexp.MustCompile(`(?m)^CREATE (?:UNIQUE )?(TABLE|INDEX) (\w+)`)

// objectsToday lists what the newest schema has, in either file. Making it, as
// objectsMade does, would take most of the time in which a store is opened.
var objectsToday = sync.OnceValue(func() (list []object) {
	for _, file := range []string{"events", "roster"} {
		sql, err := currentSchema(file)
		if err != nil {
			panic(err) // it is part of the program
		}
		for _, m := range created.FindAllStringSubmatch(sql, -1) {
			list = append(list, object{strings.ToLower(m[1]), m[2]})
		}
	}
	return list
})

// objectsMade lists what these steps of the schema make.
func objectsMade(steps []string) (list []object, err error) {
	c, err := openConn(":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for _, step := range steps {
		sql, err := schema.ReadFile(step)
		if err != nil {
			return nil, err
		}
		if err := c.script(string(sql)); err != nil {
			return nil, fmt.Errorf("make the schema of %s: %w", step, err)
		}
	}
	return objectsOf(c)
}
