// Package bodies makes callbacks as a provider sends them: of the confirmed examples of its
// preset, with other ids, contacts, numbers, codes and times.
//
// An example and a line of the outcome table become a [template]: the example's body, with
// the line's event and code, and with marks where the id, the number, the time and the contact
// go. A template counts only if the reader of the source reads it as the one event that it
// claims to be. So nothing here knows a provider: what a preset can say is found out.
//
// Where to change what: how a body is changed at a path is in tree.go; which example says which
// line in template.go; how values are put into it in write.go; lies in lie.go.
package bodies

import (
	"fmt"
	"slices"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/presets"
	"winnow/internal/simulate/traffic"
)

// Source is the account whose callbacks are made.
type Source struct {
	Format   *provider.Format
	Contact  string // where the contact's key is, as in the config
	Reader   *provider.Reader
	Lines    []provider.Line // what its events and codes mean, in the provider's own spelling
	Examples []presets.Case  // confirmed callbacks
	Signed   Signed
}

// Signed is what becomes of callbacks whose signature is missing or wrong.
type Signed uint8

// What becomes of such callbacks.
const (
	Unsigned        Signed = iota // nothing is verified
	KeepsUnsigned                 // they are kept in quarantine
	RejectsUnsigned               // they are answered 403
)

// Values are what a callback says.
type Values struct {
	ID      string // of the message
	Phone   string // in E.164
	Contact string // its key
	At      time.Time
}

// Request is a callback.
type Request struct {
	Method string
	Query  string // of the URL
	Type   string // of the body
	Body   []byte
	Expect Expect
}

// Expect is what becomes of a callback at winnow.
type Expect uint8

// What becomes of callbacks.
const (
	AsEvent      Expect = iota // stored as an event
	AsQuarantine               // answered like one, and kept in quarantine
	AsNothing                  // answered like one, and not kept
	AsRefused                  // answered 4xx, and not kept
)

// Maker makes the callbacks of a source. It is safe for use by many goroutines.
type Maker struct {
	source Source
	honest map[hygiene.Outcome][]*template
	lying  map[traffic.Lie]*template
}

// most is how many lines of the outcome table an outcome has bodies of.
const most = 6

// New makes a maker. Its error is that of a source of which no example can be made.
func New(s Source) (*Maker, error) {
	m := &Maker{source: s, honest: map[hygiene.Outcome][]*template{}, lying: map[traffic.Lie]*template{}}
	for _, line := range s.Lines {
		if len(m.honest[line.Outcome]) >= most {
			continue
		}
		if t := s.template(line); t != nil && !slices.ContainsFunc(m.honest[line.Outcome], t.same) {
			m.honest[line.Outcome] = append(m.honest[line.Outcome], t)
		}
	}
	if len(m.honest[hygiene.Delivered]) == 0 {
		return nil, fmt.Errorf("no example of %s reads as a delivery whose contact is at %q", s.name(), s.Contact)
	}
	for _, lie := range traffic.Lies() {
		if t := m.lie(lie); t != nil {
			m.lying[lie] = t
		}
	}
	return m, nil
}

func (s *Source) name() string {
	if s.Format.Name != "" {
		return "the preset " + s.Format.Name
	}
	return "the source"
}

// Lacks reports whether there is no body for the outcome.
func (m *Maker) Lacks(o hygiene.Outcome) bool { return len(m.honest[o]) == 0 }

// Announces reports whether there is a body that says that a message was sent.
func (m *Maker) Announces() bool { return len(m.first()) > 0 }

// first are the templates of the event before the last one.
func (m *Maker) first() []*template {
	if sent := m.honest[hygiene.Sent]; len(sent) > 0 {
		return sent
	}
	return m.honest[hygiene.Scheduled]
}

// Lies are those that the source's callbacks can tell.
func (m *Maker) Lies() (list []traffic.Lie) {
	for _, lie := range traffic.Lies() {
		if m.lying[lie] != nil {
			list = append(list, lie)
		}
	}
	return list
}

// Make makes the callback of an event.
func (m *Maker) Make(e *traffic.Event, v *Values) Request {
	t := m.lying[e.Lie]
	if t == nil {
		list := m.honest[e.Outcome]
		if !e.Last {
			list = m.first()
		}
		t = list[e.Draw%uint64(len(list))]
	}
	return t.request(v, e.Draw)
}

// Expects is what becomes of the callback of an event.
func (m *Maker) Expects(e *traffic.Event) Expect {
	if t := m.lying[e.Lie]; t != nil {
		return t.expect
	}
	return AsEvent
}
