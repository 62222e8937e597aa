package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

// merge merges pairs of keys, each of which must be new.
func merge(t *testing.T, s *store.Store, p *hygiene.Policy, at hygiene.Instant, pairs ...string) store.BatchResult {
	t.Helper()
	var list []store.MergePair
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, store.MergePair{Old: pairs[i], New: pairs[i+1]})
	}
	did, err := s.Merge(t.Context(), p, list, store.Batch{By: "ann"}, at, func(m *store.Merge) {
		if !m.Done {
			t.Errorf("%s was not merged into %s: %v", m.Old, m.New, m.Refused)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return did
}

func contact(t *testing.T, s *store.Store, key string) *hygiene.Contact {
	t.Helper()
	c, ok, err := s.Contact(key)
	if err != nil || !ok {
		t.Fatalf("contact %s: %v, %v", key, ok, err)
	}
	return c
}

func suppress(t *testing.T, s *store.Store, p *hygiene.Policy, at hygiene.Instant, reason string, keys ...string) {
	t.Helper()
	in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: reason, By: "ann"}
	if _, err := s.Instruct(p, store.Subjects{Keys: keys}, in, store.Batch{Kind: store.SuppressBatch, By: "ann"}, at); err != nil {
		t.Fatal(err)
	}
}

func TestTheOldKeyOfAMergedContactIsANameOfTheNewOne(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	day := hygiene.Instant(hygiene.Day.Microseconds())
	at := storetest.Start
	storetest.Append(t, s, storetest.Event(at, "old", "m1", hygiene.HardBounce), storetest.Event(at+1, "new", "m2", hygiene.Sent))
	storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m3", Contact: "old", Phone: "+905551112233"})
	storetest.Sweep(t, s, p, 0)
	suppress(t, s, p, at+day, "opted_out", "old")
	if _, err := s.AddToList("staff", []string{"old"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pin(segments.Pin{Contact: "old", Segment: "reachable", Out: true, At: at, By: "ann"}, segments.Pin{Contact: "new", Segment: "reachable", At: at, By: "bob"}); err != nil {
		t.Fatal(err)
	}

	merge(t, s, p, at+2*day, "old", "new")
	for _, key := range []string{"old", "new"} {
		c := contact(t, s, key)
		if c.Key != "new" || c.Phone != "+905551112233" || c.Status(at+3*day) != hygiene.IsSuppressed {
			t.Errorf("%s is %s, %s, %s", key, c.Key, c.Phone, c.Status(at+3*day))
		}
		if got := c.Reasons(at + 3*day); !slices.Equal(got, []string{"hard_bounce", "opted_out"}) {
			t.Errorf("%s is suppressed for %v", key, got)
		}
	}
	if names, err := s.Names("old"); err != nil || !slices.Equal(names, []string{"new", "old"}) {
		t.Errorf("the names are %v, %v", names, err)
	}

	// What comes by the old key afterwards is the new contact's.
	storetest.Append(t, s, storetest.Event(at+4*day, "old", "m4", hygiene.Opened), storetest.Event(at+5*day, "", "m3", hygiene.Clicked))
	storetest.Sweep(t, s, p, 0)
	if c := contact(t, s, "new"); len(c.History.Outcome(hygiene.Opened).Entries) != 1 || len(c.History.Outcome(hygiene.Clicked).Entries) != 1 {
		t.Errorf("the history lacks what came by the old key: %+v", c.History)
	}
	listed := []string{}
	if err := s.OnList(t.Context(), "staff", func(key string) error { listed = append(listed, key); return nil }); err != nil || !slices.Equal(listed, []string{"new"}) {
		t.Errorf("on the list are %v, %v", listed, err)
	}
	pins := []segments.Pin{}
	if err := s.Pins(t.Context(), "", func(p segments.Pin) error { pins = append(pins, p); return nil }); err != nil || len(pins) != 1 || pins[0].Contact != "new" || !pins[0].Out {
		t.Errorf("the pins are %+v, %v", pins, err)
	}
	if totals, err := s.Totals(); err != nil || totals.Contacts != 1 || totals.Aliases != 1 {
		t.Errorf("%d contacts and %d aliases, %v", totals.Contacts, totals.Aliases, err)
	}
}

func TestMergesChainAndACircleIsRefused(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	at := storetest.Start
	storetest.Append(t, s, storetest.Event(at, "a", "m1", hygiene.HardBounce), storetest.Event(at, "b", "m2", hygiene.Sent), storetest.Event(at, "c", "m3", hygiene.Sent))
	storetest.Sweep(t, s, p, 0)
	merge(t, s, p, at+1, "a", "b")
	merge(t, s, p, at+2, "b", "c")
	if c := contact(t, s, "a"); c.Key != "c" || len(c.Parts) != 3 {
		t.Errorf("a is %s of %d parts", c.Key, len(c.Parts))
	}
	for _, pair := range []store.MergePair{{Old: "c", New: "a"}, {Old: "b", New: "a"}, {Old: "c", New: "b"}, {Old: "x", New: "x"}} {
		did, err := s.Merge(t.Context(), p, []store.MergePair{pair}, store.Batch{By: "ann"}, at+3, func(m *store.Merge) {
			if m.Refused == nil || m.Done {
				t.Errorf("%s into %s: %+v", pair.Old, pair.New, m)
			}
		})
		if err != nil || did.Batch != 0 {
			t.Errorf("%v: batch %d, %v", pair, did.Batch, err)
		}
	}
	for _, pair := range []store.MergePair{{Old: "a", New: "b"}, {Old: "a", New: "c"}} {
		_, err := s.Merge(t.Context(), p, []store.MergePair{pair}, store.Batch{By: "ann"}, at+3, func(m *store.Merge) {
			if m.Refused != nil || m.Done {
				t.Errorf("%s into %s again: %+v", pair.Old, pair.New, m)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// Nobody may be asked about by a number and be found free, because the CRM has another
// number of them too.
func TestAMergedContactIsFoundByTheNumbersOfAllItsKeys(t *testing.T) {
	s := storetest.Open(t)
	p := lifelike()
	storetest.SavePolicy(t, s, p)
	at := storetest.Start
	if _, err := s.SaveProfiles([]store.Profile{{Key: "old", HasPhone: true, Phone: "+905551110001"}, {Key: "new", HasPhone: true, Phone: "+905551110002"}}, at); err != nil {
		t.Fatal(err)
	}
	suppress(t, s, p, at+1, "manual", "old")
	first := merge(t, s, p, at+2, "old", "new").Batch
	asked := func() (list []string) {
		t.Helper()
		phones := []string{"+905551110001", "+905551110002", "+905551110003"}
		err := s.FindContactsByPhone(phones, func(i int, c *hygiene.Contact) {
			list = append(list, fmt.Sprint(i, " ", c.Key, " ", strings.Join(c.Reasons(at+10), ",")))
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(list)
		return list
	}
	if got := asked(); !slices.Equal(got, []string{"0 new manual", "1 new manual"}) {
		t.Errorf("merged: %q", got)
	}
	if _, err := s.SaveProfiles([]store.Profile{{Key: "old", HasPhone: true, Phone: "+905551110003"}}, at+3); err != nil {
		t.Fatal(err)
	}
	if got := asked(); !slices.Equal(got, []string{"1 new manual", "2 new manual"}) {
		t.Errorf("with another number: %q", got)
	}
	undo(t, s, p, at+4, first)
	if got := asked(); !slices.Equal(got, []string{"1 new ", "2 old manual"}) {
		t.Errorf("undone: %q", got)
	}
}

func undo(t *testing.T, s *store.Store, p *hygiene.Policy, at hygiene.Instant, batch int64) int64 {
	t.Helper()
	return takeBack(t, s, p, batch, at).Batch
}

func reasons(t *testing.T, s *store.Store, at hygiene.Instant, key string) string {
	t.Helper()
	c, ok, err := s.Contact(key)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return "unknown"
	}
	return c.Key + " " + strings.Join(c.Reasons(at), ",")
}

// Nobody knows whose word it was that came while the two were one.
func TestAWordSaidWhileTwoWereOneStaysOnBoth(t *testing.T) {
	s := storetest.Open(t)
	p := lifelike()
	storetest.SavePolicy(t, s, p)
	at := storetest.Start
	event := func(key, message string, o hygiene.Outcome) {
		at += hygiene.Instant(time.Hour.Microseconds())
		storetest.Append(t, s, storetest.Event(at, key, message, o))
		storetest.Sweep(t, s, p, 0)
	}
	event("old", "m1", hygiene.HardBounce)
	event("new", "m2", hygiene.Sent)
	first := merge(t, s, p, at+1, "old", "new").Batch
	event("new", "m3", hygiene.Unsubscribed)
	event("old", "m4", hygiene.CarrierViolation)
	suppress(t, s, p, at+2, "complaint", "old")
	suppress(t, s, p, at+3, "manual", "new")
	second := undo(t, s, p, at+4, first)
	for key, want := range map[string]string{"old": "old complaint,hard_bounce,opted_out", "new": "new complaint,manual,opted_out"} {
		if got := reasons(t, s, at+5, key); got != want {
			t.Errorf("undone, %s is %s, want %s", key, got, want)
		}
	}
	if h := contact(t, s, "new").History; len(h.Outcome(hygiene.CarrierViolation).Entries) != 0 || len(h.Outcome(hygiene.Unsubscribed).Entries) != 1 {
		t.Errorf("the events of new are %+v", h)
	}
	third := undo(t, s, p, at+6, second)
	if got := reasons(t, s, at+7, "old"); got != "new complaint,hard_bounce,manual,opted_out" {
		t.Errorf("merged again, old is %s", got)
	}
	undo(t, s, p, at+8, third)
	if got := reasons(t, s, at+9, "new"); got != "new complaint,manual,opted_out" {
		t.Errorf("undone once more, new is %s", got)
	}
	ledger, err := s.Ledger("old", 100)
	if err != nil || !slices.ContainsFunc(ledger, func(e store.LedgerEntry) bool { return e.Act == hygiene.Merged }) ||
		!slices.ContainsFunc(ledger, func(e store.LedgerEntry) bool { return e.Act == hygiene.Suppressed && e.Reason == "hard_bounce" }) {
		t.Errorf("the ledger of old is %+v, %v", ledger, err)
	}
}

// An operator who allowed one contact knew nothing of the other.
func TestTheStricterHoldsWhenContactsAreMerged(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {2, 0, 1}, {0, 2, 1}} {
		s := storetest.Open(t)
		p := lifelike()
		storetest.SavePolicy(t, s, p)
		at := storetest.Start
		if _, err := s.SaveProfiles([]store.Profile{{Key: "old"}, {Key: "new"}}, at); err != nil {
			t.Fatal(err)
		}
		steps := []func(){
			func() { suppress(t, s, p, at+1, "opted_out", "old") },
			func() {
				in := hygiene.Instruction{Kind: hygiene.Allow, Reason: "opted_out", By: "ann"}
				if _, err := s.Instruct(p, store.Subjects{Keys: []string{"new"}}, in, store.Batch{Kind: store.AllowBatch}, at+2); err != nil {
					t.Fatal(err)
				}
			},
			func() { merge(t, s, p, at+3, "old", "new") },
		}
		for _, i := range order {
			steps[i]()
		}
		if got := reasons(t, s, at+4, "new"); got != "new opted_out" {
			t.Errorf("in the order %v new is %s", order, got)
		}
		in := hygiene.Instruction{Kind: hygiene.Allow, Reason: "opted_out", By: "ann"}
		if _, err := s.Instruct(p, store.Subjects{Keys: []string{"old"}}, in, store.Batch{Kind: store.AllowBatch}, at+5); err != nil {
			t.Fatal(err)
		}
		if got := reasons(t, s, at+6, "new"); got != "new " {
			t.Errorf("allowed by its old name, new is %s", got)
		}
	}
}

func TestTwoUnknownContactsAreMergedAndStayUnknown(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	at := storetest.Start
	first := merge(t, s, p, at, "a", "b", "b", "c").Batch
	if totals, err := s.Totals(); err != nil || totals.Contacts != 0 || totals.Aliases != 2 {
		t.Errorf("%d contacts, %d aliases, %v", totals.Contacts, totals.Aliases, err)
	}
	storetest.Append(t, s, storetest.Event(at+1, "a", "m1", hygiene.HardBounce))
	storetest.Sweep(t, s, p, 0)
	if got := reasons(t, s, at+2, "b"); got != "c hard_bounce" {
		t.Errorf("b is %s", got)
	}
	undo(t, s, p, at+3, first)
	for key, want := range map[string]string{"a": "a hard_bounce", "b": "unknown", "c": "unknown"} {
		if got := reasons(t, s, at+4, key); got != want {
			t.Errorf("undone, %s is %s", key, got)
		}
	}
	if totals, err := s.Totals(); err != nil || totals.Contacts != 1 || totals.Aliases != 0 {
		t.Errorf("undone: %d contacts, %d aliases, %v", totals.Contacts, totals.Aliases, err)
	}
}

func TestAMergeCanNotComeBackOverALaterOne(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	at := storetest.Start
	storetest.Append(t, s, storetest.Event(at, "a", "m1", hygiene.HardBounce))
	storetest.Sweep(t, s, p, 0)
	back := undo(t, s, p, at+2, merge(t, s, p, at+1, "a", "b").Batch)
	later := merge(t, s, p, at+3, "a", "c").Batch
	if _, err := s.PlanUndo(back); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("a was merged into c since, by batch %d", later)) {
		t.Errorf("it can be put back in force: %v", err)
	}
	undo(t, s, p, at+4, later)
	undo(t, s, p, at+5, back)
	if got := reasons(t, s, at+6, "a"); got != "b hard_bounce" {
		t.Errorf("a is %s", got)
	}
}

func TestTheIDOfAMergedContactIsNotGivenOutAgain(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	at := storetest.Start
	storetest.Append(t, s, storetest.Event(at, "new", "m1", hygiene.Sent), storetest.Event(at, "old", "m2", hygiene.HardBounce))
	storetest.Sweep(t, s, p, 0)
	first := merge(t, s, p, at+1, "old", "new").Batch
	storetest.Append(t, s, storetest.Event(at+2, "other", "m3", hygiene.HardBounce))
	storetest.Sweep(t, s, p, 0)
	undo(t, s, p, at+3, first)
	for key, want := range map[string]int{"old": 1, "other": 1, "new": 0} {
		ledger, err := s.Ledger(key, 100)
		n := 0
		for _, e := range ledger {
			if e.Act == hygiene.Suppressed && e.Batch == 0 {
				n++
			}
		}
		if err != nil || n != want {
			t.Errorf("the ledger of %s has %d suppressions by rules, want %d: %+v, %v", key, n, want, ledger, err)
		}
	}
}

// mergeUntilKilled is what the process does that is killed.
func mergeUntilKilled(path string) {
	s, err := store.Open(path)
	if err != nil {
		panic(err)
	}
	if _, err := s.Merge(context.Background(), lifelike(), manyPairs(), store.Batch{By: "crm"}, storetest.Start.Add(hygiene.Day), nil); err != nil {
		panic(err)
	}
	os.Exit(0)
}

func manyPairs() (pairs []store.MergePair) {
	for i := range 1500 {
		pairs = append(pairs, store.MergePair{Old: fmt.Sprint("old-", i), New: fmt.Sprint("new-", i)})
	}
	return pairs
}

func TestAMergeKilledAnywhereIsFinishedByRepeatingIt(t *testing.T) {
	storetest.Sequential(t)
	prepare := func(path string) *store.Store {
		s, err := store.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		storetest.SavePolicy(t, s, lifelike())
		var events []hygiene.Event
		for i := range 1500 {
			at := storetest.Start.Add(time.Duration(i) * time.Second)
			events = append(events, storetest.Event(at, fmt.Sprint("old-", i), fmt.Sprint("m-old-", i), hygiene.HardBounce),
				storetest.Event(at, fmt.Sprint("new-", i), fmt.Sprint("m-new-", i), hygiene.Sent))
		}
		storetest.AppendMany(t, s, events)
		storetest.Sweep(t, s, lifelike(), 0)
		return s
	}
	never := prepare(enginetest.Location(t))
	at := storetest.Start.Add(hygiene.Day)
	if _, err := never.Merge(t.Context(), lifelike(), manyPairs(), store.Batch{By: "crm"}, at, nil); err != nil {
		t.Fatal(err)
	}
	want := judged(storetest.Dump(t, never))
	never.Close()

	path := enginetest.Location(t)
	prepare(path).Close()
	r := rand.New(rand.NewPCG(3, 3))
	kills := 0
	for range 4 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "WINNOW_TEST_MERGE="+path)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(20+r.IntN(80))*time.Millisecond, func() { child.Process.Signal(syscall.SIGKILL) })
		err := child.Wait()
		timer.Stop()
		if err == nil {
			break
		}
		kills++
	}
	s, err := store.OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Merge(t.Context(), lifelike(), manyPairs(), store.Batch{By: "crm"}, at, nil); err != nil {
		t.Fatal(err)
	}
	batches := regexp.MustCompile(`"Batch":\d+`)
	if got := judged(storetest.Dump(t, s)); batches.ReplaceAllString(got, "") != batches.ReplaceAllString(want, "") {
		t.Errorf("after %d kills\n%.2000s\nnever killed\n%.2000s", kills, got, want)
	}
	if kills == 0 {
		t.Error("nothing was killed: the merge is too short for this test")
	}
	// Undone batch after batch, interrupted or not, all is as it was.
	list, err := s.Batches(store.BatchFilter{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range list {
		undo(t, s, lifelike(), at+1, b.ID)
	}
	if _, err := s.Sweep(t.Context(), options(lifelike(), at)); err != nil {
		t.Fatal(err)
	}
	if totals, err := s.Totals(); err != nil || totals.Contacts != 3000 || totals.Aliases != 0 || totals.Statuses["suppressed"] != 1500 {
		t.Errorf("undone: %+v, %v", totals, err)
	}
}
