package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/explain"
	"winnow/internal/ui"
	"winnow/internal/unmatched"
	"winnow/store"
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

// unmatchedEvent is an event as JSON.
type unmatchedEvent struct {
	Source string `json:"source"`
	view.Event
}

// Run lists the events, and says how to match them.
func (x unmatchedCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		switch {
		case x.SendLog:
			return x.printSendLog(c, a)
		case x.Conflicts:
			return x.printConflicts(c, a)
		}
		items, rows := []unmatchedEvent{}, [][]string{{"MESSAGE", "SOURCE", "SEQ", "AT", "OUTCOME"}}
		err := a.Store.Unmatched(x.Limit, func(e hygiene.Event) error {
			items = append(items, unmatchedEvent{e.Source, explain.EventOf(&e)})
			rows = append(rows, []string{e.MessageID, e.Source, fmt.Sprint(e.Seq), e.At.String(), e.Outcome.String()})
			return nil
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return c.PrintJSON(items)
		}
		t, err := a.Store.Totals()
		if err != nil {
			return err
		}
		if len(items) > 0 {
			ui.Table(c.Stdout, rows)
		}
		return x.printAdvice(c, a, t.Unmatched)
	})
}

// printAdvice says how many events are unmatched, why, and which way out fits.
func (x unmatchedCommand) printAdvice(c *invocation, a *app.App, n int64) error {
	findings, err := unmatched.Diagnose(a.Config, a.Store)
	if err != nil {
		return err
	}
	if n == 0 || len(findings) == 0 {
		_, err := fmt.Fprintf(c.Stdout, "%s unmatched: register their messages with winnow import messages FILE, and the next sweep applies the rules to them\n", ui.Count(n, "event"))
		return err
	}
	fmt.Fprintf(c.Stdout, "%s unmatched\n", ui.Count(n, "event"))
	for i := range findings {
		fmt.Fprintf(c.Stdout, "%s\n  %s\n", findings[i].Sentence(), findings[i].Advice(app.ConfigFlag(c.config)))
	}
	return nil
}

// printSendLog prints a line of JSON for each message.
func (x unmatchedCommand) printSendLog(c *invocation, a *app.App) error {
	lines := bufio.NewWriter(c.Stdout)
	out := json.NewEncoder(lines)
	out.SetEscapeHTML(false)
	err := unmatched.SendLog(c.ctx, a.Config, a.Store, func(m unmatched.Message) error { return out.Encode(m) })
	return errors.Join(err, lines.Flush())
}

// printConflicts lists the messages whose events name another contact than the send log.
func (x unmatchedCommand) printConflicts(c *invocation, a *app.App) error {
	list := []unmatched.Conflict{}
	err := a.Store.ContactConflicts(x.Limit, func(of store.ContactConflict) error {
		list = append(list, unmatched.Conflict(of))
		return nil
	})
	if err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(list)
	}
	t, err := a.Store.Totals()
	if err != nil {
		return err
	}
	unmatched.PrintConflicts(c.Stdout, list, t.Conflicts)
	return nil
}
