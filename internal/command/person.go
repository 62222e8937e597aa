package command

import (
	"errors"
	"os"

	"winnow/internal/app"
	"winnow/internal/explain"
	"winnow/internal/person"
)

// personCommand prints all that winnow knows of a person.
type personCommand struct {
	Contact string `arg:"" help:"Key of the contact, or a phone number: then all contacts that have it, and the number itself."`
	Region  string `placeholder:"CODE" help:"Read a phone number without a country code as of this country, such as TR."`
	Output  string `short:"o" placeholder:"FILE" help:"Write to this file, which only you can read, instead of stdout."`
}

// Help says what is in the document.
func (personCommand) Help() string {
	return `One JSON document with all that winnow keeps of the person: keys, numbers of now and of before, attributes, history,
suppressions, acts and notes, the ledger, lists, pins and segments, legal holds, the send log, events with their bodies,
bodies in quarantine that name the person, conflicts, and the runs in which they are. It is a pass over the log.`
}

// Run prints the document.
func (x personCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		found, err := explain.Find(a, x.Contact, x.Region)
		if err != nil {
			return err
		}
		show, done := c.Progress("event")
		defer done()
		export := &person.Export{Config: a.Config, Store: a.Store, Found: found, Asked: x.Contact, Now: c.instant(), Progress: show}
		if x.Output == "" {
			return export.Write(c.ctx, c.Stdout)
		}
		return x.write(c, export)
	})
}

func (x personCommand) write(c *invocation, export *person.Export) error {
	f, err := os.OpenFile(x.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(export.Write(c.ctx, f), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(x.Output))
	}
	return nil
}
