package hygiene

import (
	"slices"
	"testing"
)

// The numbers are in every packed contact of every store.
func TestTheNumberOfAnOutcomeNeverChanges(t *testing.T) {
	stored := []string{"", "scheduled", "sent", "delivered", "hard_bounce", "soft_bounce", "carrier_violation", "unknown_delivery", "invalid_number",
		"dropped", "sender_fault", "opened", "clicked", "unsubscribed", "resubscribed", "unrecognized", "blocked", "deactivated"}
	for number, name := range stored {
		if got := Outcome(number).String(); got != name {
			t.Errorf("outcome %d is %q, not %q", number, got, name)
		}
	}
	if names := OutcomeNames(); !slices.Equal(names[:len(stored)-1], stored[1:]) {
		t.Errorf("the names are %q", names)
	}
}

// TestALineOfTheTableIsAllThatAnOutcomeNeeds uses each outcome in everything that
// knows outcomes one by one.
func TestALineOfTheTableIsAllThatAnOutcomeNeeds(t *testing.T) {
	if outcomeEnd > 32 {
		t.Fatal("a set of outcomes has 32 bits")
	}
	for o := Scheduled; o < outcomeEnd; o++ {
		if o.String() == "" || o.Noun() == "" {
			t.Errorf("outcome %d has the name %q and the noun %q", o, o, o.Noun())
		}
		if got, err := ParseOutcome(o.String()); err != nil || got != o {
			t.Errorf("%s is read as %s, %v", o, got, err)
		}
		if set := OutcomesOf(o); !set.Has(o) || !slices.Equal(slices.Collect(set.All()), []Outcome{o}) || !allOutcomes.Has(o) {
			t.Errorf("the set of %s is %v", o, set.Names())
		}
		var c, d Contact
		c.History.Add(&Event{Seq: 1, At: start, Source: "a", MessageID: "m", Code: "7", Outcome: o})
		if err := d.Unpack(c.Pack(nil)); err != nil || len(d.History.Outcome(o).Entries) != 1 {
			t.Errorf("a packed %s is unpacked as %+v, %v", o, d.History, err)
		}
		p := NewPolicy([]Rule{{Name: "r", When: counting(1, 0, 0, o), Then: Action{Tag: "t"}}}, "")
		if p.Apply(&Contact{}, &Event{Seq: 1, At: start, Outcome: o}); len(p.triggers[o]) != 1 {
			t.Errorf("%s triggers nothing", o)
		}
	}
	if o := Outcome(outcomeEnd); o.String() != "" {
		t.Errorf("there is an outcome %s behind the last", o)
	}
	if _, err := ParseOutcome(""); err == nil {
		t.Error("the empty name is an outcome")
	}
}

func TestAFailedMessageWasNotDelivered(t *testing.T) {
	failed := FailedOutcomes()
	want := []string{"hard_bounce", "soft_bounce", "carrier_violation", "invalid_number", "dropped", "sender_fault", "blocked"}
	if got := failed.Names(); !slices.Equal(got, want) {
		t.Errorf("failed are %q", got)
	}
	for o := range failed.All() {
		if o == Delivered || o == UnknownDelivery || o == Unrecognized {
			t.Errorf("%s is failed", o)
		}
	}
}
