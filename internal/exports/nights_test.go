package exports

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/segments"
	"winnow/store"
	"winnow/store/storetest"
)

// nights are the nights of a new installation under config.example.yaml: a store that
// begins empty, one campaign a day to a fifth of 5,000 contacts, and a run each night.
type nights struct {
	*Exporter
	t    *testing.T
	rand *rand.Rand
	seq  int
	day  int
	last map[int]segments.Run // by night
}

func newNights(t *testing.T) *nights {
	t.Helper()
	path := filepath.Join(t.TempDir(), "winnow.yaml")
	text := strings.ReplaceAll(apptest.ReadFile(t, "../../config.example.yaml"), "${WINNOW_INSIDER_TOKEN}", apptest.Token)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &nights{Exporter: &Exporter{Operations: apptest.Open(t, path)}, t: t, rand: rand.New(rand.NewPCG(7, 7)), last: map[int]segments.Run{}}
}

var firstNight = time.Date(2026, 1, 2, 2, 0, 0, 0, time.UTC)

func (n *nights) event(at time.Time, contact int, outcome hygiene.Outcome) hygiene.Event {
	n.seq++
	names := map[hygiene.Outcome][2]string{hygiene.Sent: {"sent", ""}, hygiene.Delivered: {"delivered", ""}, hygiene.HardBounce: {"undelivered", "1400"},
		hygiene.SoftBounce: {"undelivered", "1404"}, hygiene.Unsubscribed: {"unsubscribed", ""}}
	name := names[outcome]
	return hygiene.Event{ReceivedAt: hygiene.InstantOf(at), At: hygiene.InstantOf(at), Source: "insider", MessageID: fmt.Sprint("m", n.day, "-", contact),
		Name: name[0], Code: name[1], Outcome: outcome, Contact: fmt.Sprintf("crm-%05d", contact), Body: []byte("{}")}
}

// night is a day of callbacks and the run after it. Of every thousand messages 12 are
// hard bounces, or 312 on a bad day, 30 are soft bounces, and 2 recipients opt out.
func (n *nights) night(bad bool) segments.Run {
	n.t.Helper()
	n.day++
	at := firstNight.Add(time.Duration(n.day-1) * hygiene.Day)
	var events []hygiene.Event
	hard := 12
	if bad {
		hard = 312
	}
	for i := range 1000 {
		contact, sentAt := n.rand.IntN(5000), at.Add(-16*time.Hour+time.Duration(i)*30*time.Second)
		events = append(events, n.event(sentAt, contact, hygiene.Sent))
		outcome := hygiene.Delivered
		switch k := n.rand.IntN(1000); {
		case k < hard:
			outcome = hygiene.HardBounce
		case k < hard+30:
			outcome = hygiene.SoftBounce
		case k > 997:
			events = append(events, n.event(sentAt.Add(time.Minute), contact, hygiene.Unsubscribed))
		}
		events = append(events, n.event(sentAt.Add(time.Second), contact, outcome))
	}
	if err := n.Store.Append(n.t.Context(), events, nil); err != nil {
		n.t.Fatal(err)
	}
	result, err := n.Export(n.t.Context(), "nightly", at, func() hygiene.Instant { return hygiene.InstantOf(at) })
	if err != nil {
		n.t.Fatal(err)
	}
	n.last[n.day] = result.Run
	return result.Run
}

func (n *nights) held() (list []int) {
	for day, run := range n.last {
		if run.Status == segments.Held {
			list = append(list, day)
		}
	}
	slices.Sort(list)
	return list
}

// A list that grows from nothing is what every installation begins with: no night of it
// is held.
func TestNoNightOfAGrowingListIsHeld(t *testing.T) {
	storetest.Sequential(t)
	t.Parallel()
	n := newNights(t)
	for range 60 {
		n.night(false)
	}
	if held := n.held(); len(held) > 0 {
		t.Errorf("nights %v are held, the first because %s", held, n.last[held[0]].HeldReason)
	}
	bases, err := n.Store.Bases("nightly")
	if err != nil || bases["reachable"].Rows < 4000 || bases["reachable"].Days != 60 {
		t.Errorf("reachable ends as %+v, %v", bases["reachable"], err)
	}
}

// A provider's bad day in the middle is held, and so is each night after it, as one
// change, until the day is undone.
func TestABadNightIsHeldUntilItIsUndone(t *testing.T) {
	storetest.Sequential(t)
	t.Parallel()
	n := newNights(t)
	for day := range 36 {
		bad := day+1 == 30
		n.night(bad)
		if day+1 != 33 {
			continue
		}
		at := hygiene.InstantOf(firstNight.Add(32*hygiene.Day + time.Hour))
		undo := hygiene.Instruction{Kind: hygiene.Strike, Reason: "hard_bounce", From: hygiene.InstantOf(firstNight.Add(28 * hygiene.Day)), To: hygiene.InstantOf(firstNight.Add(29 * hygiene.Day)), By: "ops"}
		if _, err := n.UndoEvents(t.Context(), undo, store.Batch{Kind: store.UndoBatch, By: "ops"}, at, nil); err != nil {
			t.Fatal(err)
		}
		since, err := StalenessOf(n.Config, n.Store, n.last[33], false)
		if err != nil || since.Batches[store.UndoBatch] < 80 {
			t.Errorf("after the undo the held run is %+v, %v", since, err)
		}
	}
	if held := n.held(); !slices.Equal(held, []int{30, 31, 32, 33}) {
		t.Errorf("nights %v are held, want 30 to 33", held)
	}
	for night, want := range map[int]string{30: `segment "do-not-text" would grow: `, 33: "the change stays, since held run " + n.last[30].Name} {
		if !strings.Contains(n.last[night].HeldReason, want) {
			t.Errorf("night %d is held because %q, want %q", night, n.last[night].HeldReason, want)
		}
	}
}
