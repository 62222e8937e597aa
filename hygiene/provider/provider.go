// Package provider turns what an SMS provider sends into events.
//
// A provider's body is foreign. It is read once, strictly, and each part of it
// becomes an event or goes to quarantine; nothing is refused and nothing is
// guessed. A body that two readers could understand in two ways is not read at
// all: one with a key twice, a second value, or bytes that are not UTF-8. The code
// decides what an event means, never the message beside it.
//
// Reading happens before the provider gets its 200. So JSON is scanned in one pass
// that looks for a few paths and allocates next to nothing (the json_ files).
//
// # To add a provider
//
// Write a file like insider.go and add its line to presets in preset.go. A preset
// says how a [Request] is split into reports, what events and codes mean, and how
// a signature is verified. A provider that sends JSON objects names its paths in a
// jsonReports; any other has a parser of its own, which sees the method,
// headers, query and body. The names of presets in the config's schema follow by
// themselves.
package provider

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
)

// MaxObjects is the most reports that one request may hold.
const MaxObjects = 1000

// MaxText is the most bytes that a message id or the name of an event may have.
const MaxText = 256

// ErrTooMany is the error of a request with more than [MaxObjects] reports.
var ErrTooMany = fmt.Errorf("more than %d objects in one body; send them in several", MaxObjects)

// Config says how the requests of one source are read.
type Config struct {
	Source   string // the source's name, which its events carry
	Preset   string // one of [Presets]
	Contact  string // dotted path of the contact, such as uniqueArgs.contact_id; empty when bodies name none
	Outcomes []Line // adds to the preset's table and overrides it
	Keys     contactkey.Format
	// Known reports whether a contact has the key. It is asked only about what can't be the
	// key of a new contact, and may be nil.
	Known func(key string) bool
	// Secrets are what the provider signs with, several while one is being
	// replaced. Without any, and for a provider that signs nothing, signatures are
	// not verified.
	Secrets []string
}

// Reader reads the requests of one source. It is safe for concurrent use.
type Reader struct {
	source  string
	keys    contactkey.Format
	known   func(key string) bool
	parser  parser
	verify  func(r *Request, secrets []string) error
	secrets []string
	table   OutcomeTable
}

// New makes the reader of a source. Its errors say which part of the config is
// wrong.
func New(c Config) (*Reader, error) {
	p, err := findPreset(c.Preset)
	if err != nil {
		return nil, err
	}
	return newReader(p, c)
}

func newReader(p preset, c Config) (*Reader, error) {
	if c.Contact != "" && slices.Contains(strings.Split(c.Contact, "."), "") {
		return nil, fmt.Errorf("contact %q is not a path; write for example uniqueArgs.contact_id", c.Contact)
	}
	table, err := newOutcomeTable(p.outcomes, c.Outcomes)
	if err != nil {
		return nil, err
	}
	r := &Reader{source: c.Source, keys: c.Keys, known: c.Known, parser: p.parser(c.Contact), table: table}
	if len(c.Secrets) > 0 {
		r.verify, r.secrets = p.verify, c.Secrets
	}
	return r, nil
}

// Outcome is what an event of that name and code means in the source's table.
// Stored events are classified again with it.
func (r *Reader) Outcome(event, code string) hygiene.Outcome { return r.table.outcome(event, code) }

// Read splits a request into its events and the parts that are not events: single
// objects, or the whole body when it can't be read or its signature is wrong. Each
// part of the body is in one of the two. The caller may use the body again. The
// only error is [ErrTooMany].
func (r *Reader) Read(request *Request) ([]hygiene.Event, []hygiene.Unreadable, error) {
	b := batch{reader: r, request: *request}
	b.request.Body = append([]byte{}, request.Body...)
	if err := r.read(&b); err != nil {
		b.events, b.bad = nil, nil
		b.quarantine(err.Error(), b.request.Body)
	} else if b.reports > MaxObjects {
		return nil, nil, ErrTooMany
	}
	return b.events, b.bad, nil
}

func (r *Reader) read(b *batch) error {
	if r.verify != nil {
		if err := r.verify(&b.request, r.secrets); err != nil {
			return err
		}
	}
	return r.parser.parse(&b.request, b)
}
