package postgres

import (
	"embed"
	"errors"
	"fmt"
	"slices"
)

//go:embed schema/*.sql
var schema embed.FS

// schemaLock keeps two processes from making the tables together.
const schemaLock = writeLock + 1

// migrate makes the tables, or updates them by the files that the database lacks, in one
// transaction. Then no older winnow goes on. A database of a newer winnow is refused.
func migrate(c *conn, create bool) error {
	steps, err := schemaFiles()
	if err != nil {
		return err
	}
	version, err := versionOf(c)
	if err := c.began(err); err != nil || version == len(steps) {
		return err
	}
	if version == 0 && !create {
		return ErrMissing
	}
	if err := update(c, steps); err != nil || version == 0 {
		return err
	}
	return cutOthers(c)
}

// cutOthers ends the connections of processes that knew the tables as they were. Their next
// ones are refused: an older winnow could lose data that it does not know.
func cutOthers(c *conn) error {
	return errors.Join(c.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() AND application_name LIKE 'winnow %'`), c.flush())
}

// update makes the tables, or updates them.
func update(c *conn, steps []string) error {
	return c.inTx("BEGIN", func() error {
		if err := c.exec("SELECT pg_advisory_xact_lock($1)", int64(schemaLock)); err != nil {
			return err
		}
		if err := c.exec("CREATE TABLE IF NOT EXISTS winnow_schema (version bigint PRIMARY KEY)"); err != nil {
			return err
		}
		version, err := versionOf(c)
		switch {
		case err != nil:
			return err
		case version > len(steps):
			return fmt.Errorf("the store has schema %d and this winnow knows %d; run the winnow that wrote it, or a newer one", version, len(steps))
		case version == 0:
			if err := errors.Join(refuseOthers(c), refuseEncoding(c)); err != nil {
				return err
			}
		}
		for i, step := range steps[version:] {
			sql, err := schema.ReadFile(step)
			if err != nil {
				return err
			}
			if _, err := c.pg.PgConn().Exec(c.ctx, string(sql)).ReadAll(); err != nil {
				return fmt.Errorf("migrate by %s: %w", step, friendly(err))
			}
			if err := c.exec("INSERT INTO winnow_schema (version) VALUES ($1)", version+i+1); err != nil {
				return err
			}
		}
		return c.flush()
	}, nil)
}

// refuseOthers keeps winnow's tables out of a schema that has another program's.
func refuseOthers(c *conn) error {
	tables, err := c.number("SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name <> 'winnow_schema'")
	if err == nil && tables > 0 {
		err = fmt.Errorf("the database has %d tables that are not winnow's; give winnow a database of its own", tables)
	}
	return err
}

// refuseEncoding keeps winnow out of a database that can't store every text.
func refuseEncoding(c *conn) error {
	encoding, err := c.Text("SELECT pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = current_database()")
	if err == nil && encoding != "UTF8" {
		err = fmt.Errorf("the encoding of the database is %s, in which not every text can be stored; make one with ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	return err
}

// versionOf is how many files of schema/ the database has.
func versionOf(c *conn) (int, error) {
	there, err := c.number("SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'winnow_schema'")
	if err != nil || there == 0 {
		return 0, err
	}
	version, err := c.number("SELECT max(version) FROM winnow_schema")
	return int(version), err
}

func schemaFiles() (steps []string, err error) {
	entries, err := schema.ReadDir("schema")
	for _, e := range entries {
		steps = append(steps, "schema/"+e.Name())
	}
	slices.Sort(steps)
	return steps, err
}
