package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/mux"

	"winnow/hygiene"
)

// maxContacts is how many contacts one check may ask about.
const maxContacts = 10_000

// segment is a part of the path, as it was before it was escaped.
func segment(req *http.Request, name string) (string, error) {
	text, err := url.PathUnescape(mux.Vars(req)[name])
	if err != nil {
		return "", refuse(http.StatusBadRequest, "the path is not escaped as it should be: write %%25 for %%")
	}
	return text, nil
}

func (d *door) explain(_ http.ResponseWriter, req *http.Request) (any, error) {
	if d.Explain == nil {
		return nil, errNothingHere
	}
	key, err := segment(req, "key")
	if err != nil {
		return nil, err
	}
	what, known, err := d.Explain(req.Context(), key)
	if err == nil && !known {
		return nil, refuse(http.StatusNotFound, "nothing is known of this contact: look at how the key is written")
	}
	return what, err
}

// instruct does what is told about a contact by hand.
func (d *door) instruct(kind hygiene.InstructionKind) giver {
	return func(w http.ResponseWriter, req *http.Request) (any, error) {
		if d.Instruct == nil {
			return nil, errNothingHere
		}
		in, err := d.instruction(w, req, kind)
		if err != nil {
			return nil, err
		}
		return d.Instruct(context.WithoutCancel(req.Context()), in)
	}
}

func (d *door) instruction(w http.ResponseWriter, req *http.Request, kind hygiene.InstructionKind) (Instruction, error) {
	in := Instruction{Kind: kind, By: tokenName}
	key, err := segment(req, "key")
	if err != nil {
		return in, err
	}
	var told struct{ Reason, Note, Until string }
	if err := decode(w, req, &told, `{"reason": "complaint", "note": "called us", "until": "2026-12-31T00:00:00Z"}`); err != nil {
		return in, err
	}
	in.Contact, in.Reason, in.Note = key, told.Reason, told.Note
	if kind == hygiene.Suppress && in.Reason == "" {
		return in, refuse(http.StatusBadRequest, `a suppression needs a reason: add "reason" to the body`)
	}
	if kind == hygiene.Allow && told.Until != "" {
		return in, refuse(http.StatusBadRequest, `"until" is the end of a suppression: take it out to allow a contact`)
	}
	if told.Until != "" {
		until, err := time.Parse(time.RFC3339, told.Until)
		if err != nil {
			return in, refuse(http.StatusBadRequest, `"until" is no time: write it like 2026-12-31T00:00:00Z`)
		}
		in.Until = hygiene.InstantOf(until)
	}
	return in, nil
}

func (d *door) check(w http.ResponseWriter, req *http.Request) (any, error) {
	if d.Check == nil {
		return nil, errNothingHere
	}
	var asked struct{ Contacts []contact }
	if err := decode(w, req, &asked, `{"contacts": ["ann", "bob"]}`); err != nil {
		return nil, err
	}
	switch {
	case asked.Contacts == nil:
		return nil, refuse(http.StatusBadRequest, `the body has no contacts: write {"contacts": ["ann", "bob"]}`)
	case len(asked.Contacts) > maxContacts:
		return nil, refuse(http.StatusRequestEntityTooLarge, "%d contacts are too many to ask about at once: send at most %d", len(asked.Contacts), maxContacts)
	}
	contacts := make([]string, len(asked.Contacts))
	for i, c := range asked.Contacts {
		contacts[i] = string(c)
	}
	answers, err := d.Check(req.Context(), contacts)
	if err != nil {
		return nil, err
	}
	// Absent lists are written as empty ones.
	results := append([]Answer{}, answers...)
	for i := range results {
		results[i].Reasons = append([]string{}, results[i].Reasons...)
	}
	return map[string]any{"results": results}, nil
}

// contact is a key in JSON: a string, or a number taken as written.
type contact string

func (c *contact) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(c))
	}
	if raw[0] != '-' && (raw[0] < '0' || '9' < raw[0]) {
		return errors.New("a contact is a string or a number")
	}
	*c = contact(raw)
	return nil
}
