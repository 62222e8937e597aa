package command

import (
	"fmt"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/explain"
)

// explainCommand tells what winnow knows of a contact.
type explainCommand struct {
	Contact string `arg:"" help:"The contact's key."`
	Verbose bool   `short:"v" help:"Show all: the conditions of the segments, the ledger and the timeline."`
	Segment string `placeholder:"NAME" help:"Show the conditions of this segment only."`
}

// Run explains the contact.
func (x explainCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		key, err := a.Config.Keys.Normalize(x.Contact)
		if err != nil {
			return err
		}
		if err := x.checkSegment(a.Config); err != nil {
			return err
		}
		e, ok, err := explain.Contact(a.Config, a.Store, key, c.present())
		switch {
		case err != nil:
			return err
		case !ok:
			return explain.NotFound(a, x.Contact, key)
		case c.JSON:
			x.narrow(e)
			return c.PrintJSON(e)
		}
		e.Print(c.Printer, a.Config, x.Segment, x.Verbose)
		return nil
	})
}

func (x explainCommand) checkSegment(cfg *config.Config) error {
	var names []string
	for _, s := range cfg.Segments {
		if s.Name == x.Segment {
			return nil
		}
		names = append(names, s.Name)
	}
	if x.Segment == "" {
		return nil
	}
	return fmt.Errorf("there is no segment %q in %s; it has %q", x.Segment, cfg.Path, names)
}

// narrow leaves only the conditions of the segment that was asked for.
func (x explainCommand) narrow(e *explain.Explanation) {
	if x.Segment != "" {
		e.Conditions = map[string]hygiene.Finding{x.Segment: e.Conditions[x.Segment]}
	}
}
