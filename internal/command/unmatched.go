package command

import (
	"winnow/internal/app"
	"winnow/internal/unmatched"
)

// unmatchedCommand lists events whose contact is not known.
type unmatchedCommand struct {
	Limit     int  `short:"n" default:"100" help:"List at most this many events, in order of message ids, or conflicts (default: 100)."`
	SendLog   bool `name:"send-log" xor:"list" help:"Print a send log of the unmatched events whose bodies name a contact, as the config reads them now, for winnow import messages."`
	Conflicts bool `xor:"list" help:"List the messages whose events name another contact than the send log, the latest first."`
}

// Help says how to match events whose contact the config did not find.
func (unmatchedCommand) Help() string {
	return `The latest 2,000 events show why contacts are not found, and what to do: correct the contact of the source, or register
the messages with winnow import messages. A corrected contact applies to callbacks from then on. To match the events that
are stored: winnow unmatched --send-log | winnow import messages -

--conflicts shows where the body of an event names one contact and the send log another. The events count for the
contact in the body. A line of the send log that comes after the event is compared by the review three days after the
event; a line that comes later than that is not.`
}

// Run lists the events, and says how to match them.
func (x unmatchedCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		switch {
		case x.SendLog:
			return unmatched.PrintSendLog(c.ctx, c.Printer, a)
		case x.Conflicts:
			return unmatched.PrintConflicts(c.Printer, a.Store, x.Limit)
		}
		return unmatched.Print(c.Printer, a, x.Limit, app.ConfigFlag(c.config))
	})
}
