package command

import (
	"errors"
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/segments"
	"winnow/store"
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
func (x pinCommand) Run(c *call) error {
	said := x.In || x.Out || x.Clear
	switch {
	case len(x.Contacts) == 0 && said:
		return &usageError{errors.New("whom to pin? write winnow pin SEGMENT CONTACT --in")}
	case len(x.Contacts) == 0:
		return c.look(x.show(c))
	case !said:
		return &usageError{errors.New("write --in, --out or --clear after the contact")}
	}
	return c.with(store.Open, func(h *house) error { return x.pin(c, h) })
}

// pin pins the contacts in one transaction, and tells where that leaves each.
func (x pinCommand) pin(c *call, h *house) error {
	if err := x.known(c, h); err != nil {
		return err
	}
	pins := make([]segments.Pin, len(x.Contacts))
	var keys []string
	for i, given := range x.Contacts {
		key, err := h.config.Keys.Normalize(given)
		if err != nil {
			return fmt.Errorf("%q: %w", given, err)
		}
		keys = append(keys, key)
		pins[i] = segments.Pin{Segment: x.Segment, Contact: key, Out: x.Out, At: c.present(), By: operator(), Note: x.Note}
	}
	var changed int64
	var err error
	if x.Clear {
		changed, err = h.store.Unpin(x.Segment, keys)
	} else {
		changed, err = h.store.Pin(pins...)
	}
	if err != nil {
		return err
	}
	return x.tell(c, h, keys, changed)
}

// known is an error when there is no such segment. What was pinned in one that is
// gone can still be taken away.
func (x pinCommand) known(c *call, h *house) error {
	var names []string
	for _, s := range h.config.Segments {
		names = append(names, s.Name)
	}
	if slices.Contains(names, x.Segment) {
		return nil
	}
	old, err := h.store.PinnedSegments()
	if err != nil || x.Clear && old[x.Segment] > 0 {
		return err
	}
	return fmt.Errorf("there is no segment %q in %s; %s", x.Segment, c.config, config.Suggest(x.Segment, names))
}

// pinned is what a pin prints as JSON for each contact.
type pinned struct {
	Contact string `json:"contact"`
	Segment string `json:"segment"`
	Pin     string `json:"pin"` // in, out or none
	Is      bool   `json:"in_segment"`
	Why     string `json:"why"`

	missed bool // suppressed, and pinned out of a segment of suppressed contacts
}

func (x pinCommand) tell(c *call, h *house, keys []string, changed int64) error {
	stand, err := x.standing(c, h, keys)
	if err != nil {
		return err
	}
	if c.json {
		return c.printJSON(struct {
			Changed  int64    `json:"changed"`
			Contacts []pinned `json:"contacts"`
		}{changed, stand})
	}
	if changed == 0 {
		fmt.Fprintln(c.Stdout, "nothing changed: it was so before")
	}
	for _, p := range stand {
		fmt.Fprintln(c.Stdout, printable(x.sentence(&p)))
	}
	return nil
}

// standing asks for each contact what the next run will ask.
func (x pinCommand) standing(c *call, h *house, keys []string) ([]pinned, error) {
	snapshot, err := h.store.Snapshot()
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()
	list := []pinned{}
	i := slices.IndexFunc(h.config.Segments, func(s segments.Segment) bool { return s.Name == x.Segment })
	m := segments.NewMembership(h.config.Segments, snapshot, c.present())
	for _, key := range keys {
		p := pinned{Contact: key, Segment: x.Segment, Pin: x.way()}
		contact, ok, err := h.store.Contact(key)
		if err != nil {
			return nil, err
		}
		switch {
		case !ok:
			p.Why = "no contact of this key is known"
		case i < 0:
			p.Why = "the config has no such segment any more"
		default:
			m.Turn(contact)
			f, err := m.Explain(x.Segment)
			if err != nil {
				return nil, err
			}
			p.Is, p.Why = f.Holds, f.Why.String()
			p.missed = x.Out && h.config.Segments[i].Suppressed == segments.Only && contact.Status(c.present()) == hygiene.IsSuppressed
		}
		list = append(list, p)
	}
	return list, nil
}

func (x pinCommand) way() string {
	switch {
	case x.In:
		return "in"
	case x.Out:
		return "out"
	}
	return "none"
}

// sentence tells what the pin comes to. A contact that is suppressed stays out
// of most segments all the same, and whoever pinned it in must know.
func (x pinCommand) sentence(p *pinned) string {
	is := "out of"
	if p.Is {
		is = "in"
	}
	switch {
	case x.In && !p.Is:
		return fmt.Sprintf("%s is pinned in and stays out of %s all the same: it %s", p.Contact, p.Segment, p.Why)
	case x.Clear:
		return fmt.Sprintf("%s is not pinned in %s, and is %s it: %s", p.Contact, p.Segment, is, p.Why)
	}
	text := fmt.Sprintf("%s is %s %s: it %s", p.Contact, is, p.Segment, p.Why)
	if p.missed {
		text += fmt.Sprintf("; it is suppressed all the same, and who asks %s alone whom not to text is not told", p.Segment)
	}
	return text
}

// shownPins is how many pins fit on a screen.
const shownPins = 40

// show lists pins: on a screen the first, as JSON all.
func (x pinCommand) show(c *call) func(h *house) error {
	return func(h *house) error {
		if x.Segment != "" {
			if err := (pinCommand{Segment: x.Segment, Clear: true}).known(c, h); err != nil {
				return err
			}
		}
		out, rows := newRunning(c), [][]string{{"CONTACT", "SEGMENT", "PIN", "SINCE", "BY", "NOTE"}}
		known := func(segment string) bool {
			return slices.ContainsFunc(h.config.Segments, func(s segments.Segment) bool { return s.Name == segment })
		}
		n := int64(0)
		err := h.store.Pins(c.ctx, x.Segment, func(p segments.Pin) error {
			if n++; c.json {
				return out.value(p)
			}
			if n <= shownPins {
				if !known(p.Segment) {
					p.Segment += ", which the config has not"
				}
				rows = append(rows, []string{p.Contact, p.Segment, p.Way(), p.At.String(), p.By, printable(p.Note)})
			}
			return nil
		})
		if err != nil || c.json {
			return errors.Join(err, out.end())
		}
		fmt.Fprintf(c.Stdout, "%s by hand\n", plural(n, "pin"))
		if n > 0 {
			table(c.Stdout, rows)
		}
		if n > shownPins {
			fmt.Fprintf(c.Stdout, "… and %s more: --json prints all\n", grouped(n-shownPins))
		}
		return nil
	}
}
