package pagedata

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/config"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/internal/impact"
	"winnow/internal/ui"
	"winnow/store"
	"winnow/store/storetest"
)

// sourceOf is what pages read of a new store, under the test config.
func sourceOf(t *testing.T) (*Source, *app.Operations) {
	t.Helper()
	ops := apptest.Operations(t)
	return &Source{Passes: Passes{Patience: time.Minute}, Path: ops.Config.Path, Config: func() *config.Config { return ops.Config }, Store: ops.Store, Operations: func() *app.Operations { return ops }}, ops
}

// suppressed suppresses contacts manually, as one batch.
func suppressed(t *testing.T, ops *app.Operations, reason string, keys ...string) int64 {
	t.Helper()
	if err := ops.SavePolicy(storetest.Start); err != nil {
		t.Fatal(err)
	}
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: reason, By: "ops"}
	did, err := ops.Store.Instruct(ops.Config.Policy, store.Subjects{Keys: keys}, in, store.Batch{Kind: store.SuppressBatch, By: "ops", About: reason}, storetest.Start)
	if err != nil || did.Batch == 0 {
		t.Fatalf("%+v, %v", did, err)
	}
	return did.Batch
}

// reasonsOf are what a contact is suppressed for.
func reasonsOf(t *testing.T, s *store.Store, key string) []string {
	t.Helper()
	c, _, err := s.Contact(key)
	if err != nil {
		t.Fatal(err)
	}
	return c.Reasons(storetest.Start.Add(hygiene.Day))
}

func TestAnUndoByThePageIsTheCommandsUndoAndIsSigned(t *testing.T) {
	page, ops := sourceOf(t)
	_, command := sourceOf(t)
	for _, o := range []*app.Operations{ops, command} {
		suppressed(t, o, "complaint2", "ann", "bob")
	}
	did, err := page.Undo(t.Context(), view.UndoRequest{Batch: 1, By: "console:ali", Note: "a mistake"})
	if err != nil || did.Batch != 2 || did.Contacts != 2 || did.Released != 2 {
		t.Fatalf("%+v, %v", did, err)
	}
	now := hygiene.Instant(0)
	if list, err := ops.Store.Batches(store.BatchFilter{}, 1); err != nil || list[0].By != "console:ali" || list[0].Note != "a mistake" || list[0].Undoes != 1 {
		t.Errorf("%+v, %v", list, err)
	} else {
		now = list[0].At
	}
	if _, err := impact.UndoBatch(t.Context(), ui.NewPrinter(nil, nil, false), command, impact.BatchUndo{Batch: 1, By: "console:ali", Note: "a mistake", Apply: true}, now); err != nil {
		t.Fatal(err)
	}
	if a, b := storetest.Dump(t, ops.Store), storetest.Dump(t, command.Store); a != b {
		t.Errorf("the page left\n%s\nand the command\n%s", a, b)
	}
	if again, err := page.Undo(t.Context(), view.UndoRequest{Batch: 2, By: "console:ali"}); err != nil || again.Batch != 3 {
		t.Errorf("undoing the undo: %+v, %v", again, err)
	}
	if got := reasonsOf(t, ops.Store, "ann"); !slices.Equal(got, []string{"complaint2"}) {
		t.Errorf("ann is suppressed for %q", got)
	}
}

func TestAProtectedReasonIsLiftedOnlyWhenItIsTicked(t *testing.T) {
	page, ops := sourceOf(t)
	suppressed(t, ops, "opted_out", "ann")
	e, err := page.JournalEntry(t.Context(), 1)
	if err != nil || e.Undo == nil || !slices.Equal(e.Undo.MustBeNamed, []string{"opted_out"}) || e.Undo.Contacts != 1 || len(e.Entries) != 1 || e.Entries[0].Key != "ann" {
		t.Fatalf("%+v, %v", e, err)
	}
	_, err = page.Undo(t.Context(), view.UndoRequest{Batch: 1, By: "x"})
	var refused *console.APIError
	if !errors.As(err, &refused) || refused.Status != 409 || !strings.Contains(err.Error(), "opted_out of 1 contact; tick what is meant to be lifted") {
		t.Errorf("not ticked: %v", err)
	}
	if got := reasonsOf(t, ops.Store, "ann"); len(got) != 1 {
		t.Errorf("after the refusal ann is suppressed for %q", got)
	}
	if did, err := page.Undo(t.Context(), view.UndoRequest{Batch: 1, Named: []string{"opted_out"}, By: "x"}); err != nil || did.Released != 1 {
		t.Errorf("ticked: %+v, %v", did, err)
	}
	if _, err := page.Undo(t.Context(), view.UndoRequest{Batch: 1, By: "x"}); !errors.As(err, &refused) || refused.Status != 409 {
		t.Errorf("undone twice: %v", err)
	}
}

func TestTheJournalIsReadPageByPageAndFiltered(t *testing.T) {
	page, ops := sourceOf(t)
	for i := range journalPage + 2 {
		suppressed(t, ops, "complaint2", "c"+string(rune('a'+i%26)))
	}
	if _, err := page.Undo(t.Context(), view.UndoRequest{Batch: 1, By: "ali"}); err != nil {
		t.Fatal(err)
	}
	first, err := page.Journal(t.Context(), view.JournalQuery{})
	if err != nil || len(first.Batches) != journalPage || !first.Older || first.Batches[0].ID != journalPage+3 {
		t.Fatalf("%d, %v, %v", len(first.Batches), first.Older, err)
	}
	second, err := page.Journal(t.Context(), view.JournalQuery{Before: first.Batches[journalPage-1].ID})
	if err != nil || len(second.Batches) != 3 || second.Older || second.Batches[2].UndoneBy != journalPage+3 {
		t.Errorf("%+v, %v", second, err)
	}
	if by, err := page.Journal(t.Context(), view.JournalQuery{By: "ali"}); err != nil || len(by.Batches) != 1 || by.Batches[0].Undoes != 1 {
		t.Errorf("by ali: %+v, %v", by.Batches, err)
	}
	if none, err := page.Journal(t.Context(), view.JournalQuery{By: "ali", Kind: "merge"}); err != nil || len(none.Batches) != 0 {
		t.Errorf("merges by ali: %+v, %v", none.Batches, err)
	}
}
