package provider

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
)

// report is what one part of a request says happened to one message, in the
// provider's words. It becomes an event when id and event are good.
type report struct {
	body    []byte // the part, to be stored
	id      string // of the message
	event   string
	code    string          // as codeOfText gives it
	contact string          // as sent; made a key later
	to      string          // the phone number, as sent
	toIs    bool            // to is also the contact
	region  string          // of to; empty for that of the config
	at      hygiene.Instant // the provider's time; 0 when it gives none
	// atText is that time as it is written, and zoneless that its zone is not known.
	atText   string
	zoneless bool
	args     attached // what the sender attached
	// problem says why this part is not a report at all; empty when it is.
	problem string
}

// batch collects what becomes of the reports of one request.
type batch struct {
	reader     *Reader
	receivedAt hygiene.Instant
	reports    int
	stored     int     // bytes of parts that were made for one report
	inspects   bool    // notes what becomes of reports
	noted      []noted // of each event, if it does
	Reading
}

// noted is what a report says and its event does not.
type noted struct {
	at, to   string          // as they are written
	used     hygiene.Instant // the time that at is; 0 for none
	zoneless bool            // its zone is not known
	args     attached
}

// add makes an event of the report, or sends it to quarantine. What comes after
// the most reports that a request may have is only counted.
func (b *batch) add(r *report) {
	if b.reports++; b.reports > b.reader.max {
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
	at := b.receivedAt
	if r.at != 0 && r.at < at {
		at = r.at
	}
	e := hygiene.Event{
		ReceivedAt: b.receivedAt,
		At:         at,
		Source:     b.reader.source,
		MessageID:  r.id,
		Name:       r.event,
		Code:       r.code,
		Outcome:    b.reader.table.find(NormalizeEvent(r.event), r.code),
		Contact:    b.reader.contactKey(r.contact),
		Body:       r.body,
	}
	if r.to != "" {
		b.reader.addNumber(&e, r)
	}
	b.Events = append(b.Events, e)
	if b.inspects {
		b.noted = append(b.noted, noted{r.atText, r.to, r.at, r.zoneless, r.args})
	}
}

// addNumber adds the number that a report names. Where keys are phone numbers, it is the
// contact, unless another one is named.
func (r *Reader) addNumber(e *hygiene.Event, from *report) {
	number, err := contactkey.ParsePhone(from.to, cmp.Or(from.region, r.keys.Region))
	switch {
	case err != nil && from.toIs:
		e.Contact = r.contactKey(from.to)
		return
	case err != nil:
		return
	case from.toIs:
		e.Contact = r.contactKey(number)
	}
	if e.To = number; r.keys.Phone && (e.Contact == "" || e.Contact == number) {
		e.Contact, e.To = number, ""
	}
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
	b.Unreadable = append(b.Unreadable, hygiene.Unreadable{ReceivedAt: b.receivedAt, Source: b.reader.source, Why: why, Body: body})
}

// Why a report is not an event. PostgreSQL does not store U+0000 in text.
var (
	noID      = fmt.Sprintf("the id is missing, or not a text of 1 to %d bytes", MaxText)
	noEvent   = fmt.Sprintf("the event is missing, or not a text of 1 to %d bytes", MaxText)
	hasNUL    = "the id, event or code has the character U+0000, which can't be stored as text"
	notObject = "not an object with an id and an event"
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
