package unmatched

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/store"
)

// Conflict is a message whose events name another contact than the send log, as JSON. Its
// fields are those of [store.ContactConflict].
type Conflict struct {
	Source     string          `json:"source"`
	MessageID  string          `json:"message_id"`
	Contact    string          `json:"contact"`    // that the body names
	Registered string          `json:"registered"` // that the send log has
	Seq        int64           `json:"seq"`
	At         hygiene.Instant `json:"at"`
}

// PrintConflicts lists the latest conflicts, at most so many, and says how many each source
// has had and what to do about them.
func PrintConflicts(out *ui.Printer, s *store.Store, most int) error {
	conflicts, err := s.ContactConflicts(most)
	if err != nil {
		return err
	}
	list := []Conflict{}
	for _, c := range conflicts {
		list = append(list, Conflict(c))
	}
	if out.JSON {
		return out.PrintJSON(list)
	}
	t, err := s.Totals()
	if err != nil {
		return err
	}
	printConflicts(out.Stdout, list, t.Conflicts)
	return nil
}

func printConflicts(w io.Writer, list []Conflict, bySource map[string]int64) {
	rows := [][]string{{"MESSAGE", "SOURCE", "IN THE BODY", "IN THE SEND LOG", "SEQ", "AT"}}
	for _, c := range list {
		rows = append(rows, []string{c.MessageID, c.Source, c.Contact, c.Registered, fmt.Sprint(c.Seq), c.At.String()})
	}
	all := int64(0)
	for _, n := range bySource {
		all += n
	}
	if all == 0 {
		fmt.Fprintln(w, "no message has events that name another contact than the send log")
		return
	}
	ui.Table(w, rows)
	fmt.Fprintf(w, "%s another contact in the body than in the send log; the events count for the contact in the body\n", ui.CountVerb(all, "message", "has", "have"))
	for _, source := range slices.Sorted(maps.Keys(bySource)) {
		fmt.Fprintf(w, "  %s  %s\n", source, ui.Number(bySource[source]))
	}
	fmt.Fprintln(w, "if the bodies are wrong, correct what the sender attaches, or contact of the source; if the send log is wrong, correct what registers messages")
}
