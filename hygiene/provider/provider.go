// Package provider turns what an SMS provider sends into events.
//
// A provider's body is foreign. It is read once, strictly, and each part of it
// becomes an event or goes to quarantine; nothing is refused and nothing is
// guessed. A body that two readers could understand in two ways is not read at
// all: one with a key twice, a second value, or bytes that are not UTF-8. The code
// decides what an event means, never the message beside it.
//
// What a provider's bodies look like is data, a [Format]. It says where the parts of an
// event are and what its words mean. Formats of known providers are files, which package
// presets of winnow/internal has; a source may say its own.
//
// Reading happens before the provider gets its 200. So JSON is scanned in one pass
// that looks for the paths of the format and allocates next to nothing (the json_ files).
//
// # What is stored
//
// Events are read again from what is stored of them: by other hosts, and when a config
// has changed. So each event is stored with a body that reads as this event alone:
//
//   - a body with one event as it was received;
//   - of a body with several, each with what stands around it, without the others;
//   - the query of a URL, where the format reads queries, before the body: a question
//     mark, the query, the end of the line, the body. A callback that has only a query is
//     a question mark and the query.
//
// Whatever the request was, it is first made into that form and then read. So it can't be
// read differently later.
//
// # Where to change what
//
// A word or a path of a format is in format.go, and becomes part of a [plan] in plan.go.
// How bodies are taken apart is in read.go, read_json.go and form.go; what an event is made
// of in document.go; what becomes of it in report.go.
package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
)

// ErrTooMany is the error of a request with too many events, where the format says that it
// is refused.
var ErrTooMany = errors.New("too many objects in one body; send them in several")

// Config says how the requests of one source are read.
type Config struct {
	Source string // the source's name, which its events carry
	Format *Format
	// Contact is where the contact's key is: a path, like those of the format; to for the
	// number that the format finds, and args for what the sender attached or, with a path
	// behind it, a part of that. Empty when bodies name no contact.
	Contact  string
	Outcomes []Line // adds to the format's table and overrides it
	Keys     contactkey.Format
	// Known reports whether a contact has the key. It is asked only about what can't be the
	// key of a new contact, and may be nil.
	Known func(key string) bool
}

// Reader reads the requests of one source. It is safe for concurrent use.
type Reader struct {
	source string
	keys   contactkey.Format
	known  func(key string) bool
	plan   *plan
	max    int
	table  OutcomeTable
}

// New makes the reader of a source. Its errors say which part of the config is
// wrong.
func New(c Config) (*Reader, error) {
	if c.Format == nil {
		return nil, errors.New("it has neither a preset nor a format of its own")
	}
	if c.Contact != "" && slices.Contains(strings.Split(c.Contact, "."), "") {
		return nil, fmt.Errorf("contact %q is not a path; write for example uniqueArgs.contact_id", c.Contact)
	}
	plan, err := newPlan(c.Format, c.Contact)
	if err != nil {
		return nil, err
	}
	table, err := c.Format.Table(c.Outcomes)
	if err != nil {
		return nil, err
	}
	return &Reader{source: c.Source, keys: c.Keys, known: c.Known, plan: plan, max: c.Format.max(), table: table}, nil
}

// Outcome is what an event of that name and code means in the source's table.
// Stored events are classified again with it.
func (r *Reader) Outcome(event, code string) hygiene.Outcome { return r.table.outcome(event, code) }

// Lines is the source's whole table, ordered by event and code.
func (r *Reader) Lines() []Line { return r.table.Lines() }

// Takes reports whether requests of that method carry events.
func (r *Reader) Takes(method string) bool { return r.plan.format.takes(method) }

// Format is how the callbacks of the source are read and answered.
func (r *Reader) Format() *Format { return r.plan.format }

// Request is one callback of a provider, as it was received or as it was stored.
type Request struct {
	Method     string              // empty for a body as it was stored
	Header     map[string][]string // with canonical names, as net/http has them
	Query      string              // of the URL, as it was sent
	Body       []byte              // without its Content-Encoding
	ReceivedAt hygiene.Instant     // by winnow
}

// stored is the request as its body is stored. It is a copy.
func (r *Reader) stored(request *Request) []byte {
	if request.Method == "" || !r.plan.query || request.Query == "" && request.Method != get {
		return append([]byte{}, request.Body...)
	}
	body := append(append(make([]byte, 0, len(request.Query)+len(request.Body)+2), '?'), request.Query...)
	if request.Method == get || len(request.Body) == 0 && r.plan.format.takes(get) {
		return body
	}
	return append(append(body, '\n'), request.Body...)
}

// Reading is what a request says. Each part of it is in one of the three.
type Reading struct {
	Events     []hygiene.Event
	Unreadable []hygiene.Unreadable // single parts, or the whole body
	LeftOut    int                  // parts of which the conditions of the format do not hold
}

// Read reads a request. The caller may use its body again. The only error is [ErrTooMany].
func (r *Reader) Read(request *Request) (Reading, error) {
	b := batch{reader: r, receivedAt: request.ReceivedAt}
	return b.read(request)
}

func (b *batch) read(request *Request) (Reading, error) {
	r := b.reader
	body := r.stored(request)
	err := r.plan.read(body, b)
	if err == nil && b.reports > r.max {
		if r.plan.format.RefuseMore {
			return Reading{}, ErrTooMany
		}
		err = fmt.Errorf("it has more than %d events", r.max)
	}
	if err != nil {
		b.Reading = Reading{}
		b.quarantine(err.Error(), body)
	}
	return b.Reading, nil
}
