// Package storetest is the kit for tests that need a store: open one, append
// events, register messages, sweep, and write down what came of it. Each store is
// new, real, and closed after its test.
package storetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/traffic"
	"winnow/store"
	"winnow/store/engine/enginetest"
)

// Start is when the events of tests begin: 2026-01-01, UTC.
const Start = hygiene.Instant(1_767_225_600_000_000)

// Open opens a new store, on the engine that tests run on.
func Open(tb testing.TB) *store.Store {
	tb.Helper()
	return OpenAt(tb, enginetest.New(tb))
}

// OpenAt is [Open] of the store at a location.
func OpenAt(tb testing.TB, location string) *store.Store {
	tb.Helper()
	s, err := store.Open(location)
	if err != nil {
		tb.Fatal(err)
	}
	enginetest.SweepInPortions(tb, location)
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// Event is an event of the source "insider" with the body that goes with it.
func Event(at hygiene.Instant, contact, message string, o hygiene.Outcome) hygiene.Event {
	return traffic.Event(at, contact, message, o)
}

// Append appends the events to the log.
func Append(tb testing.TB, s *store.Store, events ...hygiene.Event) {
	tb.Helper()
	if err := s.Append(tb.Context(), events, nil); err != nil {
		tb.Fatal(err)
	}
}

// Register registers messages for contacts.
func Register(tb testing.TB, s *store.Store, list ...store.Registration) store.Registered {
	tb.Helper()
	did, err := s.Register(tb.Context(), list)
	if err != nil {
		tb.Fatal(err)
	}
	return did
}

// Policy is a policy that the store keeps, so that it may judge: a hard bounce
// suppresses, soft bounces are retried and at the third suppress, until a message
// is delivered.
func Policy(tb testing.TB, s *store.Store) *hygiene.Policy {
	tb.Helper()
	when := func(n int, since hygiene.Outcomes, o ...hygiene.Outcome) *hygiene.When {
		return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(o...), Count: n, Since: since}}
	}
	p := hygiene.NewPolicy([]hygiene.Rule{
		{Name: "hard", When: when(1, 0, hygiene.HardBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "hard_bounce"}}},
		{Name: "retry", When: when(1, 0, hygiene.SoftBounce), Then: hygiene.Action{Retry: &hygiene.RetryAction{After: []time.Duration{4 * time.Hour, hygiene.Day}, Lapse: hygiene.DefaultLapse}}},
		{Name: "rest", When: when(3, hygiene.OutcomesOf(hygiene.Delivered), hygiene.SoftBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "soft_bounce", For: 30 * hygiene.Day}}},
		{Name: "forgive", When: when(1, 0, hygiene.Delivered), Then: hygiene.Action{Release: []string{"soft_bounce"}}},
	}, "test")
	SavePolicy(tb, s, p)
	return p
}

// TwoRules is a policy of two rules with the hash of [Policy], which no store
// keeps yet: a hard bounce suppresses, and so does a second soft bounce, for a
// day.
func TwoRules() *hygiene.Policy {
	when := func(n int, o hygiene.Outcome) *hygiene.When {
		return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(o), Count: n}}
	}
	return hygiene.NewPolicy([]hygiene.Rule{
		{Name: "hard", When: when(1, hygiene.HardBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "hard_bounce"}}},
		{Name: "soft", When: when(2, hygiene.SoftBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "soft_bounce", For: hygiene.Day}}},
	}, "test")
}

// SavePolicy stores the policy under its hash, which it must be before it judges.
func SavePolicy(tb testing.TB, s *store.Store, p *hygiene.Policy) {
	tb.Helper()
	if err := s.SavePolicy(p.Hash, []byte("test"), Start); err != nil {
		tb.Fatal(err)
	}
}

// Sweep sweeps the log to its end, as many events in a transaction as batch says;
// 0 for as many as is good.
func Sweep(tb testing.TB, s *store.Store, p *hygiene.Policy, batch int) store.Swept {
	tb.Helper()
	did, err := s.Sweep(tb.Context(), store.SweepOptions{Policy: p, Now: Start, Batch: batch})
	if err != nil {
		tb.Fatal(err)
	}
	return did
}

// RandomLog is a made-up log of n events: repeats, disorder, events without a
// contact, and the registrations that name it.
func RandomLog(seed uint64, n int) (events []hygiene.Event, registrations []store.Registration) {
	r := rand.New(rand.NewPCG(seed, 3))
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.HardBounce, hygiene.Unrecognized}
	at := Start
	for i := range n {
		if r.IntN(3) > 0 {
			at = at.Add(time.Duration(r.IntN(20)) * time.Hour)
		}
		contact := fmt.Sprint("contact-", r.IntN(8))
		e := Event(at, contact, fmt.Sprintf("%s-m%d", contact, r.IntN(n/4+1)), outcomes[r.IntN(len(outcomes))])
		if r.IntN(8) == 0 {
			e.At = e.At.Add(-time.Duration(r.IntN(100)) * time.Hour)
		}
		if r.IntN(5) == 0 {
			e.Contact = ""
			registrations = append(registrations, store.Registration{Source: e.Source, MessageID: e.MessageID, Contact: contact})
		}
		if i > 0 && r.IntN(6) == 0 {
			again := events[r.IntN(i)]
			again.ReceivedAt, again.At = e.ReceivedAt, e.ReceivedAt
			e = again
		}
		events = append(events, e)
	}
	return events, registrations
}

// LifelikeLog is n events of as many contacts at most, a millisecond apart, most of
// them of sending. Other seeds make other events.
func LifelikeLog(n, contacts int, at hygiene.Instant, seed uint64) []hygiene.Event {
	return traffic.Events(n, contacts, at, time.Millisecond, seed)
}

// AppendMany appends any number of events, in commits of an import's size.
func AppendMany(tb testing.TB, s *store.Store, events []hygiene.Event) {
	tb.Helper()
	for commit := range slices.Chunk(events, 4096) {
		Append(tb, s, commit...)
	}
}

// Dump writes down all that is judged, in a form to compare: every contact as
// packed, its retry's message, and its ledger, the latest entry first. A ledger tells in
// which order winnow learned of events, so it is left out where that is another one in
// portions.
func Dump(tb testing.TB, s *store.Store) string {
	tb.Helper()
	var b strings.Builder
	snapshot, err := s.Snapshot()
	if err != nil {
		tb.Fatal(err)
	}
	defer snapshot.Close()
	err = snapshot.Contacts(tb.Context(), true, func(c *hygiene.Contact) error {
		fmt.Fprintf(&b, "%s %x\n", c.Key, c.Pack(nil))
		if c.Retry != nil {
			fmt.Fprintf(&b, "  retry %s %s\n", c.Retry.MessageID, c.Retry.UniqueArgs)
		}
		if enginetest.InPortions() {
			return nil
		}
		ledger, err := s.Ledger(c.Key, 10_000)
		for i := range ledger {
			ledger[i].ID = 0 // entries of other contacts may lie between
			text, _ := json.Marshal(ledger[i])
			fmt.Fprintf(&b, "  %s\n", text)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return b.String()
}
