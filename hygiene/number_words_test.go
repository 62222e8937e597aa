package hygiene

import (
	"testing"
	"time"
)

// The config refuses such rules, but a file of an earlier version may have one.
func TestAWordThatARuleOpensForAContactReachesItsNumber(t *testing.T) {
	turk := AttributeTest{Name: "country", Comparison: Comparison{Op: Is, Values: []Value{ParseValue("TR")}}}
	for name, rule := range map[string]Rule{
		"event":  {Name: "some", When: &When{Counting{Outcomes: OutcomesOf(Unsubscribed), Count: 1}}, Where: turk, Then: Action{Suppress: &SuppressAction{Reason: OptedOut}}},
		"review": {Name: "some", Where: All{turk, OutcomeTest{Counting{Outcomes: OutcomesOf(Unsubscribed), Count: 1}}}, Then: Action{Suppress: &SuppressAction{Reason: OptedOut}}},
	} {
		back := Rule{Name: "back", When: &When{Counting{Outcomes: OutcomesOf(Resubscribed), Count: 1}}, Then: Action{Release: []string{OptedOut}}}
		p := NewPolicy([]Rule{rule, back}, "hash")
		p.UseNumbers([]string{"hard_bounce"})
		n := newNeighbours(p, 3)
		n.contacts[0].Attributes = Attributes{{Name: "country", Value: ParseValue("TR")}}
		n.takes(0, 0, "+901")
		n.takes(1, 0, "+901")
		n.takes(2, 0, "+901")
		happens := func(i, day int, o Outcome) {
			at := start.Add(time.Duration(day) * Day)
			p.Apply(n.contacts[i], &Event{Seq: int64(day), At: at, ReceivedAt: at, Source: "a", MessageID: "m" + o.String(), Outcome: o})
			now := EndOf(at.Add(time.Hour))
			p.Review(n.contacts[i], now)
			n.changed(i, now)
		}
		happens(1, 1, Unsubscribed) // which the rule leaves
		n.expect(t, name+": of another", "", "", "", "nobody", "nobody")
		happens(0, 2, Unsubscribed)
		n.expect(t, name+": opened", OptedOut, "", "", OptedOut, "nobody")
		if s := n.numbers["+901"].OpenSuppressions(start.Add(3 * Day)); len(s) != 1 || n.numbers["+901"].GiverOf(&s[0]) != 1 {
			t.Errorf("%s: %+v is not said to be of the contact", name, s)
		}
		n.takes(0, 3, "+902")
		n.expect(t, name+": moved", OptedOut, "", "", OptedOut, "nobody")
		n.takes(0, 4, "+901")
		if rule.When != nil { // a review opens it again
			happens(0, 5, Resubscribed)
			n.expect(t, name+": taken back", "", "", "", "", "nobody")
		}
	}
}
