package command

import (
	"winnow/internal/app"
	"winnow/internal/migrate"
	"winnow/store/location"
)

// migrateCommand copies the store into a PostgreSQL database.
type migrateCommand struct {
	To string `required:"" placeholder:"URL" help:"Copy into the empty database of this URL, which is the one that the config will have: like postgres://winnow@db.example.com:5432/winnow, without a password."`
}

// Help says what it takes, and what is left.
func (migrateCommand) Help() string {
	return "Copies all of the store, with the members of segments and the outbox, and then compares every row. Stop the daemon first: nobody can write to the store meanwhile. " +
		"Give it an empty database, in which its user may create tables. If it is interrupted, run it again: it goes on where it was. Until it has finished, winnow serve refuses the database. " +
		"The files of the store stay as they are. At the end it prints what to write into the config. " +
		"A password is read from a passfile that the URL names, or from PGPASSFILE or PGPASSWORD."
}

// Run copies the store.
func (x migrateCommand) Run(c *invocation) error {
	from, err := c.storeLocation()
	if err == nil && location.IsServer(from) {
		return elsewhere(from, "winnow migrate copies a store on this host into a database; copy a database with the tools of PostgreSQL")
	}
	if err == nil {
		err = app.CheckOwner(from)
	}
	if err != nil {
		return err
	}
	result, err := migrate.Run(c.ctx, migrate.Options{Config: c.config, From: from, To: x.To, Progress: c.Progress})
	if err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(result)
	}
	return result.Print(c.Stdout)
}
