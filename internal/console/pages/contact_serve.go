package pages

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/hygiene/reason"
	"winnow/internal/console/view"
)

// showContacts shows the contacts that a key or a phone number names.
func (s *server) showContacts(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Explain == nil {
		return errNoPage
	}
	p := s.page(req, v)
	p.Query = strings.TrimSpace(req.URL.Query().Get("q"))
	var found []*view.Explanation
	var problem error
	if p.Query != "" {
		if found, problem = s.Explain(req.Context(), p.Query); problem != nil && statusOf(problem) >= http.StatusInternalServerError {
			return problem
		}
	}
	var reasons Reasons
	if s.Reasons != nil {
		reasons = s.Reasons()
	}
	page, err := Contacts(p, found, reasons, problem)
	return send(w, http.StatusOK, page, err)
}

func (s *server) allow(req *http.Request, v Visit) (*url.URL, Notice, error) {
	return s.instruct(req, v, hygiene.Allow)
}

func (s *server) suppress(req *http.Request, v Visit) (*url.URL, Notice, error) {
	return s.instruct(req, v, hygiene.Suppress)
}

// instruct suppresses or allows the contact of a form, which is shown then. The form names
// it in its path: there the bytes of a key are those that were stored, while in a field they
// would be what the page shows of them, which may be another contact's key.
func (s *server) instruct(req *http.Request, v Visit, kind hygiene.InstructionKind) (next *url.URL, n Notice, err error) {
	in := view.Instruction{Contact: strings.TrimSpace(req.Form.Get("contact")), Kind: kind, Reason: field(req, "reason"), Note: field(req, "note"), By: v.By}
	next = &url.URL{Path: "/contacts", RawQuery: url.Values{"q": {in.Contact}}.Encode()}
	if s.Instruct == nil {
		return next, n, errNoPage
	}
	if in.Reason == "" {
		return next, n, refusef("no reason was given; choose one")
	}
	if kind == hygiene.Allow && s.isProtected(in.Reason) && field(req, "asked") != "yes" {
		return next, n, refusef("%s is what the person said; tick that the person has asked to be texted again", in.Reason)
	}
	if until := field(req, "until"); until != "" {
		day, err := time.Parse(time.DateOnly, until)
		if err != nil || instant.CheckYear(day) != nil {
			return next, n, refusef("%q is not a day; write it like 2026-12-31", until)
		}
		in.Until = hygiene.InstantOf(day)
	}
	before := s.known(req.Context(), in.Contact)
	e, err := s.Instruct(context.WithoutCancel(req.Context()), in)
	if err != nil {
		return next, n, err
	}
	return next, instructed(in, e, before), nil
}

// known is what is known of a contact before an act; nil if that can't be said.
func (s *server) known(ctx context.Context, contact string) []*view.Explanation {
	if s.Explain == nil {
		return nil
	}
	found, err := s.Explain(ctx, contact)
	if err != nil {
		return nil
	}
	return found
}

// stood reports whether one of them was suppressed for the reason.
func stood(before []*view.Explanation, reason string) bool {
	return slices.ContainsFunc(before, func(e *view.Explanation) bool {
		return slices.ContainsFunc(e.Suppressions, func(s view.Suppression) bool {
			return s.Reason == reason && (s.Until == nil || *s.Until > e.AsOf)
		})
	})
}

// isProtected reports whether a word is that of a reason that is a person's own word.
func (s *server) isProtected(word string) bool {
	if s.Reasons == nil {
		return false
	}
	protected := s.Reasons().Protected
	of, _ := reason.Of(word, protected...)
	return slices.Contains(protected, of)
}

// instructed says what came of an instruction. before is what was known of its contact; nil
// if that is not known.
func instructed(in view.Instruction, e *view.Explanation, before []*view.Explanation) (n Notice) {
	switch {
	case in.Kind == hygiene.Suppress:
		n.Text = fmt.Sprintf("%s was recorded for %s, which is %s.", in.Reason, nameOf(e), e.Status)
	case before != nil && !stood(before, cmp.Or(e.ReasonReadAs, in.Reason)):
		n.Text = fmt.Sprintf("Nothing was lifted: %s was not suppressed for %s any more. It is %s.", nameOf(e), in.Reason, e.Status)
	default:
		n.Text = fmt.Sprintf("%s was lifted from %s, which is %s.", in.Reason, nameOf(e), e.Status)
	}
	if e.ReasonReadAs != "" {
		n.More = append(n.More, fmt.Sprintf("%s is another word for %s.", in.Reason, e.ReasonReadAs))
	}
	for _, left := range e.StillSuppressed {
		n.More = append(n.More, left.Reason+" still stands.")
	}
	return n
}

// field is a field of the form, without the blanks around it.
func field(req *http.Request, name string) string { return strings.TrimSpace(req.PostForm.Get(name)) }
