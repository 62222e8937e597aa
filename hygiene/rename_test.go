package hygiene

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// What an earlier version made of other words is made here with stand-ins, which are
// reasons like any other, and then named as that version did.
var standIns = map[string]string{"w1": "unsubscribed", "w2": "stop", "c0": Complaint, "c1": "spam"}

// earlierContact is the contact as an earlier version stored it.
func earlierContact(c *Contact) *Contact {
	d := c.clone()
	named := func(reason string) string {
		if word, ok := standIns[reason]; ok {
			return word
		}
		return reason
	}
	for i := range d.Suppressions {
		d.Suppressions[i].Reason = named(d.Suppressions[i].Reason)
	}
	d.Instructions = slices.Clone(d.Instructions)
	for i := range d.Instructions {
		in := &d.Instructions[i]
		in.Reason = named(in.Reason)
		in.Lifted = slices.Clone(in.Lifted)
		for j := range in.Lifted {
			in.Lifted[j].Reason = named(in.Lifted[j].Reason)
		}
	}
	slices.SortFunc(d.Suppressions, func(a, b Suppression) int {
		if order := a.Since.Compare(b.Since); order != 0 {
			return order
		}
		return slices.Compare([]string{a.Reason, fmt.Sprint(a.Origin, a.Held)}, []string{b.Reason, fmt.Sprint(b.Origin, b.Held)})
	})
	return d
}

// meanings are the protected reasons for which a contact is suppressed at t, and whether
// it is for any other.
func meanings(c *Contact, t Instant) []string {
	var list []string
	for _, reason := range c.Reasons(t) {
		is, _ := otherWord(reason)
		list = append(list, is)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func wordRules(word, spam string) []Rule {
	return []Rule{
		{Name: "out", When: counting(1, 0, 0, Unsubscribed), Then: suppressFor(word, 0)},
		{Name: "spam", When: counting(1, 0, 0, Clicked), Then: suppressFor(spam, 0)},
		{Name: "hard", When: counting(1, 0, 0, HardBounce), Then: suppressFor("hard_bounce", 0)},
		{Name: "in", When: counting(1, 0, 0, Resubscribed), Then: release(word)},
	}
}

// An upgrade changes no status: a contact that is suppressed stays so, and one that was
// allowed stays so, now and at any later time, and when the contact is judged again.
func TestAnUpgradeKeepsWhatOtherWordsSaid(t *testing.T) {
	renamed, stricter := 0, 0
	for seed := range uint64(max(400, 10**lives)) {
		r := rand.New(rand.NewPCG(seed, 3))
		// Rules of a config with the stand-in, and of the same config today.
		before, today := NewPolicy(wordRules("w1", "c1"), "p"), NewPolicy(wordRules(OptedOut, Complaint), "p")
		if r.IntN(2) == 0 {
			before, today = NewPolicy(wordRules(OptedOut, "c0"), "p"), NewPolicy(wordRules(OptedOut, Complaint), "p")
		}
		c := &Contact{Key: "k"}
		events := randomEvents(r, 25, true)
		for i := range events {
			e := events[i]
			e.Seq = int64(i + 1)
			before.Apply(c, &e)
			if r.IntN(2) == 0 {
				actOfEarlierVersion(r, before, c, c.latest(), int64(i+1))
			}
		}
		end := c.latest().At.Add(Day)
		old := earlierContact(c)
		upgraded := old.clone()
		upgraded.Instructions = slices.Clone(old.Instructions)
		upgraded.renameReasons()
		if upgraded.IsRenamed() {
			renamed++
		}
		for _, when := range []Instant{end, end.Add(20 * Day), end.Add(400 * Day)} {
			if was, is := meanings(old, when), meanings(upgraded, when); !slices.Equal(was, is) {
				t.Fatalf("seed %d: at %s %q were in force, and are %q\n%+v\n%+v", seed, when, was, is, old.Suppressions, upgraded.Suppressions)
			}
		}
		again := upgraded.clone()
		again.Instructions = slices.Clone(upgraded.Instructions)
		today.Rejudge(again, Moment{end, 1000}, "")
		for _, when := range []Instant{end, end.Add(400 * Day)} {
			was := meanings(upgraded, when)
			is := slices.DeleteFunc(meanings(again, when), func(reason string) bool {
				// Someone lifted one word while another stood for a time: the stricter holds.
				return !slices.Contains(was, reason) && slices.ContainsFunc(upgraded.Suppressions, func(s Suppression) bool { return s.Reason == reason && s.Until != 0 })
			})
			if !slices.Equal(was, is) {
				t.Fatalf("seed %d: at %s %q were in force, and judged again %q\n%s", seed, when, was, is, instructionsText(upgraded))
			}
		}
		if len(upgraded.Suppressions) < len(old.Suppressions) {
			stricter++
		}
	}
	if renamed < 50 || stricter < 10 {
		t.Errorf("only %d contacts had other words, of %d two fell together", renamed, stricter)
	}
}

func instructionsText(c *Contact) (text string) {
	for _, in := range c.Instructions {
		text += fmt.Sprintf("%d %q by %d at %s to %s until %s, spares %q, undone %t, lifted %d\n", in.Kind, in.Reason, in.Origin, in.At, in.To, in.Until, in.Spares, in.Undone, len(in.Lifted))
	}
	return text + fmt.Sprintf("%+v", c.Suppressions)
}

// actOfEarlierVersion does what people could: opt-outs alone were protected.
func actOfEarlierVersion(r *rand.Rand, p *Policy, c *Contact, now Moment, batch int64) {
	any := []string{"w1", "w2", "c0", "c1", OptedOut, "hard_bounce"}[r.IntN(6)]
	in := Instruction{Moment: now, Batch: batch}
	switch r.IntN(4) {
	case 0, 1:
		in.Kind, in.Reason, in.Origin = Suppress, any, Origin(1+r.IntN(2))
		if r.IntN(2) == 0 {
			in.Until = now.At.Add(time.Duration(1+r.IntN(60)) * Day)
		}
	case 2:
		in.Kind = Allow
		if r.IntN(2) == 0 {
			in.Reason = any
		}
	case 3:
		in.Kind, in.From, in.To = Strike, now.At.Add(-5*Day), now.At
		if r.IntN(2) == 0 {
			in.Reason = any
		}
	}
	if in.Reason == "" {
		in.Spares = []string{OptedOut}
	}
	p.Instruct(c, in)
}
