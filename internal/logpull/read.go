package logpull

import (
	"errors"
	"fmt"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/provider/signature"
	"winnow/internal/app"
	"winnow/store/lines"
)

// errSource is the error of a line whose source the config does not have.
type errSource struct{ source string }

// Error says what to do.
func (e errSource) Error() string {
	return fmt.Sprintf("its log has callbacks of the source %q, which the config here does not have: add the source; until then nothing more is pulled from there, and nothing is lost before retention.events of that host", e.source)
}

// errUnverifying is the error of an event whose host does not verify what this one does.
type errUnverifying struct{ source string }

// Error says what to do.
func (e errUnverifying) Error() string {
	return fmt.Sprintf("it does not verify the callbacks of the source %q, which the config here does: write the same signature and public_url there; until then nothing more is pulled from there", e.source)
}

// readUnverified verifies a body that the receiver did not, with the secrets of this host,
// and reads it. One that is not verified stays as it is: nobody takes it for an event.
func (s *Settings) readUnverified(l *lines.Line, r *provider.Reader) ([]hygiene.Event, []hygiene.Unreadable) {
	kept := hygiene.Unreadable{ReceivedAt: l.Event.ReceivedAt, Source: l.Event.Source, Why: l.Why, Body: l.Event.Body, Unverified: l.Unverified}
	account := s.Accounts[kept.Source]
	if account == nil {
		return nil, []hygiene.Unreadable{kept}
	}
	is, err := app.ReadKept(account, r, &kept)
	if err == nil {
		return is.Events, is.Unreadable
	}
	rest := *l.Unverified
	rest.Waits = errors.Is(err, signature.ErrNoCertificate)
	kept.Why, kept.Unverified = signature.Why(err), &rest
	return nil, []hygiene.Unreadable{kept}
}

// read reads what a line says, under the config of this host. An event whose body is gone,
// or is no longer what was read then, is as the receiver read it.
func (s *Settings) read(l *lines.Line) (events []hygiene.Event, bad []hygiene.Unreadable, err error) {
	e := &l.Event
	r := s.Readers[e.Source]
	if r == nil {
		return nil, nil, errSource{e.Source}
	}
	if l.Unverified != nil {
		events, bad = s.readUnverified(l, r)
		return events, bad, nil
	}
	if e.Body != nil {
		is, err := r.Read(&provider.Request{Body: e.Body, ReceivedAt: e.ReceivedAt})
		if err != nil { // too much for one
			return nil, []hygiene.Unreadable{{ReceivedAt: e.ReceivedAt, Source: e.Source, Why: err.Error(), Body: e.Body}}, nil
		}
		if len(is.Events) > 0 {
			return is.Events, is.Unreadable, nil
		}
		bad = is.Unreadable
	}
	switch {
	case l.Why != "":
		return nil, bad, nil
	case e.MessageID == "": // erased
		return nil, nil, nil
	}
	contact, keyErr := s.Keys.Normalize(e.Contact)
	if keyErr != nil {
		contact = ""
	}
	is, err := r.Listed(&provider.Listed{ID: e.MessageID, Event: e.Name, Code: e.Code, At: e.ReceivedAt, Contact: contact, To: e.To, Row: e.Body})
	if err != nil {
		return nil, []hygiene.Unreadable{{ReceivedAt: e.ReceivedAt, Source: e.Source, Why: err.Error(), Body: e.Body}}, nil
	}
	is.At = min(e.At, e.ReceivedAt)
	if is.Body == nil {
		is.Body = []byte{} // as retention leaves it
	}
	return []hygiene.Event{is}, nil, nil
}
