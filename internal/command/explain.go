package command

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/explain"
	"winnow/internal/suggest"
	"winnow/segments"
)

// explainCommand explains the status of a contact.
type explainCommand struct {
	Contact string `arg:"" help:"Key of the contact."`
	Verbose bool   `short:"v" help:"Also show the conditions of all segments, the ledger and the timeline."`
	Segment string `placeholder:"NAME" help:"Show only the conditions of this segment."`
}

// Run prints the explanation.
func (x explainCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		key, err := a.Config.Keys.Normalize(x.Contact)
		if err != nil {
			return err
		}
		if x.Segment != "" && !hasSegment(a.Config, x.Segment) {
			return unknownSegment(a.Config, x.Segment)
		}
		e, ok, err := explain.Contact(a.Config, a.Store, key, c.instant())
		switch {
		case err != nil:
			return err
		case !ok:
			return explain.NotFound(a, x.Contact, key)
		case c.JSON:
			if x.Segment != "" {
				e.Conditions = map[string]hygiene.Finding{x.Segment: e.Conditions[x.Segment]}
			}
			return c.PrintJSON(e)
		}
		e.Print(c.Printer, a.Config, x.Segment, x.Verbose)
		return nil
	})
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
