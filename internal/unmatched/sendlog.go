package unmatched

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"

	"winnow/hygiene"
	"winnow/hygiene/contactkey"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
)

// Message is a line of a send log, as winnow import messages reads it.
type Message struct {
	Source    string `json:"source"`
	MessageID string `json:"message_id"`
	Contact   string `json:"contact"`
}

// SendLog visits each message whose events are unmatched although a body names a contact,
// as the config reads it now, in the order of the message ids.
func SendLog(ctx context.Context, cfg *config.Config, s *store.Store, visit func(Message) error) error {
	readers := map[string]*provider.Reader{}
	for i := range cfg.Sources {
		source := &cfg.Sources[i]
		r, err := cfg.Reader(source, s.HasKey)
		if err != nil {
			return err
		}
		readers[source.Name] = r
	}
	last, seen := "", map[string]bool{} // the sources of that message id that were visited
	return s.EachUnmatched(ctx, func(e *hygiene.Event) error {
		contact := contactIn(readers[e.Source], e.Body)
		if e.MessageID != last {
			last = e.MessageID
			clear(seen)
		}
		if contact == "" || seen[e.Source] {
			return nil
		}
		seen[e.Source] = true
		return visit(Message{e.Source, contactkey.MessageID(e.MessageID), contact})
	})
}

// PrintSendLog prints a line of JSON for each message of [SendLog].
func PrintSendLog(ctx context.Context, out *ui.Printer, a *app.App) error {
	lines := bufio.NewWriter(out.Stdout)
	json := json.NewEncoder(lines)
	json.SetEscapeHTML(false)
	err := SendLog(ctx, a.Config, a.Store, func(m Message) error { return json.Encode(m) })
	return errors.Join(err, lines.Flush())
}

// contactIn is the contact that a stored body names; empty for none.
func contactIn(r *provider.Reader, body []byte) string {
	if r == nil {
		return ""
	}
	is, err := r.Read(&provider.Request{Body: body})
	if err != nil || len(is.Events) != 1 {
		return ""
	}
	return is.Events[0].Contact
}
