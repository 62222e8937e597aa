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

// segment is a part of the path, as it was before it was escaped. A path that is
// escaped as none is does not come here: the server has refused it.
func segment(req *http.Request, name string) string {
	text, _ := url.PathUnescape(mux.Vars(req)[name])
	return text
}

func (d *door) explain(_ http.ResponseWriter, req *http.Request) (any, error) {
	if d.Explain == nil {
		return nil, errNothingHere
	}
	what, known, err := d.Explain(req.Context(), segment(req, "key"))
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
	in := Instruction{Kind: kind, Contact: segment(req, "key"), By: tokenName}
	var end string
	body := members{"reason": &in.Reason, "note": &in.Note, "until": &end}
	if err := decode(w, req, body, `{"reason": "complaint", "note": "called us", "until": "2026-12-31T00:00:00Z"}`); err != nil {
		return in, err
	}
	if kind == hygiene.Suppress && in.Reason == "" {
		return in, refuse(http.StatusBadRequest, `a suppression needs a reason: add "reason" to the body`)
	}
	if kind == hygiene.Allow && end != "" {
		return in, refuse(http.StatusBadRequest, `"until" is the end of a suppression: take it out to allow a contact`)
	}
	if end != "" {
		until, err := time.Parse(time.RFC3339, end)
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
	var asked []contact
	if err := decode(w, req, members{"contacts": &asked}, `{"contacts": ["ann", "bob"]}`); err != nil {
		return nil, err
	}
	switch {
	case asked == nil:
		return nil, refuse(http.StatusBadRequest, `the body has no contacts: write {"contacts": ["ann", "bob"]}`)
	case len(asked) > maxContacts:
		return nil, refuse(http.StatusRequestEntityTooLarge, "%d contacts are too many to ask about at once: send at most %d", len(asked), maxContacts)
	}
	contacts := make([]string, len(asked))
	for i, c := range asked {
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
