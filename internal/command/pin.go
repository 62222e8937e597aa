package command

import (
	"errors"
	"fmt"
	"slices"

	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/explain"
	"winnow/internal/ui"
	"winnow/segments"
)

// pinCommand puts contacts in a segment, or out of it, by hand.
type pinCommand struct {
	Segment  string   `arg:"" optional:"" help:"The segment; without a contact its pins are listed."`
	Contacts []string `arg:"" optional:"" name:"contact" help:"The contacts' keys."`
	In       bool     `xor:"way" help:"Put them in, whatever the segment's condition says; never a suppressed contact in a segment that leaves those out."`
	Out      bool     `xor:"way" help:"Put them out."`
	Clear    bool     `xor:"way" help:"Take the pin away: the segment's condition decides again."`
	Note     string   `placeholder:"TEXT" help:"Why, for whoever asks later."`
}

// Run pins, or lists pins.
func (x pinCommand) Run(c *invocation) error {
	said := x.In || x.Out || x.Clear
	switch {
	case len(x.Contacts) == 0 && said:
		return ui.Usagef("whom to pin? write winnow pin SEGMENT CONTACT --in")
	case len(x.Contacts) == 0:
		return c.open(toRead, x.show(c))
	case !said:
		return ui.Usagef("write --in, --out or --clear after the contact")
	}
	return c.open(toRun, func(a *app.App) error { return x.pin(c, a) })
}

// pin pins the contacts in one transaction, and tells where that leaves each.
func (x pinCommand) pin(c *invocation, a *app.App) error {
	if err := x.known(c, a); err != nil {
		return err
	}
	pins := make([]segments.Pin, len(x.Contacts))
	var keys []string
	for i, given := range x.Contacts {
		key, err := a.Config.Keys.Normalize(given)
		if err != nil {
			return fmt.Errorf("%q: %w", given, err)
		}
		keys = append(keys, key)
		pins[i] = segments.Pin{Segment: x.Segment, Contact: key, Out: x.Out, At: c.present(), By: app.Operator(), Note: x.Note}
	}
	var changed int64
	var err error
	if x.Clear {
		changed, err = a.Store.Unpin(x.Segment, keys)
	} else {
		changed, err = a.Store.Pin(pins...)
	}
	if err != nil {
		return err
	}
	return x.tell(c, a, keys, changed)
}

// known is an error when there is no such segment. What was pinned in one that is
// gone can still be taken away.
func (x pinCommand) known(c *invocation, a *app.App) error {
	var names []string
	for _, s := range a.Config.Segments {
		names = append(names, s.Name)
	}
	if slices.Contains(names, x.Segment) {
		return nil
	}
	old, err := a.Store.PinnedSegments()
	if err != nil || x.Clear && old[x.Segment] > 0 {
		return err
	}
	return fmt.Errorf("there is no segment %q in %s; %s", x.Segment, c.config, config.Suggest(x.Segment, names))
}

func (x pinCommand) tell(c *invocation, a *app.App, keys []string, changed int64) error {
	list, err := explain.PinStates(a, x.Segment, x.way(), keys, c.present())
	if err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(struct {
			Changed  int64              `json:"changed"`
			Contacts []explain.PinState `json:"contacts"`
		}{changed, list})
	}
	if changed == 0 {
		fmt.Fprintln(c.Stdout, "nothing changed: it was so before")
	}
	for i := range list {
		fmt.Fprintln(c.Stdout, ui.Printable(list[i].Summary()))
	}
	return nil
}

func (x pinCommand) way() string {
	switch {
	case x.In:
		return explain.PinnedIn
	case x.Out:
		return explain.PinnedOut
	}
	return explain.NotPinned
}

// shownPins is how many pins fit on a screen.
const shownPins = 40

// show lists pins: on a screen the first, as JSON all.
func (x pinCommand) show(c *invocation) func(a *app.App) error {
	return func(a *app.App) error {
		if x.Segment != "" {
			if err := (pinCommand{Segment: x.Segment, Clear: true}).known(c, a); err != nil {
				return err
			}
		}
		out, rows := c.Stream(), [][]string{{"CONTACT", "SEGMENT", "PIN", "SINCE", "BY", "NOTE"}}
		known := func(segment string) bool {
			return slices.ContainsFunc(a.Config.Segments, func(s segments.Segment) bool { return s.Name == segment })
		}
		n := int64(0)
		err := a.Store.Pins(c.ctx, x.Segment, func(p segments.Pin) error {
			if n++; c.JSON {
				return out.Value(p)
			}
			if n <= shownPins {
				if !known(p.Segment) {
					p.Segment += ", which the config has not"
				}
				rows = append(rows, []string{p.Contact, p.Segment, p.Way(), p.At.String(), p.By, ui.Printable(p.Note)})
			}
			return nil
		})
		if err != nil || c.JSON {
			return errors.Join(err, out.End())
		}
		fmt.Fprintf(c.Stdout, "%s by hand\n", ui.Count(n, "pin"))
		if n > 0 {
			ui.Table(c.Stdout, rows)
		}
		if n > shownPins {
			fmt.Fprintf(c.Stdout, "… and %s more: --json prints all\n", ui.Number(n-shownPins))
		}
		return nil
	}
}
