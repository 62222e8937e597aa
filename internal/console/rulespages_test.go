package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"winnow/internal/console/pages"
	"winnow/internal/console/view"
)

// rulesServer answers for one batch and one pasted config, and records what it was asked
// to do.
func rulesServer(undone *[]view.UndoRequest, pasted *[]string) Config {
	return Config{Pages: pages.Config{
		Overview: emptyPage,
		JournalEntry: func(_ context.Context, batch int64) (view.JournalEntry, error) {
			return view.JournalEntry{AsOf: 3000000, Batch: view.Batch{ID: batch, Kind: "suppress", By: "ops", About: "<b>opted_out</b>", Done: true},
				Undo: &view.Undo{AsOf: 3000000, Contacts: 1, MustBeNamed: []string{"opted_out"}, MustBeNamedOf: 1}}, nil
		},
		Undo: func(_ context.Context, u view.UndoRequest) (view.Undone, error) {
			*undone = append(*undone, u)
			return view.Undone{Batch: u.Batch + 1, Contacts: 1, Released: 1, Changes: 1}, nil
		},
		Check: func(_ context.Context, text string) (string, error) {
			*pasted = append(*pasted, text)
			return "ID", nil
		},
		Checked: func(context.Context, string) (view.Checked, error) {
			return view.Checked{AsOf: 3000000, Problems: []string{"pasted:1:1: <script>\u202e"}}, nil
		},
	}}
}

func TestAnUndoOfThePageIsSignedAndNamesWhatWasTicked(t *testing.T) {
	var undone []view.UndoRequest
	b := loggedIn(t, rulesServer(&undone, new([]string)), "ali")
	page := b.get("/journal/7").Body.String()
	if !strings.Contains(page, `name="reason" value="opted_out" required`) || strings.Contains(page, "<b>opted_out") {
		t.Error("the page does not ask for opted_out, or shows text raw")
	}
	if w := b.post("/journal/undo", "form", "forged", "batch", "7"); w.Code != http.StatusForbidden || undone != nil {
		t.Errorf("a forged form: %d, %+v", w.Code, undone)
	}
	w := b.post("/journal/undo", "form", hiddenIn(page), "batch", "7", "reason", "opted_out", "note", "asked again")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/journal/8?") || len(undone) != 1 ||
		undone[0].By != "console:ali" || undone[0].Batch != 7 || undone[0].Note != "asked again" || !slices.Equal(undone[0].Named, []string{"opted_out"}) {
		t.Errorf("%d to %s, %+v", w.Code, w.Header().Get("Location"), undone)
	}
}

func TestAPastedConfigMayBeLargerThanOtherFormsAndIsShownEscaped(t *testing.T) {
	var pasted []string
	b := loggedIn(t, rulesServer(new([]view.UndoRequest), &pasted), "")
	form := hiddenIn(b.get("/rules/check").Body.String())
	w := b.post("/rules/check/pasted", "form", form, "config", "a: b\r\n"+strings.Repeat("# ğ\r\n", 30_000))
	if w.Code != http.StatusSeeOther || len(pasted) != 1 || strings.Contains(pasted[0], "\r") {
		t.Fatalf("%d, %d pasted", w.Code, len(pasted))
	}
	if page := b.get(w.Header().Get("Location")).Body.String(); !strings.Contains(page, "&lt;script&gt;") || strings.Contains(page, "\u202e") {
		t.Error("a problem is shown raw")
	}
	if w := b.post("/rules/check/pasted", "form", form, "config", strings.Repeat("x", 2<<20)); w.Code != http.StatusRequestEntityTooLarge || len(pasted) != 1 {
		t.Errorf("2 MiB: %d", w.Code)
	}
}
