package command

import (
	"fmt"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// quarantineCommand shows what could not be read.
type quarantineCommand struct {
	Limit int `short:"n" default:"20" help:"How many, the latest first."`
}

// Run lists the bodies.
func (x quarantineCommand) Run(c *invocation) error {
	type item struct {
		ID         int64           `json:"id"`
		ReceivedAt hygiene.Instant `json:"received_at"`
		Source     string          `json:"source"`
		Why        string          `json:"why"`
		Body       string          `json:"body,omitempty"`
		Bytes      []byte          `json:"body_base64,omitempty"` // of a body that is no text
	}
	return c.open(toRead, func(a *app.App) error {
		list, err := a.Store.Quarantine(x.Limit)
		if err != nil {
			return err
		}
		items, rows := []item{}, [][]string{{"ID", "RECEIVED", "SOURCE", "WHY", "BODY"}}
		for _, q := range list {
			it := item{ID: q.ID, ReceivedAt: q.ReceivedAt, Source: q.Source, Why: q.Why}
			if utf8.Valid(q.Body) {
				it.Body = string(q.Body)
			} else {
				it.Bytes = q.Body
			}
			items = append(items, it)
			rows = append(rows, []string{fmt.Sprint(q.ID), q.ReceivedAt.String(), q.Source, q.Why, excerpt(q.Body)})
		}
		if c.JSON {
			return c.PrintJSON(items)
		}
		if len(items) == 0 {
			_, err := fmt.Fprintln(c.Stdout, "nothing is in quarantine")
			return err
		}
		ui.Table(c.Stdout, rows)
		return nil
	})
}

// excerpt is the beginning of a body, safe to print.
func excerpt(body []byte) string {
	const width = 60
	text := fmt.Sprintf("%.*q", width, body)
	if len(body) > width {
		text += fmt.Sprintf(" … %s bytes", ui.Number(int64(len(body))))
	}
	return text
}
