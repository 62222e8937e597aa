package provider

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
)

// presets are the providers that are known. A provider is a file of its own, like
// insider.go, and one line here.
var presets = map[string]preset{"insider": insider}

// preset is what is known of one provider.
type preset struct {
	// parser makes the parser for a source whose bodies name the contact at the
	// dotted path contact; the path is empty when they name none.
	parser func(contact string) parser
	// verify says why the request is not one of the provider's. It gets the
	// signing secrets of the source, of which one is enough. It is nil for a
	// provider that signs nothing.
	verify func(r *Request, secrets []string) error
	// sender is the member of its bodies that holds what the sender attached to the
	// message. The contact can be nowhere else.
	sender string
	// outcomes is what the provider's events and codes mean.
	outcomes []Line
}

// Presets lists the names of the known providers, in alphabetical order.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

func findPreset(name string) (preset, error) {
	p, ok := presets[name]
	if !ok {
		return preset{}, fmt.Errorf("unknown preset %q; known presets: %s", name, strings.Join(Presets(), ", "))
	}
	return p, nil
}

// Request is one callback of a provider, as it was received.
type Request struct {
	Method     string              // empty for POST
	Header     map[string][]string // with canonical names, as net/http has them
	Query      map[string][]string
	Body       []byte          // without its Content-Encoding
	ReceivedAt hygiene.Instant // by winnow
}

// parser splits a request into reports and adds each to the batch, in the order of
// the request. Reports may keep parts of the request's body. An error says why
// nothing of the request can be read; it repeats nothing of the body.
type parser interface {
	parse(r *Request, to *batch) error
}

// report is what one part of a request says happened to one message, in the
// provider's words. It becomes an event when id and event are good.
type report struct {
	body    []byte // the part as received
	id      string // of the message
	event   string
	code    string          // as codeOfText gives it
	contact string          // as sent; made a key later
	at      hygiene.Instant // the provider's time; 0 when it gives none
	// problem says why this part is not a report at all; empty when it is.
	problem string
}

// batch collects what becomes of the reports of one request.
type batch struct {
	reader  *Reader
	request Request
	reports int
	events  []hygiene.Event
	bad     []hygiene.Unreadable
}

// add makes an event of the report, or sends it to quarantine. What comes after
// [MaxObjects] reports is only counted.
func (b *batch) add(r *report) {
	if b.reports++; b.reports > MaxObjects {
		return
	}
	r.id = contactkey.MessageID(r.id)
	if r.problem == "" {
		r.problem = r.flaw()
	}
	if r.problem != "" {
		b.quarantine(r.problem, r.body)
		return
	}
	at := b.request.ReceivedAt
	if r.at != 0 && r.at < at {
		at = r.at
	}
	b.events = append(b.events, hygiene.Event{
		ReceivedAt: b.request.ReceivedAt,
		At:         at,
		Source:     b.reader.source,
		MessageID:  r.id,
		Name:       r.event,
		Code:       r.code,
		Outcome:    b.reader.table.find(NormalizeEvent(r.event), r.code),
		Contact:    b.reader.contactKey(r.contact),
		Body:       r.body,
	})
}

// contactKey is the text as a contact's key; empty when it is not one. Of those that could
// be no new key only the known ones are.
func (r *Reader) contactKey(text string) string {
	key, err := r.keys.Normalize(text)
	if err == nil {
		return key
	}
	text = strings.TrimSpace(text)
	if r.known == nil || text == "" || len(text) > contactkey.Max || errors.Is(err, contactkey.ErrPlaceholder) || !r.known(text) {
		return ""
	}
	return text
}

func (b *batch) quarantine(why string, body []byte) {
	b.bad = append(b.bad, hygiene.Unreadable{ReceivedAt: b.request.ReceivedAt, Source: b.reader.source, Why: why, Body: body})
}

// Why a report is not an event. PostgreSQL does not store U+0000 in text.
var (
	noID    = fmt.Sprintf("the id is missing, or not a text of 1 to %d bytes", MaxText)
	noEvent = fmt.Sprintf("the event is missing, or not a text of 1 to %d bytes", MaxText)
	hasNUL  = "the id, event or code has the character U+0000, which can't be stored as text"
)

// flaw says why the report is not an event; empty when it is one.
func (r *report) flaw() string {
	switch {
	case r.id == "" || len(r.id) > MaxText:
		return noID
	case r.event == "" || len(r.event) > MaxText:
		return noEvent
	case strings.IndexByte(r.id, 0) >= 0 || strings.IndexByte(r.event, 0) >= 0 || strings.IndexByte(r.code, 0) >= 0:
		return hasNUL
	}
	return ""
}
