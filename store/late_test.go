package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/storetest"
)

// message1 is a message to c1, which was forgotten.
var message1 = engine.MessageKey{Source: "insider", ID: "m1"}

func TestALateCallbackAboutAForgottenMessageIsErased(t *testing.T) {
	later := storetest.Start.Add(40 * hygiene.Day)
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "c1", "+905550000001", storetest.Start)
	storetest.Append(t, s, storetest.Event(storetest.Start+1, "c1", "m1", hygiene.Sent))
	storetest.Sweep(t, s, p, 0)
	forgetAll(t, s, p, "c1", message1)
	storetest.Append(t, s, storetest.Event(later, "c1", "m1", hygiene.Delivered), storetest.Event(later+1, "c2", "m2", hygiene.Delivered))
	swept := storetest.Sweep(t, s, p, 0)
	if swept.Late != 1 {
		t.Errorf("%d late events, want 1", swept.Late)
	}
	if got := reasonsOf(t, s, "c1"); got != "unknown" {
		t.Errorf("a late callback made the contact known again: %q", got)
	}
	if got := reasonsOf(t, s, "c2"); got != "" {
		t.Errorf("c2 is %q", got)
	}
	e, known, err := s.Event(swept.Cursor - 1)
	if err != nil || !known || e.MessageID != "" || e.Contact != "" || len(e.Body) > 0 {
		t.Errorf("the late event is in the log: %+v %v %v", e, known, err)
	}
	if totals, err := s.Totals(); err != nil || totals.Late != 1 {
		t.Error(totals.Late, err)
	}
}

func TestALateOptOutIsRememberedByKeyAndByNumber(t *testing.T) {
	later := storetest.Start.Add(40 * hygiene.Day)
	for _, again := range []bool{false, true} {
		s := storetest.Open(t)
		p := numberPolicy(t, s)
		give(t, s, "c1", "+905550000001", storetest.Start)
		storetest.Append(t, s, storetest.Event(storetest.Start+1, "c1", "m1", hygiene.Sent))
		storetest.Sweep(t, s, p, 0)
		forgetAll(t, s, p, "c1", message1)
		if again { // known again when it comes
			give(t, s, "c1", "", later)
			give(t, s, "c3", "+905550000001", later)
		}
		late := storetest.Event(later+1, "", "m1", hygiene.Unsubscribed)
		storetest.Append(t, s, late)
		storetest.Sweep(t, s, p, 0)
		if !again {
			give(t, s, "c1", "", later+2)
			give(t, s, "c3", "+905550000001", later+2)
		}
		give(t, s, "c2", "+905550000002", later+2)
		storetest.Sweep(t, s, p, 0)
		for key, want := range map[string]string{"c1": "opted_out", "c3": "opted_out", "c2": ""} {
			if got := reasonsOf(t, s, key); got != want {
				t.Errorf("%s may not be texted because of %q, want %q; known again: %v", key, got, want, again)
			}
		}
		resubscribed := storetest.Event(later+100, "c1", "m7", hygiene.Resubscribed)
		storetest.Append(t, s, resubscribed)
		storetest.Sweep(t, s, p, 0)
		if got := reasonsOf(t, s, "c1"); got != "" {
			t.Errorf("after a resubscription c1 may not be texted because of %q", got)
		}
	}
}

// TestForgettingMakesNobodySendable plays random histories in two stores. In one a person is
// forgotten, and imported again.
func TestForgettingMakesNobodySendable(t *testing.T) {
	keys := []string{"c1", "c2", "c3"}
	phones := []string{"+905550000001", "+905550000002", "+905550000003"}
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 15))
		s, p := storetest.Open(t), (*hygiene.Policy)(nil)
		p = numberPolicy(t, s)
		at := storetest.Start
		number := map[string]string{}
		for i, key := range keys {
			number[key] = phones[i]
			give(t, s, key, phones[i], at)
		}
		sent := map[string][]engine.MessageKey{}
		happens := func(n int) {
			for range n {
				at = at.Add(hygiene.Day)
				key, id := keys[r.IntN(len(keys))], fmt.Sprint("m", at)
				outcome := []hygiene.Outcome{hygiene.Delivered, hygiene.Unsubscribed, hygiene.HardBounce, hygiene.SoftBounce, hygiene.Sent}[r.IntN(5)]
				if late := sent[key]; len(late) > 0 && r.IntN(3) == 0 {
					id = late[r.IntN(len(late))].ID
				}
				sent[key] = append(sent[key], engine.MessageKey{Source: "insider", ID: id})
				storetest.Append(t, s, storetest.Event(at, key, id, outcome))
				if r.IntN(2) == 0 {
					storetest.Sweep(t, s, p, 0)
				}
			}
			storetest.Sweep(t, s, p, 0)
		}
		happens(4)
		before := map[string][]string{}
		for _, key := range keys {
			before[key] = reasonsAt(t, s, key, at)
		}
		forgetAll(t, s, p, "c1", sent["c1"]...)
		steps := []func(){
			func() { give(t, s, "c1", number["c1"], at) },
			func() { give(t, s, "c1", "", at) },
			func() { happens(2) },
			func() { storetest.Sweep(t, s, p, 0) },
		}
		r.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
		for _, step := range steps {
			step()
		}
		storetest.Sweep(t, s, p, 0)
		for _, key := range keys {
			after := reasonsAt(t, s, key, at)
			for _, reason := range before[key] {
				if (reason == hygiene.OptedOut || reason == "hard_bounce") && !slices.Contains(after, reason) {
					t.Errorf("seed %d: %s was not to be texted because of %s, and is only because of %q", seed, key, reason, after)
				}
			}
		}
	}
}

func reasonsAt(t *testing.T, s *store.Store, key string, at hygiene.Instant) []string {
	t.Helper()
	c, _, err := s.Contact(key)
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	return c.Reasons(at)
}
