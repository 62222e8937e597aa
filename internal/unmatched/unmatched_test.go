package unmatched

import (
	"fmt"
	"testing"

	"winnow/hygiene"
	"winnow/internal/apptest"
)

func TestAFindingNamesTheFieldsAndThePathThatWasMeant(t *testing.T) {
	for _, test := range []struct{ contact, body, sentence, meant string }{
		{"contact_id", `{"id":"m","uniqueArgs":{"contact_id":"crm-%d","campaign":"spring"}}`,
			`3 of 3 events of insider have no contact_id; they have uniqueArgs.contact_id. Is "contact: uniqueArgs.contact_id" meant?`, "uniqueArgs.contact_id"},
		{"uniqueArgs.contact_id", `{"id":"m","uniqueArgs":{"Contact-Id":"crm-%d"}}`,
			`3 of 3 events of insider have no uniqueArgs.contact_id; they have uniqueArgs.Contact-Id. Is "contact: uniqueArgs.Contact-Id" meant?`, "uniqueArgs.Contact-Id"},
		{"uniqueArgs.contact_id", `{"id":"m","uniqueArgs":{"campaign":"spring","member":%d}}`,
			"3 of 3 events of insider have no uniqueArgs.contact_id; they have uniqueArgs.member, uniqueArgs.campaign", ""},
		{"uniqueArgs.contact_id", `{"id":"m%d","uniqueArgs":{"contact_id":null}}`,
			`3 of 3 events of insider have no usable contact in uniqueArgs.contact_id: it is empty, null, true or false`, ""},
		{"uniqueArgs.contact_id", `{"id":"m%d","sendAt":"2026-01-01"}`,
			"3 of 3 events of insider have no uniqueArgs.contact_id, and nothing else that could name a contact", ""},
	} {
		a := apptest.Operations(t)
		a.Config.Sources[0].Contact = test.contact
		var events []hygiene.Event
		for i := range 3 {
			events = append(events, hygiene.Event{ReceivedAt: 1, At: 1, Source: "insider", MessageID: fmt.Sprint("m", i), Name: "sent", Outcome: hygiene.Sent, Body: fmt.Appendf(nil, test.body, i)})
		}
		if err := a.Store.Append(t.Context(), events, nil); err != nil {
			t.Fatal(err)
		}
		findings, err := Diagnose(a.Config, a.Store)
		if err != nil || len(findings) != 1 || !findings[0].None() {
			t.Fatalf("%+v, %v", findings, err)
		}
		if got := findings[0].Sentence(); got != test.sentence || findings[0].Meant() != test.meant {
			t.Errorf("it says\n%s\nand means %q; want\n%s", got, findings[0].Meant(), test.sentence)
		}
	}
}

func TestAFewOddKeysDoNotHideThatTheOthersHaveNone(t *testing.T) {
	a := apptest.Operations(t)
	a.Config.Sources[0].Contact = "uniqueArgs.contact_id"
	var events []hygiene.Event
	for i, body := range []string{`{"uniqueArgs":{"contact_id":"a\u001bb"}}`, `{"uniqueArgs":{"cid":"crm-1"}}`, `{"uniqueArgs":{"cid":"crm-2"}}`} {
		events = append(events, hygiene.Event{ReceivedAt: 1, At: 1, Source: "insider", MessageID: fmt.Sprint("m", i), Name: "sent", Outcome: hygiene.Sent, Body: []byte(body)})
	}
	if err := a.Store.Append(t.Context(), events, nil); err != nil {
		t.Fatal(err)
	}
	findings, err := Diagnose(a.Config, a.Store)
	if err != nil || len(findings) != 1 {
		t.Fatalf("%+v, %v", findings, err)
	}
	const want = "3 of 3 events of insider have no contact in uniqueArgs.contact_id, and nothing at all there but in 1; they have uniqueArgs.cid"
	if got := findings[0].Sentence(); got != want {
		t.Errorf("it says\n%s\nwant\n%s", got, want)
	}
}

func TestASourceWithoutUnmatchedEventsHasNoFinding(t *testing.T) {
	a := apptest.Operations(t)
	apptest.Bounce(t, a.Store, 1, "ann")
	if findings, err := Diagnose(a.Config, a.Store); err != nil || len(findings) > 0 {
		t.Errorf("%+v, %v", findings, err)
	}
}
