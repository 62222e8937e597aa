package contactapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/store"
)

const now = hygiene.Instant(1_768_000_000_000_000) // 2026-01-09T23:06:40Z

// neighbours are ann and bob, who share a number, and carl, who has another. A hard bounce
// of ann stands on hers.
func neighbours(t *testing.T) *app.Operations {
	t.Helper()
	a := apptest.Operations(t)
	phones := []store.Profile{{Key: "ann", HasPhone: true, Phone: "+905551000001"}, {Key: "bob", HasPhone: true, Phone: "+905551000001"}, {Key: "carl", HasPhone: true, Phone: "+905551000002"}}
	if _, err := a.Store.SaveProfiles(phones, now.Add(-2*hygiene.Day)); err != nil {
		t.Fatal(err)
	}
	apptest.Bounce(t, a.Store, now.Add(-hygiene.Day), "ann")
	if _, err := a.Sweep(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	return a
}

func instruct(t *testing.T, a *app.Operations, kind hygiene.InstructionKind, name, reason string) *view.Explanation {
	t.Helper()
	e, err := Instruct(a, "winnow.yaml", view.Instruction{Contact: name, Kind: kind, Reason: reason, By: "admin"}, now)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// answered is the answers in short.
func answered(t *testing.T, a *app.Operations, contacts, phones []string) string {
	t.Helper()
	answers, err := Check(a.Config, a.Store, contacts, phones, nil, now)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, s := range answers {
		list = append(list, strings.TrimSpace(fmt.Sprintln(s.Contact, s.Phone, s.Status, s.Sendable, strings.Join(s.Reasons, "|"))))
	}
	return strings.Join(list, "\n")
}

func TestANumberMayBeTextedIfItAndEachContactThatHasItMayBe(t *testing.T) {
	a := neighbours(t)
	instruct(t, a, hygiene.Suppress, "carl", "dormant")
	instruct(t, a, hygiene.Suppress, "+90 555 100 00 03", "complaint")
	want := `ann  suppressed false hard_bounce
+90 555 100 00 01 +905551000001 suppressed false hard_bounce
+905551000003 +905551000003 suppressed false complaint
+905551000004 +905551000004 unknown true
+905551000001 +905551000001 suppressed false hard_bounce
+905551000002 +905551000002 suppressed false dormant
+905551000002 +905551000002 suppressed false dormant
+905551000003 +905551000003 suppressed false complaint
+905551000004 +905551000004 unknown true
12  invalid false not a valid phone number with its country code, like +905551234567`
	got := answered(t, a, []string{"ann", "+90 555 100 00 01", "+905551000003", "+905551000004"},
		[]string{"+905551000001", "+905551000002", "+905551000002", "+905551000003", "+905551000004", "12"})
	if got != want {
		t.Errorf("answered\n%s\nwant\n%s", got, want)
	}
}

// A store of an earlier version may have contacts whose keys are numbers.
func TestAContactWhoseKeyIsANumberIsAskedWithTheNumber(t *testing.T) {
	a := neighbours(t)
	if _, err := a.Store.SaveProfiles([]store.Profile{{Key: "+905551000002"}, {Key: "+905551000001"}}, now); err != nil {
		t.Fatal(err)
	}
	if got, want := answered(t, a, []string{"+905551000001", "+905551000002"}, nil), "+905551000001 +905551000001 suppressed false hard_bounce\n+905551000002 +905551000002 active true"; got != want {
		t.Errorf("answered\n%s\nwant\n%s", got, want)
	}
	if e := instruct(t, a, hygiene.Suppress, "+905551000002", "opted_out"); e.Contact != "+905551000002" {
		t.Errorf("the answer is about %q, %q", e.Contact, e.Phone)
	}
	if got, want := answered(t, a, []string{"carl"}, []string{"+905551000002"}), "carl  suppressed false opted_out\n+905551000002 +905551000002 suppressed false opted_out"; got != want {
		t.Errorf("answered\n%s\nwant\n%s", got, want)
	}
	if e := instruct(t, a, hygiene.Allow, "+905551000002", "opted_out"); e.Status != "active" || len(e.StillSuppressed) != 1 || e.StillSuppressed[0].Contact != "carl" {
		t.Errorf("after the allow %+v", e)
	}
}

func TestAllowSaysWhatStaysOnTheNumberAndWhoseEvidenceItIs(t *testing.T) {
	a := neighbours(t)
	e := instruct(t, a, hygiene.Allow, "bob", "")
	want := view.StillSuppressed{Contact: "bob", Number: "+905551000001", From: "ann", Reason: "hard_bounce", Command: "winnow allow +905551000001 --reason hard_bounce -c winnow.yaml"}
	if len(e.StillSuppressed) == 1 {
		e.StillSuppressed[0].Command = strings.Replace(e.StillSuppressed[0].Command, " -c winnow.yaml", "", 1)
		want.Command = strings.Replace(want.Command, " -c winnow.yaml", "", 1)
	}
	if !slices.Equal(e.StillSuppressed, []view.StillSuppressed{want}) || e.Status != "suppressed" {
		t.Errorf("bob is %s: %+v", e.Status, e.StillSuppressed)
	}
	e = instruct(t, a, hygiene.Allow, "+905551000001", "")
	if e.Contact != "" || e.Phone != "+905551000001" || e.Status != "active" || e.StillSuppressed != nil {
		t.Errorf("the number is %+v", e)
	}
	if got := answered(t, a, []string{"ann", "bob"}, nil); got != "ann  active true\nbob  active true" {
		t.Errorf("answered\n%s", got)
	}
}

func TestANumberIsExplainedAsItsContactsOrForItself(t *testing.T) {
	a := neighbours(t)
	instruct(t, a, hygiene.Suppress, "+905551000003", "complaint")
	names := func(given string) (names []string, err error) {
		list, err := Explain(a.Config, a.Store, given, now)
		for _, e := range list {
			names = append(names, e.Contact+e.Phone+" "+e.Status)
		}
		return names, err
	}
	for given, want := range map[string]string{
		"ann":               "[ann+905551000001 suppressed]",
		"+90 555 100 00 01": "[ann+905551000001 suppressed bob+905551000001 suppressed]",
		"905551000002":      "[carl+905551000002 active]",
		"+905551000003":     "[+905551000003 suppressed]",
	} {
		if got, err := names(given); err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s is %v, %v; want %s", given, got, err, want)
		}
	}
	for _, unknown := range []string{"+905551000004", "dora", "undefined"} {
		_, err := names(unknown)
		var api *console.APIError
		if !errors.As(err, &api) {
			t.Errorf("%s: %v", unknown, err)
		}
	}
}

func TestAMistypedNumberIsNotANewContact(t *testing.T) {
	a := neighbours(t)
	_, err := Instruct(a, "", view.Instruction{Contact: "+90555100000", Kind: hygiene.Suppress, Reason: "opted_out", By: "admin"}, now)
	if !errors.Is(err, app.ErrNumber) {
		t.Errorf("a mistyped number is answered %v", err)
	}
	_, err = Instruct(a, "", view.Instruction{Contact: "+905551000009", Kind: hygiene.Allow, By: "admin"}, now)
	var api *console.APIError
	if !errors.As(err, &api) || !strings.Contains(err.Error(), "unknown contact") {
		t.Errorf("a number of which nothing is known is answered %v", err)
	}
}
