package packed

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
)

// somePacked are events of many contacts, more than one piece of the list and of the texts
// takes, whose texts are of all lengths, none included.
func somePacked() (events []hygiene.Event, contacts []string) {
	for i := range 3*listEvents + 1 {
		e := hygiene.Event{
			Seq: int64(i + 1), ReceivedAt: hygiene.Instant(1_000_000 + i), At: hygiene.Instant(999_000 + i), Received: i%2 == 0,
			Source: []string{"insider", "twilio"}[i%2], Name: fmt.Sprint("name-", i%3), Code: fmt.Sprint(1400 + i%7), Outcome: hygiene.Outcome(i%5 + 1),
			MessageID: strings.Repeat("m", i%257), Contact: strings.Repeat("ü", i%128) + fmt.Sprint(i*7919%997),
		}
		contact := e.Contact
		if i%11 == 0 {
			contact = "whole-" + fmt.Sprint(i%13)
		}
		if i%5 == 0 {
			e.To, e.Held = fmt.Sprint("+90555", i), int64(i)
		}
		if i%3 == 0 {
			e.SentTo, e.SentAt = fmt.Sprint("+90532", i), hygiene.Instant(i)
		}
		events, contacts = append(events, e), append(contacts, contact)
	}
	return events, contacts
}

func TestAPackedEventIsUnpackedAsItWas(t *testing.T) {
	events, contacts := somePacked()
	var p Events
	for i := range events {
		p.Add(&events[i], contacts[i])
	}
	if len(p.lists) < 2 || len(p.texts) < 2 {
		t.Fatalf("%d pieces of events and %d of texts: too few to prove anything", len(p.lists), len(p.texts))
	}
	for i := range events {
		if got := p.Event(int32(i)); !reflect.DeepEqual(got, events[i]) {
			t.Fatalf("event %d is\n%+v, and was\n%+v", i, got, events[i])
		}
		if got := p.Contact(int32(i)); got != contacts[i] {
			t.Fatalf("event %d is about %q, want %q", i, got, contacts[i])
		}
	}
}

func TestPackedEventsAreInTheOrderOfTheirContactsAndThenOfTheLog(t *testing.T) {
	events, contacts := somePacked()
	var p Events
	for i := range events {
		p.Add(&events[i], contacts[i])
	}
	order := p.ByContact()
	for i := 1; i < len(order); i++ {
		a, b := order[i-1], order[i]
		if contacts[a] > contacts[b] || contacts[a] == contacts[b] && events[a].Seq >= events[b].Seq {
			t.Fatalf("%q, event %d, comes before %q, event %d", contacts[a], events[a].Seq, contacts[b], events[b].Seq)
		}
	}
	if slices.Sort(order); len(order) != len(events) || order[0] != 0 || int(order[len(order)-1]) != len(events)-1 {
		t.Errorf("%d events are in order, want %d", len(order), len(events))
	}
}
