package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
)

// runPlan runs winnow plan, checks its exit status, and returns what it prints.
func runPlan(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	got := run(context.Background(), append([]string{"plan", "--now", "2026-03-01T00:00:00Z"}, args...), Process{Stdout: &out, Stderr: &errs, Version: "test"})
	if got != want || errs.Len() > 0 {
		t.Fatalf("plan %q: exit %d, want %d: %s", args, got, want, errs.String())
	}
	return out.String()
}

// bouncedStore makes a store with contacts that bounced hard, swept under
// [apptest.Config].
func bouncedStore(t *testing.T, contacts int) (config string) {
	t.Helper()
	a := apptest.Operations(t)
	for i := range contacts {
		apptest.Bounce(t, a.Store, hygiene.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), fmt.Sprintf("c%03d", i))
	}
	if _, err := a.Sweep(context.Background(), hygiene.InstantOf(time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	return a.Config.Path
}

// editedConfig writes a copy of the config, beside it, with old replaced by new.
func editedConfig(t *testing.T, path, old, new string) string {
	t.Helper()
	text := apptest.ReadFile(t, path)
	if !strings.Contains(text, old) {
		t.Fatalf("the config has no %q", old)
	}
	edited := filepath.Join(filepath.Dir(path), "edited.yaml")
	if err := os.WriteFile(edited, []byte(strings.ReplaceAll(text, old, new)), 0o600); err != nil {
		t.Fatal(err)
	}
	return edited
}

func TestAPlanWithChangesExitsWith2OnlyWithDetailedExitcode(t *testing.T) {
	path := bouncedStore(t, 3)
	edited := editedConfig(t, path, "{outcome: hard_bounce}", "{outcome: hard_bounce, count: 2}")
	runPlan(t, exitOK, "-c", path, "--detailed-exitcode")
	runPlan(t, exitOK, "-c", edited)
	runPlan(t, exitChanges, "-c", edited, "--detailed-exitcode")
	runPlan(t, exitChanges, "-c", edited, "--detailed-exitcode", "--json")
}

func TestAConfigInForceIsPlannedForEventsFromBeforeIt(t *testing.T) {
	path := bouncedStore(t, 3)
	edited := editedConfig(t, path, "{outcome: hard_bounce}", "{outcome: hard_bounce, count: 2}")
	before := runPlan(t, exitOK, "-c", edited)
	a := apptest.Open(t, edited)
	now := hygiene.InstantOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	if _, err := a.Sweep(context.Background(), now); err != nil {
		t.Fatal(err)
	}
	if err := a.Store.SetPolicyInForce(a.Config.Hash); err != nil {
		t.Fatal(err)
	}
	after := runPlan(t, exitChanges, "-c", edited, "--detailed-exitcode")
	for _, text := range []string{before, after} {
		if !strings.HasPrefix(text, "plan: 0 contacts to suppress, 3 to release, 0 to retry; 2 segments change (+3 −3); nothing was written\n") {
			t.Errorf("the plan is\n%s", text)
		}
	}
}

func TestAPlanIsDeterministicAndSavesNoPolicy(t *testing.T) {
	path := bouncedStore(t, 30)
	edited := editedConfig(t, path, "{outcome: hard_bounce}", "{outcome: hard_bounce, count: 2}")
	first := runPlan(t, exitOK, "-c", edited, "--json")
	a := apptest.Open(t, edited)
	kept := 0
	if err := a.Store.EachPolicyText(func(string, string) error { kept++; return nil }); err != nil || kept != 1 {
		t.Errorf("the store has %d policies, %v: a plan must not add one", kept, err)
	}
	if again := runPlan(t, exitOK, "-c", edited, "--json"); again != first {
		t.Errorf("the same plan is\n%s\nand then\n%s", first, again)
	}
	var p struct {
		Released int64
		Rules    []struct{ Samples []string }
	}
	if err := json.Unmarshal([]byte(first), &p); err != nil {
		t.Fatal(err)
	}
	if want := []string{"c000", "c001", "c002", "c003", "c004"}; p.Released != 30 || !slices.Equal(p.Rules[0].Samples, want) {
		t.Errorf("released %d, samples %q", p.Released, p.Rules[0].Samples)
	}
}

func TestAPlanSaysWhoseOptOutsStayWithoutARule(t *testing.T) {
	path := bouncedStore(t, 2)
	edited := editedConfig(t, path, "reason: hard_bounce}", "reason: opted_out}")
	a := apptest.Open(t, edited)
	if _, err := a.Review(context.Background(), hygiene.InstantOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	apptest.Bounce(t, a.Store, hygiene.InstantOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)), "zoe")
	if _, err := a.Sweep(context.Background(), hygiene.InstantOf(time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	text := runPlan(t, exitOK, "-c", path)
	if !strings.Contains(text, "kept        1  of 3 contacts (33.3 %)  had opted out: they stay suppressed although no rule says so any more\n") {
		t.Errorf("the plan is\n%s", text)
	}
}
