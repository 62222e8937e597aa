package simulate

import (
	"fmt"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/internal/simulate/bodies"
	"winnow/store"
	"winnow/store/storetest"
)

const testRun = "0a1b2c3d"

// stored is an event of the run as the log has it.
func stored(message int64, name string) hygiene.Event {
	return hygiene.Event{ReceivedAt: storetest.Start, At: storetest.Start, Source: "insider", MessageID: idOf(testRun, message), Name: name, Outcome: hygiene.Delivered, Body: []byte("{}")}
}

// checkOf compares what was answered with a store that has those events and bodies.
func checkOf(t *testing.T, l *ledger, events []hygiene.Event, bad ...string) *Check {
	t.Helper()
	s := storetest.Open(t)
	var unreadable []hygiene.Unreadable
	for _, body := range bad {
		unreadable = append(unreadable, hygiene.Unreadable{ReceivedAt: storetest.Start, Source: "insider", Why: "broken", Body: []byte(body)})
	}
	if err := s.Append(t.Context(), events, unreadable); err != nil {
		t.Fatal(err)
	}
	return compareWith(t, l, s)
}

func compareWith(t *testing.T, l *ledger, s *store.Store) *Check {
	t.Helper()
	c := &checked{run: testRun, steps: 2, notes: l.notes, isFirst: func(_, name, _ string) bool { return name == "sent" }}
	if err := c.read(t.Context(), s, 0); err != nil {
		t.Fatal(err)
	}
	return c.compare()
}

// answered is a ledger of so many messages, whose events were answered.
func answered(messages int64) *ledger {
	l := &ledger{}
	for n := range 2 * messages {
		l.add(n, bodies.AsEvent, true, false)
	}
	return l
}

func allOf(messages int64) (events []hygiene.Event) {
	for m := range messages {
		events = append(events, stored(m, "sent"), stored(m, "delivered"))
	}
	return events
}

func TestWhatWasAnsweredAndIsStoredOnceIsRight(t *testing.T) {
	other := stored(3, "sent")
	other.MessageID = strings.Replace(other.MessageID, testRun, "ffffffff", 1) // of another run
	if c := checkOf(t, answered(100), append(allOf(100), other)); !c.OK() || c.Events != 200 || c.Answered != 200 {
		t.Errorf("%+v", c)
	}
}

func TestALostEventIsFound(t *testing.T) {
	events := allOf(100)
	c := checkOf(t, answered(100), append(events[:51:51], events[52:]...)) // the last event of message 25
	if c.OK() || c.Missing != 1 || c.Double != 0 || len(c.Samples) != 1 || !strings.HasPrefix(c.Samples[0], idOf(testRun, 25)+" (event 51): answered once") {
		t.Errorf("%+v", c)
	}
}

func TestADoubleEventIsFound(t *testing.T) {
	c := checkOf(t, answered(100), append(allOf(100), stored(7, "sent")))
	if c.OK() || c.Double != 1 || c.Missing != 0 || !strings.Contains(fmt.Sprint(c.Samples), "simulated-0a1b2c3d-7 (event 14): in the log 2 times") {
		t.Errorf("%+v", c)
	}
}

func TestARepeatThatWasAnsweredIsStoredTwiceInTheLog(t *testing.T) {
	l := answered(3)
	l.add(4, bodies.AsEvent, true, false)
	if c := checkOf(t, l, append(allOf(3), stored(2, "sent"))); !c.OK() {
		t.Errorf("%+v", c)
	}
	if c := checkOf(t, l, allOf(3)); c.OK() || c.Missing != 1 {
		t.Errorf("the repeat is missing: %+v", c)
	}
}

func TestWhatHadNoAnswerMayBeStoredOrNot(t *testing.T) {
	l := answered(3)
	l.add(6, bodies.AsEvent, false, true)
	for _, events := range [][]hygiene.Event{allOf(3), append(allOf(3), stored(3, "sent"))} {
		if c := checkOf(t, l, events); !c.OK() || c.Uncertain != 1 {
			t.Errorf("%+v", c)
		}
	}
	if c := checkOf(t, l, append(allOf(3), stored(3, "sent"), stored(3, "sent"))); c.OK() || c.Double != 1 {
		t.Errorf("twice: %+v", c)
	}
}

func TestALieIsInQuarantineAndNowhereElse(t *testing.T) {
	l := answered(3)
	l.add(7, bodies.AsQuarantine, true, false)
	body := `{"id":{"of":"` + idOf(testRun, 3) + `"}}`
	if c := checkOf(t, l, allOf(3), body); !c.OK() || c.Quarantined != 1 {
		t.Errorf("%+v", c)
	}
	if c := checkOf(t, l, append(allOf(3), stored(3, "delivered"))); c.OK() || c.Misplaced != 1 {
		t.Errorf("as an event: %+v", c)
	}
	if c := checkOf(t, l, allOf(3)); c.OK() || c.Missing != 1 {
		t.Errorf("nowhere: %+v", c)
	}
}

func TestWhatWasRefusedIsNotStored(t *testing.T) {
	l := answered(3)
	l.add(7, bodies.AsRefused, false, false)
	if c := checkOf(t, l, allOf(3)); !c.OK() {
		t.Errorf("%+v", c)
	}
	if c := checkOf(t, l, append(allOf(3), stored(3, "delivered"))); c.OK() || c.Double != 1 {
		t.Errorf("it is stored: %+v", c)
	}
}

func TestAnEventThatWasNeverSentIsFound(t *testing.T) {
	if c := checkOf(t, answered(3), append(allOf(3), stored(9, "sent"))); c.OK() || c.Double != 1 {
		t.Errorf("%+v", c)
	}
}
