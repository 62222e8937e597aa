package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/store"
)

// planOf runs winnow plan and gives what it prints.
func planOf(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	got := run(context.Background(), append([]string{"plan", "--now", "2026-03-01T00:00:00Z"}, args...), World{Stdout: &out, Stderr: &errs, Version: "test"})
	if got != want || errs.Len() > 0 {
		t.Fatalf("plan %q exits with %d, not %d, and says %q", args, got, want, errs.String())
	}
	return out.String()
}

// bounced is the folder of a store in which some contacts bounced, swept under
// the config of testConfig.
func bounced(t *testing.T, contacts int) (config string) {
	t.Helper()
	a := testAct(t)
	for i := range contacts {
		a.bounce(t, hygiene.InstantOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), fmt.Sprintf("c%03d", i))
	}
	if _, err := a.Sweep(context.Background(), hygiene.InstantOf(time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	return a.Config.Path
}

// editedConfig is a copy of the config, beside it, with one text in the place
// of another.
func editedConfig(t *testing.T, path, old, new string) string {
	t.Helper()
	text := readFile(t, path)
	if !strings.Contains(text, old) {
		t.Fatalf("the config has no %q", old)
	}
	edited := filepath.Join(filepath.Dir(path), "edited.yaml")
	if err := os.WriteFile(edited, []byte(strings.ReplaceAll(text, old, new)), 0o600); err != nil {
		t.Fatal(err)
	}
	return edited
}

func TestOnlyWhoAsksForItGetsAnExitStatusOfAPlansChanges(t *testing.T) {
	path := bounced(t, 3)
	edited := editedConfig(t, path, "{outcome: hard_bounce}", "{outcome: hard_bounce, count: 2}")
	planOf(t, exitDone, "-c", path, "--detailed-exitcode")
	planOf(t, exitDone, "-c", edited)
	planOf(t, exitChange, "-c", edited, "--detailed-exitcode")
	planOf(t, exitChange, "-c", edited, "--detailed-exitcode", "--json")
}

func TestAnEditedConfigIsPlannedAlsoWhenItIsInForceAlready(t *testing.T) {
	path := bounced(t, 3)
	edited := editedConfig(t, path, "{outcome: hard_bounce}", "{outcome: hard_bounce, count: 2}")
	before := planOf(t, exitDone, "-c", edited)
	a := reopened(t, edited)
	now := hygiene.InstantOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	if _, err := a.Sweep(context.Background(), now); err != nil {
		t.Fatal(err)
	}
	if err := a.Store.PutInForce(a.Config.Hash); err != nil {
		t.Fatal(err)
	}
	after := planOf(t, exitChange, "-c", edited, "--detailed-exitcode")
	for _, text := range []string{before, after} {
		if !strings.HasPrefix(text, "plan: 0 contacts to suppress, 3 to release, 0 to retry; 2 segments change (+3 −3); nothing was written\n") {
			t.Errorf("planned\n%s", text)
		}
	}
}

func TestAPlanIsTheSameTextAgainAndTouchesNoFile(t *testing.T) {
	path := bounced(t, 30)
	edited := editedConfig(t, path, "{outcome: hard_bounce}", "{outcome: hard_bounce, count: 2}")
	first := planOf(t, exitDone, "-c", edited, "--json")
	a := reopened(t, edited)
	kept := 0
	if err := a.Store.PoliciesKept(func(string) error { kept++; return nil }); err != nil || kept != 1 {
		t.Errorf("%d policies are kept, %v: a plan is no judgement", kept, err)
	}
	if again := planOf(t, exitDone, "-c", edited, "--json"); again != first {
		t.Errorf("the same plan reads\n%s\nand then\n%s", first, again)
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

func TestAPlanWarnsOfOptOutsThatItWouldLift(t *testing.T) {
	path := bounced(t, 2)
	edited := editedConfig(t, path, "reason: hard_bounce}", "reason: opted_out}")
	a := reopened(t, edited)
	if _, err := a.Review(context.Background(), hygiene.InstantOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	a.bounce(t, hygiene.InstantOf(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)), "zoe")
	if _, err := a.Sweep(context.Background(), hygiene.InstantOf(time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
	text := planOf(t, exitDone, "-c", path)
	if !strings.Contains(text, "opted out  1  of the released had opted out: make sure that they may be texted\n") {
		t.Errorf("planned\n%s", text)
	}
}

func TestAPlanCountsAContactOnceForEachKindAndRule(t *testing.T) {
	n := newCount(0)
	release := func(rule, reason string) hygiene.Planned {
		return hygiene.Planned{Kind: hygiene.PlannedRelease, Rule: rule, Reason: reason}
	}
	n.take("ann", []hygiene.Planned{release("a", "x"), release("a", "y"), release("b", "z")})
	n.take("bob", []hygiene.Planned{{Kind: hygiene.PlannedTag, Rule: "b", AtReview: true}})
	n.take("carl", []hygiene.Planned{{Kind: hygiene.PlannedRestatement, Rule: "b"}})
	k := hygiene.PlannedRelease
	if n.kinds[k] != 1 || n.rules["a"].kinds[k] != 1 || n.rules["b"].kinds[k] != 1 || n.otherwise != 1 || n.atOnce != 1 || n.atReview != 1 {
		t.Errorf("counted %+v", n)
	}
}

func TestItDoesNotMatterWhichReaderFoundWhat(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	whole, parts := newCount(1), []*count{newCount(1), newCount(1), newCount(1)}
	for _, i := range r.Perm(1000) {
		key, part := fmt.Sprintf("c%04d", i), parts[r.IntN(len(parts))]
		found := []hygiene.Planned{{Kind: hygiene.PlannedKind(i % hygiene.PlannedKinds), Rule: fmt.Sprint("rule", i%7), AtReview: i%3 == 0}}
		was, is := i%2 == 0, i%5 == 0
		for _, n := range []*count{whole, part} {
			n.take(key, found)
			n.segments[0].take(key, was, is)
		}
	}
	sum := newCount(1)
	for _, p := range parts {
		sum.add(p)
	}
	if !reflect.DeepEqual(sum, whole) {
		t.Errorf("together %+v\nalone %+v", sum, whole)
	}
	if s := whole.segments[0]; s.before != 500 || s.after != 200 || s.entered != 100 || s.left != 400 || !slices.Equal(s.came, ui.Sample{"c0005", "c0015", "c0025", "c0035", "c0045"}) {
		t.Errorf("counted %+v", s)
	}
}

// reopened is what jobs do under that config.
func reopened(t *testing.T, path string) *exporter {
	t.Helper()
	cfg, err := config.Load(path, app.ConfigOptions(true, nil))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(cfg.Store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &exporter{Operations: &app.Operations{Config: cfg, Store: s}}
}
