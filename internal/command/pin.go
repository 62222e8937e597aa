package command

import (
	"cmp"
	"errors"
	"fmt"

	"winnow/internal/app"
	"winnow/internal/explain"
	"winnow/internal/ui"
	"winnow/segments"
)

// pinCommand pins contacts into or out of a segment, or lists pins.
type pinCommand struct {
	Segment  string   `arg:"" optional:"" help:"Name of the segment; without contacts, its pins are listed."`
	Contacts []string `arg:"" optional:"" name:"contact" help:"Keys of the contacts."`
	In       bool     `xor:"way" help:"Pin the contacts into the segment, whatever its condition says. A suppressed contact stays out, unless the segment includes suppressed contacts."`
	Out      bool     `xor:"way" help:"Pin the contacts out of the segment."`
	Clear    bool     `xor:"way" help:"Remove the pins: the segment's condition decides again."`
	New      bool     `help:"Pin contacts that are not known as written, although their keys are nearly those of known ones."`
	Note     string   `placeholder:"TEXT" help:"Record this note with the pin."`
}

// Run changes pins, or lists them.
func (x pinCommand) Run(c *invocation) error {
	change := x.In || x.Out || x.Clear
	switch {
	case len(x.Contacts) == 0 && change:
		return ui.Usagef("name the contacts to pin: winnow pin SEGMENT CONTACT --in")
	case len(x.Contacts) == 0:
		return c.open(toRead, func(a *app.App) error { return x.list(c, a) })
	case !change:
		return ui.Usagef("write --in, --out or --clear after the contacts")
	}
	return c.open(toRun, func(a *app.App) error { return x.change(c, a) })
}

// change changes the pins in one transaction, and prints whether each contact is in the
// segment now.
func (x pinCommand) change(c *invocation, a *app.App) error {
	if err := x.checkSegment(a, x.Clear); err != nil {
		return err
	}
	pins := make([]segments.Pin, len(x.Contacts))
	var keys []string
	for i, given := range x.Contacts {
		key, err := a.Store.Keys(a.Config.Keys).Named(given)
		if err != nil {
			return fmt.Errorf("%q: %w", given, err)
		}
		keys = append(keys, key)
		pins[i] = segments.Pin{Segment: x.Segment, Contact: key, Out: x.Out, At: c.instant(), By: app.Operator(), Note: x.Note}
	}
	if !x.Clear && !x.New {
		ops, _ := c.operations(a, "event")
		if err := cmp.Or(ops.CheckNoNumbers(keys), ops.CheckNearlyKnown(keys)); err != nil {
			return errors.Join(err, errors.New("nothing was changed; --new pins unknown contacts as written"))
		}
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
	way := explain.NotPinned
	switch {
	case x.In:
		way = explain.PinnedIn
	case x.Out:
		way = explain.PinnedOut
	}
	states, err := explain.PinStates(a, x.Segment, way, keys, c.instant())
	if err != nil {
		return err
	}
	if c.JSON {
		return c.PrintJSON(struct {
			Changed  int64              `json:"changed"`
			Contacts []explain.PinState `json:"contacts"`
		}{changed, states})
	}
	if changed == 0 {
		fmt.Fprintln(c.Stdout, "nothing changed: the pins were already like this")
	}
	for i := range states {
		fmt.Fprintln(c.Stdout, ui.Printable(states[i].Summary()))
	}
	return nil
}

// checkSegment is an error if the config does not have the segment; a segment that only
// pins name is enough if pinned is true.
func (x pinCommand) checkSegment(a *app.App, pinned bool) error {
	if hasSegment(a.Config, x.Segment) {
		return nil
	}
	counts, err := a.Store.PinnedSegments()
	if err != nil || pinned && counts[x.Segment] > 0 {
		return err
	}
	return unknownSegment(a.Config, x.Segment)
}

// maxListedPins is how many pins are printed for people.
const maxListedPins = 40

// list prints the first pins; as JSON, all of them.
func (x pinCommand) list(c *invocation, a *app.App) error {
	if x.Segment != "" {
		if err := x.checkSegment(a, true); err != nil {
			return err
		}
	}
	out, rows := c.Stream(), [][]string{{"CONTACT", "SEGMENT", "PIN", "SINCE", "BY", "NOTE"}}
	n := int64(0)
	err := a.Store.Pins(c.ctx, x.Segment, func(p segments.Pin) error {
		if n++; c.JSON {
			return out.Value(p)
		}
		if n <= maxListedPins {
			segment := p.Segment
			if !hasSegment(a.Config, segment) {
				segment += " (not in the config)"
			}
			rows = append(rows, []string{p.Contact, segment, p.Way(), p.At.String(), p.By, ui.Printable(p.Note)})
		}
		return nil
	})
	if err != nil || c.JSON {
		return errors.Join(err, out.End())
	}
	fmt.Fprintln(c.Stdout, ui.Count(n, "pin"))
	if n > 0 {
		ui.Table(c.Stdout, rows)
	}
	if n > maxListedPins {
		fmt.Fprintf(c.Stdout, "… and %s more: --json prints all\n", ui.Number(n-maxListedPins))
	}
	return nil
}
