package command

import (
	"fmt"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// quarantineCommand lists bodies that could not be read.
type quarantineCommand struct {
	Limit int `short:"n" default:"20" help:"List at most this many bodies, the latest first (default: 20)."`
}

// quarantinedBody is an element of the JSON result.
type quarantinedBody struct {
	ID         int64           `json:"id"`
	ReceivedAt hygiene.Instant `json:"received_at"`
	Source     string          `json:"source"`
	Why        string          `json:"why"`
	Body       string          `json:"body,omitempty"`
	Bytes      []byte          `json:"body_base64,omitempty"` // of a body that is not UTF-8
}

// Run lists the bodies.
func (x quarantineCommand) Run(c *invocation) error {
	return c.open(toRead, func(a *app.App) error {
		list, err := a.Store.Quarantine(x.Limit)
		if err != nil {
			return err
		}
		bodies, rows := []quarantinedBody{}, [][]string{{"ID", "RECEIVED", "SOURCE", "WHY", "BODY"}}
		for _, q := range list {
			b := quarantinedBody{ID: q.ID, ReceivedAt: q.ReceivedAt, Source: q.Source, Why: q.Why}
			if utf8.Valid(q.Body) {
				b.Body = string(q.Body)
			} else {
				b.Bytes = q.Body
			}
			bodies = append(bodies, b)
			rows = append(rows, []string{fmt.Sprint(q.ID), q.ReceivedAt.String(), q.Source, q.Why, excerpt(q.Body)})
		}
		if c.JSON {
			return c.PrintJSON(bodies)
		}
		if len(bodies) == 0 {
			_, err := fmt.Fprintln(c.Stdout, "the quarantine is empty")
			return err
		}
		ui.Table(c.Stdout, rows)
		return printOlder(c, a, len(bodies))
	})
}

// printOlder says how many older bodies are in quarantine than were listed.
func printOlder(c *invocation, a *app.App, listed int) error {
	t, err := a.Store.Totals()
	if older := t.Quarantined - int64(listed); err == nil && older > 0 {
		fmt.Fprintf(c.Stdout, "… and %s: -n N lists more\n", ui.CountVerb(older, "", "older body", "older bodies"))
	}
	return err
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
