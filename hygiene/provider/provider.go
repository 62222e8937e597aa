// Package provider turns what an SMS provider sends into events.
//
// A provider's body is foreign: it is read once, strictly, and everything in it
// becomes either an event or something for quarantine; nothing is refused and
// nothing is guessed. A body that two readers could understand in two ways (a
// key twice, a second value, bytes that are no text) is not read at all. The
// code decides what an event means, never the message beside it.
//
// It stands on the way to the provider's 200, so a body is scanned by hand in
// one pass that looks for a few wanted members and allocates next to nothing.
// What is known of one provider, where its members are and what its codes mean,
// is a file of data: [Presets] lists them.
package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"winnow/hygiene"
)

// MaxObjects is the most objects that one body may hold in an array.
const MaxObjects = 1000

// MaxText is the most bytes that a message id or the name of an event may have.
const MaxText = 256

// ErrTooMany is the error of a body with more than [MaxObjects] objects.
var ErrTooMany = fmt.Errorf("more than %d objects in one body: send them in several", MaxObjects)

// preset is what is known of one provider: where an event's members are, as
// dotted paths, and what its events mean.
type preset struct {
	id, event, code string
	outcomes        []Line
}

var presets = map[string]preset{"insider": insider}

// Presets lists the names of the providers that are known, in their order.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// Config says how the bodies of one source are read.
type Config struct {
	Source   string // the source's name, as events bear it
	Preset   string // one of [Presets]
	Contact  string // dotted path of the contact, such as uniqueArgs.contact_id; empty when bodies name none
	Outcomes []Line // adds to the preset's table and overrides it
	Keys     hygiene.KeyFormat
}

// The slots of what a reader looks for.
const (
	slotID = iota
	slotEvent
	slotCode
	slotContact
)

// Reader reads the bodies of one source. Many may use it at once.
type Reader struct {
	source string
	keys   hygiene.KeyFormat
	wanted []member
	table  table
}

// New makes the reader of a source. Its errors say which part of the config is
// wrong.
func New(c Config) (*Reader, error) {
	p, ok := presets[c.Preset]
	if !ok {
		return nil, fmt.Errorf("unknown preset %q: known is %s", c.Preset, strings.Join(Presets(), ", "))
	}
	if c.Contact != "" && slices.Contains(strings.Split(c.Contact, "."), "") {
		return nil, fmt.Errorf("contact %q is no path: write for example uniqueArgs.contact_id", c.Contact)
	}
	t, err := tableOf(p.outcomes, c.Outcomes)
	if err != nil {
		return nil, err
	}
	return &Reader{source: c.Source, keys: c.Keys, wanted: want(p.id, p.event, p.code, c.Contact), table: t}, nil
}

// Outcome says what an event of that name and code means in the source's table.
// Stored events are classified again with it.
func (r *Reader) Outcome(event, code string) hygiene.Outcome { return r.table.outcome(event, code) }

// Read splits one body, received at that instant, into its events and what is
// not one: an object that is no event by itself, a body that is no JSON as a
// whole. Everything of the body is in one of the two, and nothing of it is held
// on to: the caller may use body again. The only error is [ErrTooMany].
func (r *Reader) Read(body []byte, at hygiene.Instant) ([]hygiene.Event, []hygiene.Unreadable, error) {
	var (
		events  []hygiene.Event
		bad     []hygiene.Unreadable
		objects int
	)
	own := append([]byte{}, body...)
	s := scan(string(body), r.wanted)
	err := s.elements(func(from, to int) {
		if objects++; objects > MaxObjects {
			return
		}
		raw := own[from:to:to]
		e, why := r.event(raw, &s.found)
		if why != "" {
			bad = append(bad, hygiene.Unreadable{ReceivedAt: at, Source: r.source, Why: why, Body: raw})
			return
		}
		e.ReceivedAt, e.At = at, at
		events = append(events, e)
	})
	switch {
	case err != nil:
		return nil, []hygiene.Unreadable{{ReceivedAt: at, Source: r.source, Why: err.Error(), Body: own}}, nil
	case objects > MaxObjects:
		return nil, nil, ErrTooMany
	}
	return events, bad, nil
}

// Why an element is no event.
var (
	noObject = "this is no object: an event is an object with an id and an event"
	noID     = fmt.Sprintf("this object has no id that is a text of 1 to %d bytes", MaxText)
	noEvent  = fmt.Sprintf("this object has no event that is a text of 1 to %d bytes", MaxText)
)

// event makes an event of an element and what was found in it, or says why it
// is none.
func (r *Reader) event(raw []byte, found *values) (hygiene.Event, string) {
	id, name := text(found[slotID]), text(found[slotEvent])
	switch {
	case raw[0] != '{':
		return hygiene.Event{}, noObject
	case id == "" || len(id) > MaxText:
		return hygiene.Event{}, noID
	case name == "" || len(name) > MaxText:
		return hygiene.Event{}, noEvent
	}
	e := hygiene.Event{Source: r.source, MessageID: id, Name: name, Code: code(found[slotCode]), Body: raw}
	e.Outcome = r.table.outcome(name, e.Code)
	if key, err := r.keys.Normalize(scalar(found[slotContact])); err == nil {
		e.Contact = key
	}
	return e, ""
}

// uniqueArgs is the object that the sender attached to a message and that every
// event of it brings back.
var uniqueArgs = want("uniqueArgs")

// UniqueArgs is the raw JSON object of uniqueArgs in a stored body; nil when
// there is none or it is no object.
func UniqueArgs(body []byte) []byte {
	s := scan(string(body), uniqueArgs)
	var args []byte
	err := s.elements(func(int, int) {
		if raw := s.found[0]; args == nil && strings.HasPrefix(raw, "{") {
			args = []byte(raw)
		}
	})
	if err != nil {
		return nil
	}
	return args
}
