package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/instant"
	"winnow/internal/console/view"
)

// maxContacts is how many contacts and phone numbers one check may ask about.
const maxContacts = 10_000

// tokenName signs manual actions over HTTP. There is one token.
const tokenName = "admin"

func (s *server) explain(_ http.ResponseWriter, req *http.Request) (any, error) {
	list, err := s.Explain(req.Context(), pathParam(req, "key"))
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, apiErrorf(http.StatusNotFound, "unknown contact; check how the key is written")
	case len(list) == 1:
		return list[0], nil
	}
	return list, nil
}

// forget forgets a contact or a phone number. It goes on when the client is gone.
func (s *server) forget(_ http.ResponseWriter, req *http.Request) (any, error) {
	return s.Forget(context.WithoutCancel(req.Context()), pathParam(req, "key"))
}

// instruct suppresses or allows a contact.
func (s *server) instruct(kind hygiene.InstructionKind) handler {
	return func(w http.ResponseWriter, req *http.Request) (any, error) {
		in, err := readInstruction(w, req, kind)
		if err != nil {
			return nil, err
		}
		return s.Instruct(context.WithoutCancel(req.Context()), in)
	}
}

func readInstruction(w http.ResponseWriter, req *http.Request, kind hygiene.InstructionKind) (view.Instruction, error) {
	in := view.Instruction{Kind: kind, Contact: pathParam(req, "key"), By: tokenName}
	var until string
	body := fields{"reason": &in.Reason, "note": &in.Note, "until": &until, "new": &in.New}
	if err := decodeBody(w, req, body, `{"reason": "complaint", "note": "called us", "until": "2026-12-31T00:00:00Z"}`); err != nil {
		return in, err
	}
	if kind == hygiene.Suppress && in.Reason == "" {
		return in, apiErrorf(http.StatusBadRequest, `a suppression needs a reason; add "reason" to the body`)
	}
	if kind == hygiene.Allow && until != "" {
		return in, apiErrorf(http.StatusBadRequest, `"until" is the end of a suppression; leave it out to allow a contact`)
	}
	if kind == hygiene.Allow && in.New {
		return in, apiErrorf(http.StatusBadRequest, `"new" is for suppressing a contact; only a known one can be allowed`)
	}
	if until != "" {
		at, err := time.Parse(time.RFC3339, until)
		if err != nil {
			return in, apiErrorf(http.StatusBadRequest, `"until" is not a time; write it like 2026-12-31T00:00:00Z`)
		}
		if err := instant.CheckYear(at); err != nil {
			return in, apiErrorf(http.StatusBadRequest, `"until": %v`, err)
		}
		in.Until = hygiene.InstantOf(at)
	}
	return in, nil
}

// merge merges a contact into another.
func (s *server) merge(w http.ResponseWriter, req *http.Request) (any, error) {
	m := view.Merge{Contact: pathParam(req, "key"), By: tokenName}
	var into contactKey
	body := fields{"into": &into, "note": &m.Note, "new": &m.New}
	if err := decodeBody(w, req, body, `{"into": "crm-2001", "note": "same person"}`); err != nil {
		return nil, err
	}
	if m.Into = string(into); m.Into == "" {
		return nil, apiErrorf(http.StatusBadRequest, `a merge needs the other contact; add "into" to the body`)
	}
	return s.Merge(context.WithoutCancel(req.Context()), m)
}

func (s *server) check(w http.ResponseWriter, req *http.Request) (any, error) {
	var contacts []contactKey
	var phones, except []string
	if err := decodeBody(w, req, fields{"contacts": &contacts, "phones": &phones, "except": &except}, `{"contacts": ["ann", "bob"], "phones": ["+905551234567"]}`); err != nil {
		return nil, err
	}
	switch n := len(contacts) + len(phones); {
	case contacts == nil && phones == nil:
		return nil, apiErrorf(http.StatusBadRequest, `the body has no contacts; send {"contacts": ["ann", "bob"]}`)
	case n > maxContacts:
		return nil, apiErrorf(http.StatusRequestEntityTooLarge, "%d contacts are too many for one request; send at most %d", n, maxContacts)
	}
	keys := make([]string, len(contacts))
	for i, key := range contacts {
		keys[i] = string(key)
	}
	answers, err := s.Check(req.Context(), keys, phones, except)
	if err != nil {
		return nil, err
	}
	// Absent lists are written as empty ones.
	results := append([]view.Sendable{}, answers...)
	for i := range results {
		results[i].Reasons = append([]string{}, results[i].Reasons...)
	}
	return struct {
		Results []view.Sendable `json:"results"`
	}{results}, nil
}

// exportPerson answers with all that is known of a person, as it is read.
func (s *server) exportPerson(w http.ResponseWriter, req *http.Request) (any, error) {
	write, err := s.ExportPerson(req.Context(), pathParam(req, "key"))
	if err != nil {
		return nil, err
	}
	w.Header().Set("Content-Type", "application/json")
	if req.Method == http.MethodHead {
		return streamed{}, nil
	}
	if err := write(req.Context(), patientWriter{w}); err != nil {
		s.Logger.Error("the export of a person failed", "err", err)
		panic(http.ErrAbortHandler) // so that half of it is not taken for the whole
	}
	return streamed{}, nil
}

// contactKey is a key in JSON: a string, or a number.
type contactKey string

func (k *contactKey) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(k))
	}
	if raw[0] != '-' && (raw[0] < '0' || '9' < raw[0]) {
		return errors.New("a contact is a string or a number")
	}
	number, err := contactkey.Number(string(raw))
	*k = contactKey(number)
	return err
}
