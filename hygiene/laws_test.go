package hygiene

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

const start = Instant(1_767_225_600_000_000) // 2026-01-01

// policies are the rules of the example, rules that are hard to replay, and random
// rules.
func policies() map[string]func(*rand.Rand) *Policy {
	example, hard := examplePolicy(), hardPolicy()
	return map[string]func(*rand.Rand) *Policy{
		"example": func(*rand.Rand) *Policy { return example },
		"hard":    func(*rand.Rand) *Policy { return hard },
		"random":  randomPolicy,
	}
}

func counting(n int, within time.Duration, since Outcomes, of ...Outcome) *When {
	return &When{Counting{Outcomes: OutcomesOf(of...), Count: n, Within: within, Since: since}}
}

func examplePolicy() *Policy {
	delivered := OutcomesOf(Delivered)
	sentOften := OutcomeTest{Counting{Outcomes: OutcomesOf(Sent), Count: 5, Within: 180 * Day}}
	deliveredOnce := OutcomeTest{Counting{Outcomes: delivered, Count: 1, Within: 180 * Day}}
	return NewPolicy([]Rule{
		{Name: "suppress-hard-bounce", When: counting(1, 0, 0, HardBounce, InvalidNumber), Then: Action{Suppress: &SuppressAction{Reason: "hard_bounce"}}},
		{Name: "retry-soft-bounce", When: counting(1, 0, 0, SoftBounce), Then: Action{Retry: &RetryAction{After: []time.Duration{4 * time.Hour, Day, 3 * Day}, Lapse: DefaultLapse}}},
		{Name: "rest", When: counting(4, 14*Day, delivered, SoftBounce), Then: Action{Suppress: &SuppressAction{Reason: "soft_bounce", For: 30 * Day}}},
		{Name: "give-up", When: counting(7, 0, delivered, SoftBounce), Then: Action{Suppress: &SuppressAction{Reason: "soft_bounce", For: 180 * Day}}},
		{Name: "opt-out", When: counting(1, 0, 0, Unsubscribed), Then: Action{Suppress: &SuppressAction{Reason: OptedOut}}},
		{Name: "forgive", When: counting(1, 0, 0, Delivered), Then: Action{Release: []string{"soft_bounce", "dormant"}}},
		{Name: "opt-in", When: counting(1, 0, 0, Resubscribed), Then: Action{Release: []string{OptedOut}}},
		{Name: "watch", When: counting(3, 7*Day, 0, CarrierViolation), Then: Action{Tag: "content-review"}},
		{Name: "sunset", Where: All{sentOften, Not{deliveredOnce}}, Then: Action{Suppress: &SuppressAction{Reason: "dormant"}}},
	}, "example")
}

func hardPolicy() *Policy {
	narrow := counting(2, 3*Day, 0, Delivered)
	narrow.Source = "b"
	apart := counting(3, 0, OutcomesOf(Opened), SoftBounce, UnknownDelivery)
	apart.Apart = 6 * time.Hour
	codes := counting(2, 0, 0, SoftBounce)
	codes.Codes = []string{"1404"}
	seldom := OutcomeTest{Counting{Outcomes: OutcomesOf(Sent), Count: 2, Within: 5 * Day}}
	return NewPolicy([]Rule{
		{Name: "any-soft", When: counting(1, 0, 0, SoftBounce), Then: Action{Suppress: &SuppressAction{Reason: "soft_bounce", For: 2 * Day}}},
		{Name: "narrow-release", When: narrow, Then: Action{Release: []string{"soft_bounce"}}},
		{Name: "apart", When: apart, Then: Action{Suppress: &SuppressAction{Reason: "apart", For: 5 * Day}, Tag: "apart"}},
		{Name: "untag", When: counting(2, 0, 0, Clicked), Then: Action{Untag: "apart"}},
		{Name: "where", When: counting(1, 0, 0, HardBounce), Where: Not{seldom}, Then: Action{Suppress: &SuppressAction{Reason: "hard_bounce"}}},
		{Name: "retry", When: codes, Then: Action{Retry: &RetryAction{After: []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, Day}, Lapse: 2 * Day}}},
		{Name: "both", When: counting(3, 0, OutcomesOf(Delivered), HardBounce, InvalidNumber), Then: Action{Suppress: &SuppressAction{Reason: "both"}}},
		{Name: "lift", When: counting(1, 0, 0, Resubscribed), Then: Action{Release: []string{"hard_bounce", "both", "apart"}}},
		{Name: "review-release", Where: OutcomeTest{Counting{Outcomes: OutcomesOf(Opened), Count: 2, Within: 4 * Day}}, Then: Action{Release: []string{"hard_bounce"}, Untag: "apart"}},
		{Name: "review-tag", Where: SeenTest{OlderThan: 3 * Day}, Then: Action{Tag: "quiet", Suppress: &SuppressAction{Reason: "quiet", For: 4 * Day}}},
	}, "hard")
}

// randomEvents is a random history of one contact: n events of distinct or equal
// times, with repeats, in order of time.
func randomEvents(r *rand.Rand, n int, distinct bool) []Event {
	outcomes := []Outcome{Sent, Delivered, HardBounce, SoftBounce, SoftBounce, SoftBounce, CarrierViolation, UnknownDelivery,
		InvalidNumber, Opened, Clicked, Unsubscribed, Resubscribed, Unrecognized}
	codes := []string{"", "1404", "1405"}
	var events []Event
	at := start
	for i := range n {
		if distinct || r.IntN(3) > 0 {
			at = at.Add(time.Duration(1+r.IntN(36)) * time.Hour)
		}
		e := Event{At: at, Source: []string{"a", "b"}[r.IntN(2)], MessageID: fmt.Sprint("m", r.IntN(n/2+1)),
			Outcome: outcomes[r.IntN(len(outcomes))], Code: codes[r.IntN(3)]}
		if i > 0 && r.IntN(5) == 0 {
			again := events[r.IntN(len(events))]
			e.Source, e.MessageID, e.Outcome, e.Code = again.Source, again.MessageID, again.Outcome, again.Code
		}
		events = append(events, e)
	}
	return events
}

// arrive applies the events in the given order, and numbers them as the log does.
func arrive(t *testing.T, p *Policy, c *Contact, events []Event, seq int64) []Change {
	t.Helper()
	var ledger []Change
	for _, e := range events {
		seq++
		e.Seq, e.ReceivedAt = seq, e.At
		changes, _ := p.Apply(c, &e)
		ledger = append(ledger, changes...)
	}
	return ledger
}

// stateText is the contact without what differs with the order of arrival: the places
// in the log and the record of repeats.
func stateText(c *Contact) string {
	d := c.clone()
	strip := func(g *Cause) { g.Evidence = slices.Repeat([]int64{0}, len(g.Evidence)) }
	for i := range d.Suppressions {
		d.Suppressions[i].Since.Seq = 0
		strip(&d.Suppressions[i].Cause)
		d.Suppressions[i].Renewal.At.Seq = 0
		strip(&d.Suppressions[i].Renewal.Cause)
	}
	for i := range d.Tags {
		d.Tags[i].Since.Seq = 0
		strip(&d.Tags[i].Cause)
	}
	retry := "none"
	if d.Retry != nil {
		r := *d.Retry
		r.Since.Seq, r.MessageID = 0, ""
		strip(&r.Cause)
		retry = fmt.Sprintf("%+v", r)
	}
	history := ""
	for o := Scheduled; o < outcomeEnd; o++ {
		t := d.History.Outcome(o)
		history += fmt.Sprintf("%s %d %t", o, t.First, t.Dropped)
		for _, e := range t.Entries {
			history += fmt.Sprintf(" %d/%x/%v/%t", e.At, e.Message, d.History.Kind(&e), e.afterDelivery)
		}
		history += "\n"
	}
	return fmt.Sprintf("%+v\n%+v\n%s\n%s", d.Suppressions, d.Tags, retry, history)
}

// lives is how many random histories each law is checked with, and costlyLives how many
// for those that judge again after every step. To search for a counterexample use
// -lives 5000 -costly-lives 5000.
var (
	lives       = flag.Int("lives", 40, "random histories for each law")
	costlyLives = flag.Int("costly-lives", 10, "random histories for each law that is costly")
)

func forRandomLives(t *testing.T, law func(t *testing.T, r *rand.Rand, p *Policy)) {
	forManyRandomLives(t, *lives, law)
}

func forCostlyLives(t *testing.T, law func(t *testing.T, r *rand.Rand, p *Policy)) {
	forManyRandomLives(t, *costlyLives, law)
}

func forManyRandomLives(t *testing.T, n int, law func(t *testing.T, r *rand.Rand, p *Policy)) {
	for name, policy := range policies() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(n) {
				r := rand.New(rand.NewPCG(seed, 7))
				law(t, r, policy(r))
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

// applyDisturbed applies the events, with late arrivals, operators and reviews between
// them. It calls each after every step.
func applyDisturbed(r *rand.Rand, p *Policy, c *Contact, events []Event, each func()) {
	for i := range events {
		e := events[i]
		e.Seq = int64(i + 1)
		if r.IntN(8) == 0 {
			e.Held = int64(1 + r.IntN(3))
		}
		e.Received = r.IntN(2) == 0
		p.Apply(c, &e)
		each()
		now := Moment{e.At.Add(time.Duration(r.IntN(48)-12) * time.Hour), e.Seq}
		switch r.IntN(12) {
		case 0:
			p.Review(c, now)
		case 1:
			p.Instruct(c, Instruction{Moment: now, Kind: Suppress, Reason: []string{"manual", "soft_bounce", OptedOut, Complaint}[r.IntN(4)], Origin: Origin(1 + r.IntN(2)), By: "ann"})
		case 2:
			p.Instruct(c, Instruction{Moment: now, Kind: Allow, Reason: []string{"", OptedOut, "soft_bounce", Complaint, "a"}[r.IntN(5)], By: "ann"})
		case 3:
			p.Instruct(c, randomStrike(r, now))
		case 4:
			p.SetUndone(c, int64(1+r.IntN(3)), r.IntN(2) == 0, now)
		case 5:
			p.ReleaseHeld(c, int64(1+r.IntN(3)), now)
		case 6:
			moved := events[r.IntN(i+1)]
			moved.Seq = int64(slices.IndexFunc(events, func(e Event) bool { return e.MessageID == moved.MessageID && e.At == moved.At }) + 1)
			moved.Outcome = []Outcome{SoftBounce, HardBounce, Delivered}[r.IntN(3)]
			p.Reclassify(c, &moved, now, []string{"", OptedOut, "a"}[r.IntN(3)])
		default:
			continue
		}
		each()
	}
}

// randomStrike strikes what happened lately, more or less narrowly.
func randomStrike(r *rand.Rand, now Moment) Instruction {
	in := Instruction{Moment: now, Kind: Strike, Reason: []string{"", "hard_bounce", "soft_bounce", "a"}[r.IntN(4)],
		From: now.At.Add(-time.Duration(r.IntN(10)) * Day), To: now.At, By: "bob", Batch: int64(1 + r.IntN(3))}
	switch r.IntN(7) {
	case 6:
		in.Messages = []uint64{MessageHash("a", "m1"), MessageHash("b", "m2"), MessageHash("a", "m3")}
	case 0:
		in.Rule = "r1"
	case 1:
		in.Source, in.Code = "a", "1404"
	case 2:
		in.Outcome = SoftBounce
	case 3:
		in.Held = int64(1 + r.IntN(3))
	}
	return in
}

func TestJudgingAgainUnderThePolicyInForceChangesNothing(t *testing.T) {
	forCostlyLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{Key: "k"}
		events := randomEvents(r, 10+r.IntN(300), r.IntN(2) == 0)
		if r.IntN(2) == 0 {
			displace(r, events)
		}
		applyDisturbed(r, p, c, events, func() {
			before := c.clone()
			changes := p.Rejudge(c, Moment{start, 0}, "")
			if (len(changes) > 0 || !bytes.Equal(before.Pack(nil), c.Pack(nil))) && !t.Failed() {
				t.Errorf("rejudge gave %+v\nbefore %s\nafter %s", changes, stateText(before), stateText(c))
			}
		})
	})
}

// displace makes some events arrive later than they happened.
func displace(r *rand.Rand, events []Event) {
	for range len(events) / 5 {
		i, j := r.IntN(len(events)), r.IntN(len(events))
		events[i], events[j] = events[j], events[i]
	}
}

func TestAnyOrderOfArrivalGivesTheSameContact(t *testing.T) {
	forRandomLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		events := randomEvents(r, 5+r.IntN(40), true)
		inOrder, shuffled := &Contact{}, &Contact{}
		arrive(t, p, inOrder, events, 0)
		for o := range inOrder.History.outcomes {
			if inOrder.History.outcomes[o].Dropped {
				return
			}
		}
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		arrive(t, p, shuffled, events, 0)
		if a, b := stateText(inOrder), stateText(shuffled); a != b {
			t.Errorf("in order %s\nshuffled %s", a, b)
		}
	})
}

func TestTheSameArchiveTwiceChangesNothing(t *testing.T) {
	forCostlyLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		events := randomEvents(r, 10+r.IntN(600), false)
		if r.IntN(2) == 0 {
			displace(r, events)
		}
		c := &Contact{}
		arrive(t, p, c, events, 0)
		before := c.clone()
		ledger := arrive(t, p, c, events, int64(len(events)))
		if len(ledger) > 0 || stateText(before) != stateText(c) {
			t.Errorf("second reading: ledger %+v\nbefore %s\nafter %s", ledger, stateText(before), stateText(c))
		}
	})
}

func TestAPackedContactIsTheSameContact(t *testing.T) {
	into := &Contact{} // used again and again, as a sweep does
	forCostlyLives(t, func(t *testing.T, r *rand.Rand, p *Policy) {
		c := &Contact{}
		applyDisturbed(r, p, c, randomEvents(r, 1+r.IntN(200), false), func() {
			into.Reset("")
			if err := into.Unpack(c.Pack(nil)); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(c.OpenSuppressions(start), into.OpenSuppressions(start)) || !reflect.DeepEqual(c.StatusChanges(), into.StatusChanges()) {
				t.Errorf("packed %s\nunpacked %s", stateText(c), stateText(into))
			}
			if !reflect.DeepEqual(c.Pack(nil), into.Pack(nil)) {
				t.Error("packing again gives other bytes")
			}
		})
	})
}

func TestAHistoryKeepsTheLatestSixteen(t *testing.T) {
	c := &Contact{}
	for i := range 40 {
		e := Event{Seq: int64(i + 1), At: start.Add(time.Duration(i) * time.Hour), Source: "a", MessageID: fmt.Sprint(i), Outcome: SoftBounce}
		c.History.Add(&e)
	}
	trail := c.History.Outcome(SoftBounce)
	if len(trail.Entries) != EntriesKept || !trail.Dropped || trail.Entries[0].Seq != 25 || trail.First != start {
		t.Errorf("kept %d from seq %d, dropped %t, first %s", len(trail.Entries), trail.Entries[0].Seq, trail.Dropped, trail.First)
	}
}

func FuzzUnpack(f *testing.F) {
	c := &Contact{}
	r := rand.New(rand.NewPCG(1, 2))
	applyDisturbed(r, examplePolicy(), c, randomEvents(r, 60, false), func() {})
	f.Add(c.Pack(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Contact{}
		if c.Unpack(b) == nil {
			c.StatusChanges()
		}
	})
}

// clone is a copy that shares no memory with c.
func (c *Contact) clone() *Contact {
	d := *c
	d.History.kinds = slices.Clone(c.History.kinds)
	for o := range d.History.outcomes {
		d.History.outcomes[o].Entries = slices.Clone(c.History.outcomes[o].Entries)
	}
	d.Suppressions = slices.Clone(c.Suppressions)
	d.Tags = slices.Clone(c.Tags)
	d.Instructions = slices.Clone(c.Instructions)
	return &d
}
