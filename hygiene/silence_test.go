package hygiene_test

import (
	"testing"
	"time"

	"winnow/hygiene"
)

// silentTest is {outcome: sent, silent: 72h} with a count.
func silentTest(count int) hygiene.OutcomeTest {
	return hygiene.OutcomeTest{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.Sent), Count: count, Silent: 72 * time.Hour}}
}

func TestAMessageIsSilentUntilATerminalEvent(t *testing.T) {
	sent := hygiene.InstantOf(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	event := func(seq int64, outcome hygiene.Outcome, message string, at hygiene.Instant) hygiene.Event {
		return hygiene.Event{Seq: seq, Source: "a", MessageID: message, Outcome: outcome, At: at, ReceivedAt: at, Contact: "ann"}
	}
	holds := func(at hygiene.Instant, events ...hygiene.Event) bool {
		c := hygiene.Contact{Key: "ann"}
		for i := range events {
			c.History.Add(&events[i])
		}
		return silentTest(1).Holds(&hygiene.Subject{Contact: &c, At: hygiene.EndOf(at)})
	}
	late := sent.Add(100 * time.Hour)
	m1 := event(1, hygiene.Sent, "m1", sent)
	if holds(sent.Add(72*time.Hour-time.Microsecond), m1) || !holds(sent.Add(72*time.Hour), m1) {
		t.Error("a message is not silent from the end of the time on")
	}
	if holds(sent.Add(hygiene.SilentFor+time.Microsecond), m1) {
		t.Error("a message of more than 90 days ago is silent")
	}
	for o := range hygiene.AllOutcomes().All() {
		for _, at := range []hygiene.Instant{sent.Add(-time.Hour), sent.Add(99 * time.Hour)} {
			e := event(2, o, "m1", at)
			if want := !hygiene.TerminalOutcomes().Has(o); o != hygiene.Sent && (holds(late, m1, e) != want || holds(late, e, m1) != want) {
				t.Errorf("with %s at %s: silent is not %v, in whatever order", o, at, want)
			}
			if e.MessageID = "m2"; !holds(late, m1, e) {
				t.Errorf("%s of another message answers this one", o)
			}
			if e.MessageID, e.Source = "m1", "b"; !holds(late, m1, e) {
				t.Errorf("%s of another source answers this message", o)
			}
		}
	}
	if after := event(2, hygiene.Delivered, "m1", late.Add(time.Hour)); holds(late, m1, after) {
		t.Error("what is known does not answer the message")
	}
}

func TestWhatAHistoryNoLongerShowsIsNotSilent(t *testing.T) {
	start := hygiene.InstantOf(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	c := hygiene.Contact{Key: "ann"}
	add := func(outcome hygiene.Outcome, message string, at hygiene.Instant) {
		e := hygiene.Event{Seq: int64(at), Source: "a", MessageID: message, Outcome: outcome, At: at, ReceivedAt: at, Contact: "ann"}
		c.History.Add(&e)
	}
	add(hygiene.Sent, "m0", start)
	add(hygiene.Delivered, "m0", start.Add(time.Minute))
	for i := range 20 { // deliveries of messages of which no sending is known
		add(hygiene.Delivered, string(rune('a'+i)), start.Add(time.Duration(i+1)*time.Hour))
	}
	now := hygiene.EndOf(start.Add(200 * time.Hour))
	if silentTest(1).Holds(&hygiene.Subject{Contact: &c, At: now}) {
		t.Error("a message is silent whose delivery the history has dropped")
	}
	add(hygiene.Sent, "m1", start.Add(30*time.Hour))
	if !silentTest(1).Holds(&hygiene.Subject{Contact: &c, At: now}) {
		t.Error("a message after the oldest kept delivery is not silent")
	}
}
