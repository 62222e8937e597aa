package console

import (
	"context"
	"errors"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/internal/console/pages"
	"winnow/internal/console/view"
)

// aSuppressed is a contact with two suppressions, one of them its own word.
func aSuppressed() *view.Explanation {
	return &view.Explanation{Contact: "crm-1", Status: "suppressed", AsOf: 3000000, Why: "crm-1 must not be texted",
		Suppressions: []view.Suppression{{Reason: "hard_bounce", Since: 1000000, Why: "its number is not in use", Events: []view.Event{{At: 1000000, Seq: 7, Outcome: "hard_bounce", MessageID: "m-1"}}}, {Reason: "opted_out", Since: 2000000, Why: "it said so"}},
		Timeline:     []view.Event{{At: 1000000, Seq: 7, Outcome: "hard_bounce", MessageID: "m-1"}}}
}

// contactServer answers for one contact and records what it was asked to do.
func contactServer(asked *[]view.Instruction, err error) Config {
	return Config{Pages: pages.Config{
		Overview: emptyPage,
		Reasons: func() pages.Reasons {
			return pages.Reasons{Known: []string{"opted_out", "hard_bounce"}, Protected: []string{"opted_out"}}
		},
		Explain: func(_ context.Context, key string) ([]*view.Explanation, error) {
			if key != "crm-1" {
				return nil, apiErrorf(http.StatusNotFound, "unknown contact %q", key)
			}
			return []*view.Explanation{aSuppressed()}, nil
		},
		Instruct: func(_ context.Context, in view.Instruction) (*view.Explanation, error) {
			*asked = append(*asked, in)
			return aSuppressed(), err
		},
	}}
}

// loggedIn is a browser with a session of that user.
func loggedIn(t *testing.T, c Config, name string) *browser {
	t.Helper()
	b := newBrowser(t, handlerOf(c))
	if w := b.post("/login", "form", hiddenIn(b.get("/").Body.String()), "token", token, "name", name); w.Code != http.StatusSeeOther {
		t.Fatalf("the login is answered %d", w.Code)
	}
	return b
}

func TestAContactIsFoundAndExplained(t *testing.T) {
	page := loggedIn(t, contactServer(new([]view.Instruction), nil), "").get("/contacts?q=+crm-1+").Body.String()
	for _, want := range []string{"crm-1 must not be texted", "its number is not in use", "<code>m-1</code>", `name="reason" value="hard_bounce"`, "The person has asked"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	if n := strings.Count(page, "The person has asked"); n != 1 {
		t.Errorf("%d reasons are taken for the contact's own word, want only opted_out", n)
	}
}

func TestAnUnknownContactIsSaidToBeThat(t *testing.T) {
	page := loggedIn(t, contactServer(new([]view.Instruction), nil), "").get("/contacts?q=%3Cb%3E").Body.String()
	if !strings.Contains(html.UnescapeString(page), `unknown contact "<b>"`) || strings.Contains(page, "<b>") {
		t.Error("the page does not say, safely, who is unknown")
	}
}

func TestAnActOfThePageIsSignedAndItsResultIsShownOnce(t *testing.T) {
	var asked []view.Instruction
	b := loggedIn(t, contactServer(&asked, nil), " ali\u202e ")
	form := hiddenIn(b.get("/contacts?q=crm-1").Body.String())
	w := b.post("/contacts/allow", "form", form, "contact", "crm-1", "reason", "hard_bounce", "note", "it works again")
	want := view.Instruction{Contact: "crm-1", Kind: hygiene.Allow, Reason: "hard_bounce", Note: "it works again", By: `console:ali\u202e`}
	if w.Code != http.StatusSeeOther || len(asked) != 1 || asked[0] != want {
		t.Fatalf("answer %d, asked %+v, want %+v", w.Code, asked, want)
	}
	next := w.Header().Get("Location")
	if page := b.get(next).Body.String(); !strings.Contains(page, "hard_bounce was lifted from crm-1") {
		t.Error("what came of it is not shown")
	}
	if page := b.get(next).Body.String(); strings.Contains(page, "was lifted") {
		t.Error("what came of it is shown again")
	}
}

func TestAnActThatFailsIsSaidToHaveDoneNothing(t *testing.T) {
	var asked []view.Instruction
	b := loggedIn(t, contactServer(&asked, apiErrorf(http.StatusConflict, "it is a phone number")), "")
	form := hiddenIn(b.get("/contacts?q=crm-1").Body.String())
	for _, fields := range [][]string{{"reason", "complaint"}, {"reason", ""}, {"reason", "complaint", "until", "soon"}} {
		w := b.post("/contacts/suppress", append([]string{"form", form, "contact", "crm-1"}, fields...)...)
		if page := b.get(w.Header().Get("Location")).Body.String(); !strings.Contains(page, "Nothing was done") {
			t.Errorf("%q: the page does not say that nothing was done", fields)
		}
	}
	if len(asked) != 1 || asked[0].By != tokenName {
		t.Errorf("asked %+v", asked)
	}
}

func TestAPersonsWordIsLiftedOnlyWhenItIsTicked(t *testing.T) {
	var asked []view.Instruction
	b := loggedIn(t, contactServer(&asked, nil), "")
	form := hiddenIn(b.get("/contacts?q=crm-1").Body.String())
	fields := []string{"form", form, "contact", "crm-1", "reason", "opted_out"}
	for _, spelling := range []string{"opted_out", "Opted_Out", "opt-out", "unsubscribed"} {
		w := b.post("/contacts/allow", append(slices.Clone(fields[:5]), spelling)...)
		if page := b.get(w.Header().Get("Location")).Body.String(); asked != nil || !strings.Contains(page, "Nothing was done") {
			t.Errorf("%s: without the tick %+v was asked for", spelling, asked)
		}
	}
	if b.post("/contacts/allow", append(fields, "asked", "yes")...); len(asked) != 1 || asked[0].Reason != "opted_out" {
		t.Errorf("with the tick %+v was asked for", asked)
	}
}

func TestAForgedActDoesNothing(t *testing.T) {
	var asked []view.Instruction
	b := loggedIn(t, contactServer(&asked, nil), "")
	if w := b.post("/contacts/suppress", "form", "x", "contact", "crm-1", "reason", "complaint"); w.Code != http.StatusForbidden || asked != nil {
		t.Errorf("answer %d, asked %+v", w.Code, asked)
	}
}

func TestAFormNamesTheContactByTheBytesOfItsKey(t *testing.T) {
	const key = "crm\ue000&1/\u3164%2f" // characters that a page shows escaped, and text that means something in a path
	var asked []view.Instruction
	c := contactServer(&asked, nil)
	c.Pages.Explain = func(context.Context, string) ([]*view.Explanation, error) {
		e := aSuppressed()
		e.Contact = key
		return []*view.Explanation{e}, nil
	}
	b := loggedIn(t, c, "")
	page := b.get("/contacts?q=x").Body.String()
	actions := regexp.MustCompile(`action="(/contacts/[^"]*)"`).FindAllStringSubmatch(page, -1)
	for _, action := range actions {
		b.post(html.UnescapeString(action[1]), "form", hiddenIn(page), "reason", "hard_bounce")
	}
	for _, in := range asked {
		if in.Contact != key {
			t.Errorf("%q was asked for, the page is that of %q", in.Contact, key)
		}
	}
	if len(asked) != 3 {
		t.Errorf("of %d forms %+v was asked for", len(actions), asked)
	}
}

func TestAnAllowThatLiftsNothingDoesNotSayThatItDid(t *testing.T) {
	b := loggedIn(t, contactServer(new([]view.Instruction), nil), "")
	w := b.post("/contacts/allow", "form", hiddenIn(b.get("/contacts?q=crm-1").Body.String()), "contact", "crm-1", "reason", "soft_bounce")
	if page := b.get(w.Header().Get("Location")).Body.String(); strings.Contains(page, "lifted from") || !strings.Contains(page, "Nothing was lifted: crm-1 was not suppressed for soft_bounce any more.") {
		t.Error("the page says that it lifted what was not there")
	}
}

func TestAContactThatCanNotBeReadIsAFailureAndNotAnUnknownOne(t *testing.T) {
	var log strings.Builder
	c := contactServer(new([]view.Instruction), nil)
	c.Pages.Logger = logTo(&log)
	c.Pages.Explain = func(context.Context, string) ([]*view.Explanation, error) {
		return nil, errors.New("the disk is broken")
	}
	w := loggedIn(t, c, "").get("/contacts?q=crm-1")
	if w.Code != http.StatusInternalServerError || strings.Count(log.String(), "the disk is broken") != 1 {
		t.Errorf("answer %d, log %s", w.Code, log.String())
	}
}

func TestAnActThatBreaksOffIsNotSaidToHaveDoneNothing(t *testing.T) {
	b := loggedIn(t, contactServer(new([]view.Instruction), errors.New("the disk is full")), "")
	w := b.post("/contacts/suppress", "form", hiddenIn(b.get("/contacts?q=crm-1").Body.String()), "contact", "crm-1", "reason", "complaint")
	if page := b.get(w.Header().Get("Location")).Body.String(); strings.Contains(page, "Nothing was done") || !strings.Contains(page, "It failed: the disk is full") {
		t.Error("the page vouches for what it does not know")
	}
}

func TestAFormSentAfterTheSessionIsSaidToHaveDoneNothing(t *testing.T) {
	var asked []view.Instruction
	c := contactServer(&asked, nil)
	b := loggedIn(t, c, "")
	form := hiddenIn(b.get("/contacts?q=crm-1").Body.String())
	for _, cookie := range []*http.Cookie{{Name: "winnow_8081", Path: "/", MaxAge: -1}, {Name: "winnow_8081", Path: "/", Value: "1.x.y.z"}} { // dropped by the browser, or not yet
		b.jar.SetCookies(b.origin, []*http.Cookie{cookie})
		w := b.post("/contacts/suppress", "form", form, "contact", "crm-1", "reason", "complaint")
		wantLoginForm(t, w, http.StatusUnauthorized)
		if !strings.Contains(w.Body.String(), "Nothing was done: you are not logged in any more.") || asked != nil {
			t.Errorf("asked %+v, and the login form does not say whether the form was done", asked)
		}
	}
}

func TestAPersonIsToldOfAWrongAddressByAPage(t *testing.T) {
	b := loggedIn(t, rulesServer(new([]view.UndoRequest), new([]string)), "")
	for path, want := range map[string]string{"/nix": "there is no such page", "/runs/": "there is no such page", "/contacts/allow": "forms are sent here"} {
		w := b.get(path)
		if w.Code < 400 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `<a href="/rules"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	form := hiddenIn(b.get("/rules/check").Body.String())
	if w := b.post("/contacts/allow", "form", form, "note", strings.Repeat("x", maxForm)); w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "nothing was done: the form is larger than 64 KiB") || !strings.Contains(w.Body.String(), "<main") {
		t.Errorf("a large form: %d %s", w.Code, w.Body)
	}
	if w := newBrowser(t, b.handler).get("/nix"); w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("a stranger is answered %s", w.Header().Get("Content-Type"))
	}
}
