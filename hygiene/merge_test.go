package hygiene

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// mergedLife is a random life of two contacts that are merged in the middle of it, and
// calls each after every step since.
func mergedLife(r *rand.Rand, p *Policy, each func(c *Contact)) (c *Contact, parting Parting) {
	a, b := &Contact{Key: "a"}, &Contact{Key: "b"}
	first, second := randomEvents(r, 1+r.IntN(120), r.IntN(2) == 0), randomEvents(r, 1+r.IntN(120), r.IntN(2) == 0)
	applyDisturbed(r, p, a, first, func() {})
	applyDisturbed(r, p, b, second, func() {})
	merged := Moment{max(first[len(first)-1].At, second[len(second)-1].At).Add(time.Duration(r.IntN(48)-40) * time.Hour), 300}
	p.Merge(b, a, 2, 1, merged)
	each(b)
	third := randomEvents(r, 1+r.IntN(60), false)
	for i := range third {
		third[i].At, third[i].Contact = third[i].At.Add(20*Day), []string{"a", "b"}[r.IntN(2)]
	}
	if r.IntN(2) == 0 {
		displace(r, third)
	}
	applyDisturbed(r, p, b, third, func() { each(b) })
	return b, Parting{Keys: []string{"a"}, Batch: 9, Merged: merged, At: Moment{third[len(third)-1].At.Add(Day), 999}, By: "ann"}
}

func TestJudgingAMergedContactAgainChangesNothing(t *testing.T) {
	forCostlyLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		mergedLife(r, p, func(c *Contact) {
			before := c.Pack(nil)
			d := &Contact{Key: c.Key}
			if err := d.Unpack(before); err != nil || !bytes.Equal(d.Pack(nil), before) {
				t.Fatalf("the packed contact is another: %v", err)
			}
			if changes := p.Rejudge(d, Moment{start, 0}, ""); len(changes) > 0 && !t.Failed() {
				t.Errorf("rejudge gave %+v\nof %s", changes, stateText(c))
			}
		})
	})
}

// What suppressed one of two contacts suppresses the one that they are.
func TestWhatSuppressedOneOfTwoSuppressesTheMerged(t *testing.T) {
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		a, b := &Contact{Key: "a"}, &Contact{Key: "b"}
		applyDisturbed(r, p, a, randomEvents(r, 1+r.IntN(100), false), func() {})
		applyDisturbed(r, p, b, randomEvents(r, 1+r.IntN(100), false), func() {})
		at := max(a.latest().At, b.latest().At).Add(time.Hour)
		want := slices.Concat(a.Reasons(at), b.Reasons(at))
		p.Merge(b, a, 2, 1, Moment{at, 1000})
		for _, reason := range want {
			if !slices.Contains(b.Reasons(at), reason) {
				t.Errorf("merged it is suppressed for %v, before for %v", b.Reasons(at), want)
			}
		}
	})
}

// Parted, each is what it would be if it had never been merged, but for what was said for
// a protected reason meanwhile.
func TestPartedContactsAreWhatTheyWouldBe(t *testing.T) {
	forCostlyLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c, parting := mergedLife(r, p, func(*Contact) {})
		want := map[string]string{}
		for i := range c.Parts {
			want[c.Parts[i].Key] = stateText(&c.Parts[i].Contact)
		}
		out, _, _ := p.Part(c, parting)
		for _, d := range []*Contact{c, out} {
			if d.Parts != nil || len(d.Instructions) > 0 && slices.ContainsFunc(d.Instructions, func(in Instruction) bool { return in.By == "ann" && in.Moment == parting.At }) {
				continue
			}
			if got := stateText(d); got != want[d.Key] {
				t.Errorf("%s is %s\nwant %s", d.Key, got, want[d.Key])
			}
		}
	})
}

// The joined history is that of a contact to which all came.
func TestJoinedHistoriesKeepWhatOneWouldHaveKept(t *testing.T) {
	for seed := range uint64(*lives) {
		r := rand.New(rand.NewPCG(seed, 5))
		events := randomEvents(r, 1+r.IntN(200), true)
		one, a, b := History{}, History{}, History{}
		for i := range events {
			e := &events[i]
			e.Seq = int64(i + 1)
			one.Add(e)
			if r.IntN(2) == 0 {
				a.Add(e)
			} else {
				b.Add(e)
			}
		}
		a.join(&b)
		for o := Scheduled; o < outcomeEnd; o++ {
			want, got := one.Outcome(o), a.Outcome(o)
			moments := func(t *OutcomeHistory) (list []string) {
				for _, e := range t.Entries {
					list = append(list, fmt.Sprint(e.Moment, e.Message))
				}
				return list
			}
			if !slices.Equal(moments(want), moments(got)) || want.First != got.First {
				if want.Dropped || got.Dropped {
					continue // repeats of dropped entries look new to a history that never had them
				}
				t.Fatalf("seed %d, %s: %v since %s, want %v since %s", seed, o, moments(got), got.First, moments(want), want.First)
			}
		}
	}
}
