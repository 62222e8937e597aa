// Package contactapi answers what the API is asked about contacts and phone numbers, and
// suppresses and allows them.
//
// Where to change what: what is known of a contact or a number is explained by package
// explain; whether they may be texted is decided in check.go; merges are in merge.go; other
// manual changes are made by package app, and answered here.
package contactapi

import (
	"errors"
	"fmt"
	"net/http"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/explain"
	"winnow/internal/person"
	"winnow/internal/ui"
	"winnow/store"
)

// maxExplained is how many contacts of one phone number one answer explains.
const maxExplained = 100

// Explain returns what is known of the contacts that a key or a phone number names, or of
// a number that no contact has.
func Explain(cfg *config.Config, s *store.Store, given string, now hygiene.Instant) (list []*view.Explanation, err error) {
	found, err := explain.Lookup(cfg, s, given, "")
	switch {
	case errors.Is(err, explain.ErrNoKey):
		return nil, console.NewAPIError(http.StatusBadRequest, err)
	case err != nil:
		return nil, err
	case len(found.Keys) > maxExplained:
		return nil, console.NewAPIError(http.StatusConflict, fmt.Errorf("%d contacts have this phone number, which is too many for one answer; winnow explain --json prints them", len(found.Keys)))
	}
	for _, key := range found.Keys {
		e, known, err := explain.Contact(cfg, s, key, now)
		if err != nil {
			return nil, err
		}
		if known {
			list = append(list, &e.Explanation)
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	if found.Phone == "" {
		return nil, unknownContact(cfg, s, given)
	}
	e, known, err := explain.Number(cfg, s, found.Phone, now)
	if err != nil || !known {
		return nil, err
	}
	return []*view.Explanation{&e.Explanation}, nil
}

// ExportPerson returns what writes all that is known of the person that a key or a phone
// number names.
func ExportPerson(cfg *config.Config, s *store.Store, given string, now hygiene.Instant) (*person.Export, error) {
	found, err := explain.Lookup(cfg, s, given, "")
	switch {
	case errors.Is(err, explain.ErrNoKey):
		return nil, console.NewAPIError(http.StatusBadRequest, err)
	case err == nil && len(found.Keys) == 0 && found.Phone == "":
		err = unknownContact(cfg, s, given)
	}
	if err != nil {
		return nil, err
	}
	return &person.Export{Config: cfg, Store: s, Found: found, Asked: given, Now: now}, nil
}

// unknownContact is the error for a key that no contact has. It says which contact nearly
// has it.
func unknownContact(cfg *config.Config, s *store.Store, given string) error {
	key, err := s.Keys(cfg.Keys).Named(given)
	if err != nil {
		return console.NewAPIError(http.StatusBadRequest, err)
	}
	err = fmt.Errorf("unknown contact %q", key)
	failed := s.FindNearlyKnown([]string{key}, cfg.Keys, func(_ int, near []string) {
		err = fmt.Errorf("%w; %s is nearly the same", err, ui.JoinFirst(near, 5))
	})
	if failed != nil {
		return failed
	}
	return console.NewAPIError(http.StatusNotFound, err)
}

// Instruct suppresses or allows a contact or a phone number manually, and returns what is
// known of it then. path is that of the config, for commands.
func Instruct(ops *app.Operations, path string, in view.Instruction, now hygiene.Instant) (*view.Explanation, error) {
	of, err := ops.Name(in.Contact)
	if err != nil {
		return nil, console.NewAPIError(http.StatusBadRequest, err)
	}
	reason, other := ops.Config.Policy.ReasonOf(in.Reason)
	action := hygiene.Instruction{Kind: in.Kind, Origin: hygiene.ByOperator, Reason: reason, Note: in.Note, Until: in.Until, By: in.By}
	if err := app.CheckInstruction(action, now); err != nil {
		return nil, console.NewAPIError(http.StatusBadRequest, err)
	}
	if in.Kind == hygiene.Suppress && !in.New {
		if err := errors.Join(ops.CheckNumbers(of.Keys), ops.CheckNearlyKnown(of.Keys)); err != nil {
			return nil, fmt.Errorf(`%w, or send "new": true to suppress it as written`, err)
		}
	}
	result, err := ops.Instruct(of, action, now)
	if err == nil && len(result.Unknown.Keys)+len(result.Unknown.Phones) > 0 {
		return nil, unknownContact(ops.Config, ops.Store, in.Contact)
	}
	if err != nil {
		return nil, err
	}
	e, err := explanationOf(ops, of, now)
	if err != nil {
		return nil, err
	}
	if other {
		e.ReasonReadAs = reason
	}
	if in.Kind == hygiene.Allow {
		remaining, err := ops.RemainingReasons(of, path, now)
		if err != nil {
			return nil, err
		}
		for _, r := range remaining {
			left := view.StillSuppressed{Contact: r.Contact, Number: r.Number, From: r.From, Reason: r.Reason, MustBeNamed: r.MustBeNamed, Command: r.Command}
			e.StillSuppressed = append(e.StillSuppressed, left)
		}
	}
	return e, nil
}

// explanationOf explains the contact, or the number if there is no contact.
func explanationOf(ops *app.Operations, of store.Subjects, now hygiene.Instant) (*view.Explanation, error) {
	var e *explain.Explanation
	var known bool
	var err error
	if len(of.Keys) > 0 {
		e, known, err = explain.Contact(ops.Config, ops.Store, of.Keys[0], now)
	} else {
		e, known, err = explain.Number(ops.Config, ops.Store, of.Phones[0], now)
	}
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, console.NewAPIError(http.StatusNotFound, errors.New("it is no longer known"))
	}
	return &e.Explanation, nil
}
