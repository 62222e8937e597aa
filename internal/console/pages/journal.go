package pages

import (
	"net/url"
	"strconv"

	"winnow/internal/console/view"
	"winnow/internal/ui"
)

var (
	journalPage = parsed("journal.html")
	entryPage   = parsed("journalentry.html", "parts.html")
)

// journal is what the journal shows.
type journal struct {
	view.Journal
	Query view.JournalQuery
}

// Journal makes the page of manual changes.
func Journal(p Page, j view.Journal, q view.JournalQuery) ([]byte, error) {
	p.Tab, p.At = "Journal", j.AsOf
	return render(journalPage, p, "Journal", journal{j, q})
}

// OlderURL is the page with older changes; empty for none.
func (j journal) OlderURL() string {
	if !j.Older {
		return ""
	}
	q := url.Values{"before": {strconv.FormatInt(j.Batches[len(j.Batches)-1].ID, 10)}}
	if j.Query.Kind != "" {
		q.Set("kind", j.Query.Kind)
	}
	if j.Query.By != "" {
		q.Set("by", j.Query.By)
	}
	return (&url.URL{Path: "/journal", RawQuery: q.Encode()}).String()
}

// Filtered reports whether some changes are left out.
func (j journal) Filtered() bool { return j.Query != (view.JournalQuery{}) }

// journalEntry is what the page of one manual change shows.
type journalEntry struct {
	view.JournalEntry
	Undoing *longState
}

// JournalEntry makes the page of a manual change.
func JournalEntry(p Page, e view.JournalEntry, undoing *longState) ([]byte, error) {
	p.Tab, p.At = "Journal", e.AsOf
	return render(entryPage, p, "Batch "+strconv.FormatInt(e.ID, 10), journalEntry{e, undoing})
}

// Undoable reports whether it can be undone.
func (e journalEntry) Undoable() bool { return e.UndoneBy == 0 && e.Why == "" && !e.IsBeingUndone() }

// IsBeingUndone reports whether it is being undone by a page.
func (e journalEntry) IsBeingUndone() bool { return e.Undoing != nil && e.Undoing.Running }

// Verb is what undoing it does to what it undid, or did.
func (e journalEntry) Verb() string {
	if e.Undoes != 0 {
		return "Undo the undo"
	}
	return "Undo"
}

// AffectsNobody reports whether undoing it changes no contact.
func (e journalEntry) AffectsNobody() bool { return e.Undo.Contacts+e.Undo.Numbers == 0 }

// Summary is what undoing it would do, in a sentence.
func (e journalEntry) Summary() string {
	u := e.Undo
	if e.AffectsNobody() {
		return "Undoing it changes no contact."
	}
	text := "Undoing it changes " + ui.Count(u.Contacts, "contact")
	if u.Numbers > 0 {
		text += " and " + ui.Count(u.Numbers, "phone number") + " that no contact has"
	}
	return text + "."
}

// Waiting is what the counts leave out; empty for nothing.
func (e journalEntry) Waiting() string {
	if e.Undo.Unswept == 0 {
		return ""
	}
	return ui.CountVerb(e.Undo.Unswept, "event", "waits", "wait") + " for the next sweep and may change that."
}
