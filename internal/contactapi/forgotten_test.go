package contactapi

import (
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/store"
)

func TestWhoWasForgottenAndMayNotBeTextedIsNotUnknown(t *testing.T) {
	ops := apptest.Operations(t)
	now := hygiene.InstantOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	if _, err := ops.Store.SaveProfiles([]store.Profile{{Key: "ann", HasPhone: true, Phone: "+905551112233"}, {Key: "bob"}}, now); err != nil {
		t.Fatal(err)
	}
	apptest.Bounce(t, ops.Store, now, "ann")
	if _, err := ops.Sweep(t.Context(), now+1); err != nil {
		t.Fatal(err)
	}
	if err := ops.Store.AskToForget(store.Subjects{Keys: []string{"ann", "bob"}}, false, now+2); err != nil {
		t.Fatal(err)
	}
	if _, err := ops.Store.Forget(t.Context(), store.ForgetOptions{Policy: ops.Config.Policy, Keys: ops.Config.Keys, Now: now + 2, Wait: time.Second}); err != nil {
		t.Fatal(err)
	}
	answers, err := Check(ops.Config, ops.Store, []string{"ann", "bob", "eve"}, []string{"+905551112233", "+905551112244"}, nil, now+3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range answers {
		got = append(got, a.Contact+" "+a.Status+" "+strings.Join(a.Reasons, " "))
	}
	want := []string{"ann suppressed hard_bounce", "bob unknown ", "eve unknown ", "+905551112233 suppressed hard_bounce", "+905551112244 unknown "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := ops.Store.SaveProfiles([]store.Profile{{Key: "ann", HasPhone: true, Phone: "+905551112233"}}, now+4); err != nil {
		t.Fatal(err)
	}
	list, err := Explain(ops.Config, ops.Store, "ann", now+5)
	if err != nil || len(list) != 1 || list[0].Status != "suppressed" {
		t.Fatalf("%+v %v", list, err)
	}
	if s := list[0].Suppressions; len(s) == 0 || !strings.Contains(s[0].Why, "forgotten") {
		t.Errorf("%+v", s)
	}
}
