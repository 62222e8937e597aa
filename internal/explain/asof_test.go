package explain

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/store"
)

// answer is what decides in an explanation.
func answer(e *Explanation) string {
	if e == nil {
		return "unknown"
	}
	var open []string
	for i := range e.Suppressions {
		s := &e.Suppressions[i]
		until := hygiene.Instant(0)
		if s.Until != nil {
			until = *s.Until
		}
		open = append(open, fmt.Sprint(s.Reason, s.Hand, s.Held, s.Since, until, s.Rule, s.By))
	}
	slices.Sort(open)
	text := fmt.Sprint(e.Status, open, e.Tags, e.Segments)
	if e.Retry != nil {
		text += fmt.Sprint(e.Retry.DueAt, e.Retry.Attempt, e.Retry.MessageID, e.Retry.LapsesAt)
	}
	for _, name := range hygiene.OutcomeNames() {
		if h, ok := e.History[name]; ok {
			text += fmt.Sprint(name, h)
		}
	}
	return text
}

// TestWhatWasSaidThenIsSaidAsOfThen lives through random events, some of them late, and
// acts, and asks at the end what was said in between.
func TestWhatWasSaidThenIsSaidAsOfThen(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { liveAndLookBack(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func liveAndLookBack(t *testing.T, r *rand.Rand) {
	path := apptest.Config(t, t.TempDir(), "1h")
	apptest.Edit(t, path, "    - {name: hard,", `    - {name: opt-out, when: {outcome: unsubscribed}, then: {suppress: {reason: opted_out}}}
    - {name: rest, when: {outcome: soft_bounce, count: 3, within: 30d, since: delivered}, then: {suppress: {reason: soft_bounce, for: 5d}}}
    - {name: forgive, when: {outcome: delivered}, then: {release: {reasons: [soft_bounce]}}}
    - {name: watch, when: {outcome: carrier_violation}, then: {tag: content-review}}
    - {name: hard,`)
	a := apptest.Open(t, path)
	now := explainedAt
	said := map[hygiene.Instant]string{}
	for i := range 60 {
		now = now.Add(hygiene.Day / 24 * 7)
		if r.IntN(8) == 0 {
			act(t, r, a, now)
		} else {
			event(t, r, a, now, i)
		}
		now++
		e, _, err := Contact(a.Config, a.Store, "ann", now)
		if err != nil {
			t.Fatal(err)
		}
		said[now] = answer(e)
	}
	x := &app.App{Config: a.Config, Store: a.Store}
	for at, want := range said {
		e, _, err := ContactAsOf(t.Context(), x, "ann", at, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer(e); got != want {
			t.Errorf("as of %s it is\n%s, then it was\n%s", at, got, want)
		}
	}
}

// event stores and sweeps a random event. Some happened before they were received.
func event(t *testing.T, r *rand.Rand, a *app.Operations, now hygiene.Instant, i int) {
	t.Helper()
	outcomes := []hygiene.Outcome{hygiene.Delivered, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.HardBounce, hygiene.Unsubscribed, hygiene.CarrierViolation}
	o := outcomes[r.IntN(len(outcomes))]
	e := hygiene.Event{ReceivedAt: now, At: now, Source: "insider", MessageID: fmt.Sprint("m", r.IntN(i+1)), Name: o.String(), Outcome: o, Contact: "ann", Body: []byte("{}")}
	if r.IntN(4) == 0 {
		e.At = now.Add(-hygiene.Day * 3)
	}
	if err := a.Store.Append(t.Context(), []hygiene.Event{e}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Sweep(t.Context(), now); err != nil {
		t.Fatal(err)
	}
}

// act does something manually, or takes the last such thing back.
func act(t *testing.T, r *rand.Rand, a *app.Operations, now hygiene.Instant) {
	t.Helper()
	in := []hygiene.Instruction{{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: "complaint", By: "ann"},
		{Kind: hygiene.Suppress, Origin: hygiene.ByImport, Reason: "hard_bounce", By: "ann"}, {Kind: hygiene.Allow, By: "bob"}, {Kind: hygiene.Allow, Reason: hygiene.OptedOut, By: "bob"}}[r.IntN(4)]
	if _, err := a.Instruct(store.Subjects{Keys: []string{"ann"}}, in, now); err != nil {
		t.Fatal(err)
	}
}

func TestAPolicyIsOfItsTime(t *testing.T) {
	a := apptest.Operations(t)
	apptest.Bounce(t, a.Store, explainedAt, "ann")
	if _, err := a.Sweep(t.Context(), explainedAt); err != nil {
		t.Fatal(err)
	}
	later := *a.Config
	later.Policy = hygiene.NewPolicy(nil, "later")
	later.Hash, later.Text = "later", []byte(strings.ReplaceAll(string(a.Config.Text), "name: hard,", "name: harder,"))
	b := &app.Operations{Config: &later, Store: a.Store}
	if _, err := b.Sweep(t.Context(), explainedAt.Add(hygiene.Day)); err != nil {
		t.Fatal(err)
	}
	_, cfg, err := ContactAsOf(t.Context(), &app.App{Config: &later, Store: a.Store}, "ann", explainedAt.Add(hygiene.Day/2), nil)
	if err != nil || cfg.Hash != a.Config.Hash {
		t.Errorf("as of then the policy is %v, %v", cfg, err)
	}
}
