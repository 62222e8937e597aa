package command

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/explain"
	"winnow/internal/suggest"
	"winnow/internal/ui"
	"winnow/segments"
)

// explainCommand explains the status of contacts.
type explainCommand struct {
	Contact string `arg:"" help:"Key or phone number of the contact."`
	Verbose bool   `short:"v" help:"Also show the conditions of all segments, the ledger and the timeline."`
	Segment string `placeholder:"NAME" help:"Show only the conditions of this segment."`
	AsOf    string `name:"as-of" placeholder:"TIME" help:"Explain what was known and decided by then, under the policy in force then: RFC 3339, or a date, which is its first instant in UTC."`

	regionFlag `embed:""`

	asOf hygiene.Instant // 0 for the present
}

// Help says what --as-of answers.
func (explainCommand) Help() string {
	return `--as-of answers from the events that had been received and from what had been decided by that time, as the ledger has
it, also where rules have changed since. Segments are those of the policy in force then. Attributes, lists, pins, merges
and the send log are as they are now. For a contact with later events this is a pass over the log. --now instead asks what the
present knowledge says at another moment.`
}

// maxExplained is how many contacts of one phone number are printed for people.
const maxExplained = 10

// Run prints the explanation of the contact, or of all that have the phone number.
func (x explainCommand) Run(c *invocation) error {
	if _, err := x.regionFlag.parse(); err != nil {
		return err
	}
	asOf, err := parseAsOf(x.AsOf, c.instant())
	if err != nil {
		return &ui.UsageError{Err: err}
	}
	return c.open(toRead, func(a *app.App) error {
		if x.Segment != "" && !hasSegment(a.Config, x.Segment) {
			return unknownSegment(a.Config, x.Segment)
		}
		x.asOf = asOf
		found, err := explain.Find(a, x.Contact, x.Region)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return x.printJSON(c, a, found)
		}
		return x.print(c, a, found)
	})
}

// print prints the explanations for people.
func (x explainCommand) print(c *invocation, a *app.App, found explain.Found) error {
	if summary := found.Summary(); summary != "" {
		fmt.Fprintf(c.Stdout, "%s\n\n", summary)
	}
	if err := x.printNumber(c, a, found); err != nil {
		return err
	}
	for i, key := range found.Keys[:min(maxExplained, len(found.Keys))] {
		e, cfg, err := x.explanation(c, a, key)
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(c.Stdout)
		}
		e.Print(c.Printer, cfg, x.Segment, x.Verbose)
	}
	if more := len(found.Keys) - maxExplained; more > 0 {
		fmt.Fprintf(c.Stdout, "\nand %s: --json explains all\n", ui.Count(int64(more), "more contact"))
	}
	return nil
}

// printNumber prints what is on the phone number itself: all of it, or if contacts have it,
// which the next screens explain, what keeps them from being texted.
func (x explainCommand) printNumber(c *invocation, a *app.App, found explain.Found) error {
	if found.Phone == "" || x.Segment != "" {
		return nil
	}
	e, cfg, err := found.Number(a, x.asOf, c.instant())
	switch {
	case err != nil || e == nil:
		return err
	case len(found.Keys) == 0:
		e.Print(c.Printer, cfg, "", x.Verbose)
	case e.Status == hygiene.IsSuppressed.String():
		e.PrintStatus(c.Printer)
		fmt.Fprintln(c.Stdout)
	}
	return nil
}

// printJSON prints one contact as an object, several as an array. A number that no contact
// has is an object too.
func (x explainCommand) printJSON(c *invocation, a *app.App, found explain.Found) error {
	keys := found.Keys
	if len(keys) == 0 {
		e, _, err := found.Number(a, x.asOf, c.instant())
		if err != nil {
			return err
		}
		return c.PrintJSON(e)
	}
	if len(keys) == 1 {
		e, _, err := x.explanation(c, a, keys[0])
		if err != nil {
			return err
		}
		return c.PrintJSON(e)
	}
	out := c.Stream()
	for _, key := range keys {
		e, _, err := x.explanation(c, a, key)
		if err == nil {
			err = out.Value(e)
		}
		if err != nil {
			return errors.Join(err, out.End())
		}
	}
	return out.End()
}

// explanation explains a contact, and returns the config that it goes by.
func (x explainCommand) explanation(c *invocation, a *app.App, key string) (e *explain.Explanation, cfg *config.Config, err error) {
	if x.asOf != 0 {
		show, done := c.Progress("event")
		e, cfg, err = explain.ContactAsOf(c.ctx, a, key, x.asOf, show)
		done()
	} else {
		cfg = a.Config
		e, _, err = explain.Contact(cfg, a.Store, key, c.instant())
	}
	switch {
	case err != nil:
		return nil, nil, err
	case e == nil && x.asOf != 0:
		return nil, nil, fmt.Errorf("nothing was known of contact %q at %s", key, x.asOf)
	case e == nil:
		return nil, nil, fmt.Errorf("contact %q is no longer in the store", key)
	case x.Segment != "" && !hasSegment(cfg, x.Segment):
		return nil, nil, fmt.Errorf("the policy in force at %s had no segment %q", x.asOf, x.Segment)
	case c.JSON && x.Segment != "":
		e.Conditions = map[string]hygiene.Finding{x.Segment: e.Conditions[x.Segment]}
	}
	return e, cfg, nil
}

// parseAsOf reads the time of --as-of; 0 for none.
func parseAsOf(text string, now hygiene.Instant) (hygiene.Instant, error) {
	if text == "" {
		return 0, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		if t, err = time.Parse(time.DateOnly, text); err != nil {
			return 0, fmt.Errorf("--as-of %q is not a time: write 2026-11-23T02:00:00Z or 2026-11-23", text)
		}
	}
	at := hygiene.InstantOf(t)
	if at > now {
		return 0, fmt.Errorf("--as-of %s lies ahead: it is %s", text, now)
	}
	return at, nil
}

// hasSegment reports whether the config has a segment of that name.
func hasSegment(cfg *config.Config, name string) bool {
	return slices.ContainsFunc(cfg.Segments, func(s segments.Segment) bool { return s.Name == name })
}

// unknownSegment is the error of a segment that the config does not have.
func unknownSegment(cfg *config.Config, name string) error {
	var names []string
	for _, s := range cfg.Segments {
		names = append(names, s.Name)
	}
	return fmt.Errorf("there is no segment %q in %s; %s", name, cfg.Path, suggest.Hint(name, names))
}
