package answered

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	return hygiene.Event{ReceivedAt: storetest.Start, At: storetest.Start, Source: "insider", MessageID: ID(testRun, message), Name: name, Outcome: hygiene.Delivered, Body: []byte("{}")}
}

// checkOf compares what was answered with a store that has those events and bodies.
func checkOf(t *testing.T, l *Ledger, events []hygiene.Event, bad ...string) *Check {
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

func compareWith(t *testing.T, l *Ledger, s *store.Store) *Check {
	t.Helper()
	c, err := l.Compare(t.Context(), Comparison{Log: s, IsFirst: func(_, name, _ string) bool { return name == "sent" }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ledgerOf is a ledger of so many messages, whose events were answered.
func ledgerOf(messages int64) *Ledger {
	l := &Ledger{Run: testRun, Steps: 2}
	for n := range 2 * messages {
		l.Add(n, bodies.AsEvent, true, false)
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
	if c := checkOf(t, ledgerOf(100), append(allOf(100), other)); !c.OK() || c.Events != 200 || c.Answered != 200 {
		t.Errorf("%+v", c)
	}
}

func TestALostEventIsFound(t *testing.T) {
	events := allOf(100)
	c := checkOf(t, ledgerOf(100), append(events[:51:51], events[52:]...)) // the last event of message 25
	if c.OK() || c.Missing != 1 || c.Double != 0 || len(c.Samples) != 1 || !strings.HasPrefix(c.Samples[0], ID(testRun, 25)+" (event 51): answered once") {
		t.Errorf("%+v", c)
	}
}

func TestADoubleEventIsFound(t *testing.T) {
	c := checkOf(t, ledgerOf(100), append(allOf(100), stored(7, "sent")))
	if c.OK() || c.Double != 1 || c.Missing != 0 || !strings.Contains(fmt.Sprint(c.Samples), "simulated-0a1b2c3d-7 (event 14): in the log 2 times") {
		t.Errorf("%+v", c)
	}
}

func TestARepeatThatWasAnsweredIsStoredTwiceInTheLog(t *testing.T) {
	l := ledgerOf(3)
	l.Add(4, bodies.AsEvent, true, false)
	if c := checkOf(t, l, append(allOf(3), stored(2, "sent"))); !c.OK() {
		t.Errorf("%+v", c)
	}
	if c := checkOf(t, l, allOf(3)); c.OK() || c.Missing != 1 {
		t.Errorf("the repeat is missing: %+v", c)
	}
}

func TestWhatHadNoAnswerMayBeStoredOrNot(t *testing.T) {
	l := ledgerOf(3)
	l.Add(6, bodies.AsEvent, false, true)
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
	l := ledgerOf(3)
	l.Add(7, bodies.AsQuarantine, true, false)
	body := `{"id":{"of":"` + ID(testRun, 3) + `"}}`
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
	l := ledgerOf(3)
	l.Add(7, bodies.AsRefused, false, false)
	if c := checkOf(t, l, allOf(3)); !c.OK() {
		t.Errorf("%+v", c)
	}
	if c := checkOf(t, l, append(allOf(3), stored(3, "delivered"))); c.OK() || c.Double != 1 {
		t.Errorf("it is stored: %+v", c)
	}
}

func TestAnEventThatWasNeverSentIsFound(t *testing.T) {
	if c := checkOf(t, ledgerOf(3), append(allOf(3), stored(9, "sent"))); c.OK() || c.Double != 1 {
		t.Errorf("%+v", c)
	}
}

func TestALedgerIsTheSameFromItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "answered")
	l := ledgerOf(50)
	l.Add(3, bodies.AsQuarantine, true, true)
	if err := l.Save(path, storetest.Start); err != nil {
		t.Fatal(err)
	}
	if err := l.Save(path, storetest.Start); err == nil {
		t.Error("a file that is there is written over")
	}
	got, began, err := Load(path)
	if err != nil || began != storetest.Start || got.Run != l.Run || got.Steps != 2 || !slices.Equal(got.notes, l.notes) {
		t.Errorf("%+v, %v, %v", got, began, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][]byte{nil, text[:len(text)-3], text[:20], append([]byte("x"), text...)} {
		if err := os.WriteFile(path, wrong, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Load(path); err == nil || !strings.Contains(err.Error(), "is not a file that winnow simulate --answered wrote") {
			t.Errorf("%d bytes of %d are read: %v", len(wrong), len(text), err)
		}
	}
}

func TestTheLogIsReadFromTheTimeOfTheRunAndWhollyIfSomethingIsMissing(t *testing.T) {
	s := storetest.Open(t)
	var events []hygiene.Event
	for i := range 40 {
		e := stored(int64(i), "sent")
		e.ReceivedAt = storetest.Start + hygiene.Instant(i)*60_000_000
		e.At = e.ReceivedAt
		events = append(events, e)
	}
	events[35], events[5] = events[5], events[35] // one was pulled from another host much later
	if err := s.Append(t.Context(), events, nil); err != nil {
		t.Fatal(err)
	}
	after, err := LineAt(s, storetest.Start+20*60_000_000)
	if err != nil || after < 15 || after > 20 {
		t.Errorf("the log is read after line %d: %v", after, err)
	}
	l := &Ledger{Run: testRun, Steps: 1}
	for n := range int64(40) {
		l.Add(n, bodies.AsEvent, true, false)
	}
	var read []int64
	c, err := l.Compare(t.Context(), Comparison{Log: s, After: after, IsFirst: func(_, _, _ string) bool { return false }, Show: func(n int64) { read = append(read, n) }})
	if err != nil || !c.OK() || c.Events != 40 || len(read) != 2 || read[0] != 40-after || read[1] != 40 {
		t.Errorf("%+v, %v, read %v", c, err, read)
	}
}
