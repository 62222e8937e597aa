package hygiene

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRulesActAsTheyThink holds what rules are said to think against what they
// do, in random lives in order of time.
func TestRulesActAsTheyThink(t *testing.T) {
	for name, make := range policies() {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(300) {
				r := rand.New(rand.NewPCG(seed, 7))
				p, c := make(r), &Contact{}
				for i, e := range randomEvents(r, 40, true) {
					e.Seq, e.ReceivedAt = int64(i+1), e.At
					changes, added := p.Apply(c, &e)
					if added == Added {
						thinksAsItActs(t, p, c, changes, p.Thoughts(c, &e))
					} else if thoughts := p.Thoughts(c, &e); thoughts != nil {
						t.Fatalf("of what is ignored there are thoughts: %+v", thoughts)
					}
					if r.IntN(8) == 0 {
						in := Instruction{Moment: e.Moment(), Kind: Allow, Reason: []string{"", "a", "soft_bounce"}[r.IntN(3)]}
						p.Instruct(c, in)
					}
				}
			}
		})
	}
}

func thinksAsItActs(t *testing.T, p *Policy, c *Contact, changes []Change, thoughts []Thought) {
	t.Helper()
	for _, th := range thoughts {
		acted := slices.ContainsFunc(changes, func(c Change) bool { return c.Rule == th.Rule && c.Act != RetryEnded })
		r := &p.Rules[slices.IndexFunc(p.Rules, func(r Rule) bool { return r.Name == th.Rule })]
		undone := slices.ContainsFunc(changes, func(c Change) bool { return c.Act == Released || c.Act == Untagged })
		open := r.Then.Suppress != nil && c.suppression(suppressionKey{reason: r.Then.Suppress.Reason}) >= 0
		switch {
		case acted && !th.Holds:
			t.Fatalf("%s acted: %+v, and is said not to hold: %s", th.Rule, changes, th.Why)
		case th.Holds && !acted && r.Then.Suppress != nil && !open && !undone && !strings.Contains(th.Idle, "struck"):
			t.Fatalf("%s is said to hold (%s), changed nothing, and nothing is suppressed", th.Rule, th.Why)
		case th.Holds && !acted && r.Then.Tag != "" && !c.HasTag(r.Then.Tag) && !undone:
			t.Fatalf("%s is said to hold (%s), changed nothing, and there is no tag", th.Rule, th.Why)
		case th.Why == "" || th.Holds && th.Idle == "":
			t.Fatalf("%s thought nothing: %+v", th.Rule, th)
		}
	}
	for _, change := range changes {
		about := func(th Thought) bool { return th.Rule == change.Rule }
		if change.Rule != "" && change.Act != RetryEnded && !slices.ContainsFunc(thoughts, about) {
			t.Fatalf("%s did %+v without a thought", change.Rule, change)
		}
	}
}

func TestReviewRulesActAsTheyThink(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 8))
		p, c := hardPolicy(), &Contact{}
		events := randomEvents(r, 20, true)
		arrive(t, p, c, events, 0)
		for day := range 8 {
			now := Moment{At: events[19].At.Add(time.Duration(day) * Day), Seq: 20}
			thoughts := p.ReviewThoughts(c, now)
			if len(thoughts) != 2 {
				t.Fatalf("two rules of the review thought %+v", thoughts)
			}
			for _, change := range p.Review(c, now) {
				if i := slices.IndexFunc(thoughts, func(th Thought) bool { return th.Rule == change.Rule }); i >= 0 && !thoughts[i].Holds {
					t.Fatalf("%s did %+v and is said not to hold: %s", change.Rule, change, thoughts[i].Why)
				}
			}
		}
	}
}

func TestThoughtsTellTheValueThatDecided(t *testing.T) {
	byCode := counting(1, 0, 0, SoftBounce)
	byCode.Codes, byCode.Source = []string{"1405"}, "a"
	abroad := counting(1, 0, 0, SoftBounce)
	rest := counting(2, 0, OutcomesOf(Delivered), SoftBounce)
	p := NewPolicy([]Rule{
		{Name: "code", When: byCode, Then: Action{Tag: "t"}},
		{Name: "where", When: abroad, Where: AttributeTest{"country", Comparison{Op: Is, Values: []Value{{Text, "TR"}}}}, Then: Action{Tag: "u"}},
		{Name: "rest", When: rest, Then: Action{Suppress: &SuppressAction{Reason: "soft_bounce"}}},
		{Name: "retry", When: counting(1, 0, 0, SoftBounce), Then: Action{Retry: &RetryAction{After: []time.Duration{time.Hour}, Lapse: Day}}},
	}, "")
	c := &Contact{Attributes: Attributes{}.With("country", Value{Text, "DE"})}
	think := func(seq int64, source, code string, o Outcome) []Thought {
		e := Event{Seq: seq, At: start.Add(time.Duration(seq) * time.Hour), Source: source, Code: code, Outcome: o, MessageID: string(rune('a' + seq))}
		p.Apply(c, &e)
		return p.Thoughts(c, &e)
	}
	first, delivery := think(1, "a", "1404", SoftBounce), think(2, "a", "", Delivered)
	if len(delivery) != 0 {
		t.Errorf("no rule names a delivery: %+v", delivery)
	}
	second, third, fourth := think(3, "b", "", SoftBounce), think(4, "a", "", SoftBounce), think(5, "a", "1405", SoftBounce)
	for i, want := range []struct {
		thought Thought
		holds   bool
		words   string
	}{
		{first[0], false, "its code is 1404, the rule asks for 1405"},
		{second[0], false, "it is of source b, not of a"},
		{third[0], false, "it has no code, the rule asks for 1405"},
		{fourth[0], true, "1 counted"},
		{first[1], false, `where is not true: country is "DE"`},
		{second[2], false, "1 of 2 counted"},
		{second[2], false, "not after the delivery of 2026-01-01T02:00:00Z"},
		{third[2], true, "2 counted"},
		{second[3], true, "1 since the last delivery"},
	} {
		if want.thought.Holds != want.holds || !strings.Contains(want.thought.Why, want.words) {
			t.Errorf("%d: %+v does not say %q", i, want.thought, want.words)
		}
	}
	if fourth[2].Idle != "suppressed for soft_bounce already, for good" || fourth[3].Idle != "no retry while suppressed" {
		t.Errorf("idle: %+v", fourth)
	}
}
