package command

import (
	"errors"
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
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
	Region  string `placeholder:"CC" help:"Read a phone number without a country code as of this country, like TR (default: contacts.region of the config)."`
}

// maxExplained is how many contacts of one phone number are printed for people.
const maxExplained = 10

// Run prints the explanation of the contact, or of all that have the phone number.
func (x explainCommand) Run(c *invocation) error {
	if x.Region != "" && !contactkey.KnownRegion(x.Region) {
		return ui.Usagef("--region %s: write a country with two letters, like TR", ui.ShellQuote(x.Region))
	}
	return c.open(toRead, func(a *app.App) error {
		if x.Segment != "" && !hasSegment(a.Config, x.Segment) {
			return unknownSegment(a.Config, x.Segment)
		}
		found, err := explain.Find(a, x.Contact, x.Region)
		switch {
		case err != nil:
			return err
		case c.JSON:
			return x.printJSON(c, a, found.Keys)
		}
		return x.print(c, a, found)
	})
}

// print prints the explanations for people.
func (x explainCommand) print(c *invocation, a *app.App, found explain.Found) error {
	if summary := found.Summary(); summary != "" {
		fmt.Fprintf(c.Stdout, "%s\n\n", summary)
	}
	for i, key := range found.Keys[:min(maxExplained, len(found.Keys))] {
		e, err := x.explanation(c, a, key)
		if err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(c.Stdout)
		}
		e.Print(c.Printer, a.Config, x.Segment, x.Verbose)
	}
	if more := len(found.Keys) - maxExplained; more > 0 {
		fmt.Fprintf(c.Stdout, "\nand %s: --json explains all\n", ui.Count(int64(more), "more contact"))
	}
	return nil
}

// printJSON prints one contact as an object, several as an array.
func (x explainCommand) printJSON(c *invocation, a *app.App, keys []string) error {
	if len(keys) == 1 {
		e, err := x.explanation(c, a, keys[0])
		if err != nil {
			return err
		}
		return c.PrintJSON(e)
	}
	out := c.Stream()
	for _, key := range keys {
		e, err := x.explanation(c, a, key)
		if err == nil {
			err = out.Value(e)
		}
		if err != nil {
			return errors.Join(err, out.End())
		}
	}
	return out.End()
}

func (x explainCommand) explanation(c *invocation, a *app.App, key string) (*explain.Explanation, error) {
	e, ok, err := explain.Contact(a.Config, a.Store, key, c.instant())
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fmt.Errorf("contact %q is no longer in the store", key)
	case c.JSON && x.Segment != "":
		e.Conditions = map[string]hygiene.Finding{x.Segment: e.Conditions[x.Segment]}
	}
	return e, nil
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
