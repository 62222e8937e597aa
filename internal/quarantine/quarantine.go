// Package quarantine shows the bodies that could not be read, and reads them again.
package quarantine

import (
	"fmt"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/internal/ui"
	"winnow/store"
)

// body is a body in quarantine, as JSON. An import of events reads it.
type body struct {
	ID         int64           `json:"id"`
	ReceivedAt hygiene.Instant `json:"received_at"`
	Source     string          `json:"source"`
	Why        string          `json:"why"`
	Body       string          `json:"body,omitempty"`
	Bytes      []byte          `json:"body_base64,omitempty"` // of a body that is not UTF-8
	// Unverified is the rest of a callback that was not verified.
	Unverified *callback.Unverified `json:"unverified,omitempty"`
}

func bodyOf(q *store.Quarantined) body {
	b := body{ID: q.ID, ReceivedAt: q.ReceivedAt, Source: q.Source, Why: q.Why, Unverified: q.Unverified.Shown()}
	if utf8.Valid(q.Body) {
		b.Body = string(q.Body)
	} else {
		b.Bytes = q.Body
	}
	return b
}

// List prints the latest bodies, at most so many, the latest first.
func List(out *ui.Printer, s *store.Store, most int) error {
	list, err := s.Quarantine(most)
	if err != nil {
		return err
	}
	unverified := int64(0)
	bodies, rows := []body{}, [][]string{{"ID", "RECEIVED", "SOURCE", "WHY", "BODY"}}
	for i := range list {
		q := &list[i]
		bodies = append(bodies, bodyOf(q))
		rows = append(rows, []string{fmt.Sprint(q.ID), q.ReceivedAt.String(), q.Source, q.Why, Request(q.Unverified) + excerpt(q.Body)})
		if q.Unverified != nil && !q.Unverified.Waits {
			unverified++
		}
	}
	if out.JSON {
		return out.PrintJSON(bodies)
	}
	if len(bodies) == 0 {
		_, err := fmt.Fprintln(out.Stdout, "the quarantine is empty")
		return err
	}
	ui.Table(out.Stdout, rows)
	totals, err := s.Totals()
	if older := totals.Quarantined - int64(len(bodies)); err == nil && older > 0 {
		fmt.Fprintf(out.Stdout, "… and %s: -n N lists more\n", ui.CountVerb(older, "", "older body", "older bodies"))
	}
	if unverified > 0 {
		fmt.Fprintf(out.Stdout, "%s not verified, and not read as events: correct signature or public_url of the source, and winnow quarantine retry verifies again\n", ui.CountVerb(unverified, "", "body was", "bodies were"))
	}
	return err
}

// Request is how a callback called that was not verified, for a line with its body; empty
// for other bodies.
func Request(u *callback.Unverified) string {
	if u == nil {
		return ""
	}
	return ui.Printable(u.Method+" "+u.Target) + " "
}

// excerpt returns the beginning of a body, quoted.
func excerpt(body []byte) string {
	const width = 60
	text := fmt.Sprintf("%.*q", width, body)
	if len(body) > width {
		text += fmt.Sprintf(" … %s bytes", ui.Number(int64(len(body))))
	}
	return text
}
