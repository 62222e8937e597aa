// Package unmatched says why events name no contact, and which way out fits: another
// contact path in the config, or the send log. It reads the bodies of the latest events,
// which the store keeps.
//
// [Diagnose] counts, a Finding puts it into sentences, [Print] lists the events with them.
// [SendLog] writes the contacts that stored bodies do name, as the config reads them now, in
// the form that winnow import messages takes. [PrintConflicts] lists where bodies and the
// send log name different contacts.
package unmatched

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/config"
	"winnow/store"
)

// Finding is what the latest events of one source say about the contacts that they do
// not name.
type Finding struct {
	Source    string
	Path      string // of the contact, by the config
	Events    int64  // looked at
	Unmatched int64  // of these, whose contact is not known
	Whole     bool   // whether these are all events that are stored

	sender   string // the member of callbacks that the sender fills; empty when it is not known
	keys     contactkey.Format
	usable   int64  // unmatched events whose body has a key at the path
	unusable int64  // unmatched events whose body has something else there
	example  string // of that
	flaw     error  // why it is not a key
	fields   map[string]*fieldCount
}

// fieldCount counts one field of the bodies of unmatched events.
type fieldCount struct {
	events int64           // whose body has it with a value that can be a key
	values map[string]bool // some of these
}

// maxValues is how many values of a field are compared.
const maxValues = 100

// None reports whether none of the events has a known contact.
func (f *Finding) None() bool { return f.Events > 0 && f.Unmatched == f.Events }

// Diagnose looks at the latest events, and returns a finding for each source of the config
// that has unmatched ones, in the order of the config.
func Diagnose(cfg *config.Config, s *store.Store) ([]Finding, error) {
	findings := make([]Finding, len(cfg.Sources))
	places := map[string]int{}
	for i := range cfg.Sources {
		source := &cfg.Sources[i]
		places[source.Name] = i
		findings[i] = Finding{Source: source.Name, Path: source.Contact, sender: source.Format.Sender(), keys: cfg.KeysOf(source), fields: map[string]*fieldCount{}}
	}
	whole, err := s.RecentEvents(func(e *hygiene.Event) {
		if i, ok := places[e.Source]; ok {
			findings[i].add(e)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range findings {
		findings[i].Whole = whole
	}
	return slices.DeleteFunc(findings, func(f Finding) bool { return f.Unmatched == 0 }), nil
}

func (f *Finding) add(e *hygiene.Event) {
	f.Events++
	if e.Contact != "" || e.Number() != "" { // a number alone is enough
		return
	}
	f.Unmatched++
	for _, field := range provider.BodyFields(e.Body) {
		key, err := f.keys.Normalize(field.Text)
		switch {
		case field.Path == f.Path && err == nil:
			f.usable++
		case field.Path == f.Path:
			f.unusable++
			f.example, f.flaw = field.Text, err
		}
		if err == nil {
			f.count(field.Path, key)
		}
	}
}

func (f *Finding) count(path, key string) {
	c := f.fields[path]
	if c == nil {
		c = &fieldCount{values: map[string]bool{}}
		f.fields[path] = c
	}
	c.events++
	if len(c.values) < maxValues {
		c.values[key] = true
	}
}
