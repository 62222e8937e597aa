package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// showJournal shows manual changes.
func (s *server) showJournal(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.Journal == nil {
		return errNoPage
	}
	given := req.URL.Query()
	q := view.JournalQuery{Kind: strings.TrimSpace(given.Get("kind")), By: strings.TrimSpace(given.Get("by"))}
	if before := given.Get("before"); before != "" {
		var err error
		if q.Before, err = batchNumber(before); err != nil {
			return err
		}
	}
	j, err := s.Journal(req.Context(), q)
	if err != nil {
		return err
	}
	page, err := Journal(s.page(req, v), j, q)
	return send(w, http.StatusOK, page, err)
}

// showJournalEntry shows one manual change.
func (s *server) showJournalEntry(w http.ResponseWriter, req *http.Request, v Visit) error {
	if s.JournalEntry == nil {
		return errNoPage
	}
	id, err := batchNumber(req.PathValue("n"))
	if err != nil {
		return err
	}
	e, err := s.JournalEntry(req.Context(), id)
	if err != nil {
		return err
	}
	page, err := JournalEntry(s.page(req, v), e, s.long.state(aboutUndoing(id)))
	return send(w, http.StatusOK, page, err)
}

func batchNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 1 {
		return 0, refusef("%q is not the number of a batch", text)
	}
	return n, nil
}

// undo undoes the batch of a form. The new batch is shown then.
func (s *server) undo(req *http.Request, v Visit) (next *url.URL, n Notice, err error) {
	next = &url.URL{Path: "/journal"}
	if s.Undo == nil {
		return next, n, errNoPage
	}
	id, err := batchNumber(req.PostForm.Get("batch"))
	if err != nil {
		return next, n, err
	}
	next = journalURL(id)
	u := view.UndoRequest{Batch: id, Named: req.PostForm["reason"], By: v.By, Note: field(req, "note")}
	ctx := context.WithoutCancel(req.Context())
	return s.long.do(aboutUndoing(id), v.By, "The batch is being undone", next, func() outcome {
		did, err := s.Undo(ctx, u)
		if err != nil || did.Batch == 0 {
			return outcome{notice: Notice{Text: "No contacts are affected any more; nothing was changed."}, err: err}
		}
		n := Notice{Text: fmt.Sprintf("Batch %d was undone by batch %d: %s, %s released.", id, did.Batch, ui.CountVerb(did.Contacts, "contact", "changed", "changed"), ui.Number(did.Released))}
		return outcome{next: journalURL(did.Batch), notice: n}
	})
}

// aboutUndoing is what an undo is about.
func aboutUndoing(batch int64) string { return fmt.Sprintf("undo %d", batch) }

func journalURL(batch int64) *url.URL {
	return &url.URL{Path: "/journal/" + strconv.FormatInt(batch, 10)}
}
