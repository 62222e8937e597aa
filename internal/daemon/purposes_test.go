package daemon

import (
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/internal/console/view"
)

// The API reads an opt-out under any word, says so, and says what an allow leaves.
func TestTheAPISaysWhatItRecordsAndWhatItLeaves(t *testing.T) {
	d := testDaemon(t)
	instruct := func(kind hygiene.InstructionKind, reason string) *view.Explanation {
		t.Helper()
		e, err := d.instruct(t.Context(), view.Instruction{Contact: "ann", Kind: kind, Reason: reason, By: "admin", New: kind == hygiene.Suppress})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	if e := instruct(hygiene.Suppress, "Opt Out"); e.ReasonReadAs != "opted_out" || e.Suppressions[0].Reason != "opted_out" {
		t.Errorf("suppressed for %+v, read as %q", e.Suppressions, e.ReasonReadAs)
	}
	e := instruct(hygiene.Allow, "")
	if e.Status != "suppressed" || len(e.StillSuppressed) != 1 || !e.StillSuppressed[0].MustBeNamed || e.ReasonReadAs != "" {
		t.Errorf("allowed without a name: %s, still %+v", e.Status, e.StillSuppressed)
	}
	if e := instruct(hygiene.Allow, "UNSUBSCRIBED"); e.ReasonReadAs != "opted_out" || e.Status != "active" || e.StillSuppressed != nil {
		t.Errorf("allowed by another name: %s, still %+v, read as %q", e.Status, e.StillSuppressed, e.ReasonReadAs)
	}
	if _, err := d.instruct(t.Context(), view.Instruction{Contact: "ann", Kind: hygiene.Suppress, Reason: "no, never", By: "admin"}); err == nil {
		t.Error("what is no reason was taken for one")
	}
}

// The CRM says what it is about to send: an opt-out from something else does not count.
func TestACheckLeavesOutWhatDoesNotCount(t *testing.T) {
	d := testDaemon(t, "hygiene:\n", "hygiene:\n  protected: [marketing_opt_out]\n")
	for key, reasons := range map[string][]string{"ann": {"marketing_opt_out"}, "bob": {"marketing_opt_out", "opted_out"}, "cat": nil} {
		for _, reason := range append(reasons, "dormant") {
			if reason == "dormant" && key != "cat" {
				continue
			}
			if _, err := d.instruct(t.Context(), view.Instruction{Contact: key, Kind: hygiene.Suppress, Reason: reason, By: "admin", New: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(except ...string) (sendable []bool, answers []view.Sendable) {
		t.Helper()
		answers, err := d.check(t.Context(), []string{"ann", "bob", "cat", "dan"}, nil, except)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range answers {
			sendable = append(sendable, a.Sendable)
		}
		return sendable, answers
	}
	if is, _ := check(); !slices.Equal(is, []bool{false, false, false, true}) {
		t.Errorf("without exceptions sendable are %t", is)
	}
	is, answers := check("Marketing Opt-Out")
	if !slices.Equal(is, []bool{true, false, false, true}) {
		t.Errorf("for service sendable are %t", is)
	}
	if a := answers[0]; a.Status != "active" || len(a.Reasons) != 0 || !slices.Equal(a.Excepted, []string{"marketing_opt_out"}) {
		t.Errorf("ann is %+v", a)
	}
	if b := answers[1]; !slices.Equal(b.Reasons, []string{"opted_out"}) || !slices.Equal(b.Excepted, []string{"marketing_opt_out"}) {
		t.Errorf("bob is %+v", b)
	}
	if is, _ := check("dormant", "marketing_opt_out"); !slices.Equal(is, []bool{true, false, true, true}) {
		t.Errorf("with two exceptions sendable are %t", is)
	}
	for _, word := range []string{"opted_out", "STOP", "spam", "no, never", ""} {
		_, err := d.check(t.Context(), []string{"ann"}, nil, []string{word})
		if err == nil {
			t.Errorf("%q is an exception", word)
		}
	}
}

// A reload that protects less is refused, and the config in force stays; one that names
// what is free now is not.
func TestAReloadThatProtectsLessNamesWhatItFrees(t *testing.T) {
	const before = "hygiene:\n  protected: [marketing_opt_out]\n"
	d := testDaemon(t, "hygiene:\n", before)
	for _, c := range []struct {
		from, to  string
		protected bool
	}{
		{before, "hygiene:\n  protected: [marketing_optout]\n", true},
		{"hygiene:\n  protected: [marketing_optout]\n", "hygiene:\n", true},
		{"hygiene:\n", "hygiene:\n  unprotected: [marketing_opt_out]\n", false},
		{"hygiene:\n  unprotected: [marketing_opt_out]\n", "hygiene:\n", false},
	} {
		apptest.Edit(t, d.options.Path, c.from, c.to)
		d.reload()
		if is := d.current.Load().Policy.Protects("marketing_opt_out"); is != c.protected {
			t.Errorf("after %q it is protected: %t", c.to, is)
		}
	}
}
