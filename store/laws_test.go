package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
)

// randomLog is a made-up log: repeats, disorder, events without a contact and
// the registrations that name it, later.
func randomLog(seed uint64, n int) (events []hygiene.Event, registrations []Registration) {
	r := rand.New(rand.NewPCG(seed, 3))
	outcomes := []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.SoftBounce, hygiene.SoftBounce, hygiene.HardBounce, hygiene.Unrecognized}
	at := start
	for i := range n {
		if r.IntN(3) > 0 {
			at = at.Add(time.Duration(r.IntN(20)) * time.Hour)
		}
		contact := fmt.Sprint("contact-", r.IntN(8))
		e := ev(at, contact, fmt.Sprintf("%s-m%d", contact, r.IntN(n/4+1)), outcomes[r.IntN(len(outcomes))])
		if r.IntN(8) == 0 {
			e.At = e.At.Add(-time.Duration(r.IntN(100)) * time.Hour)
		}
		if r.IntN(5) == 0 {
			e.Contact = ""
			registrations = append(registrations, Registration{MessageID: e.MessageID, Contact: contact})
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

// picture is all that is judged, in a form to compare: every contact as packed,
// its retry's message, and its ledger from the first entry on.
func picture(t *testing.T, s *Store) string {
	t.Helper()
	var b strings.Builder
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	err = snapshot.Contacts(context.Background(), true, func(c *hygiene.Contact) error {
		fmt.Fprintf(&b, "%s %x\n", c.Key, c.Pack(nil))
		if c.Retry != nil {
			fmt.Fprintf(&b, "  retry %s %s\n", c.Retry.MessageID, c.Retry.UniqueArgs)
		}
		ledger, err := s.Ledger(c.Key, 10_000)
		for i := range ledger {
			ledger[i].ID = 0 // where others' entries stand between does not matter
			text, _ := json.Marshal(ledger[i])
			fmt.Fprintf(&b, "  %s\n", text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// files makes a run of everyone and of those who may be tried again, and reads it.
func files(t *testing.T, s *Store, p *hygiene.Policy) map[string]string {
	t.Helper()
	asOf := start.Add(60 * hygiene.Day)
	plan := segments.Plan{
		Export:   segments.Export{Name: "nightly", Segments: []string{"everyone", "do-not-text"}, Formats: []segments.Format{segments.CSV, segments.JSON}, Keep: 1},
		Segments: []segments.Segment{{Name: "everyone", Suppressed: segments.Include}, {Name: "do-not-text", Suppressed: segments.Only}},
		Run:      segments.Run{Export: "nightly", Name: segments.RunName(asOf), ScheduledAt: asOf, AsOf: asOf, Policy: p.Hash},
	}
	for _, name := range []string{"contact", "status", "reasons", "message_id", "unique_args", "due_at", "last_seen", "soft_bounce_count"} {
		column, err := segments.ParseColumn(name)
		if err != nil {
			t.Fatal(err)
		}
		plan.Segments[0].Columns = append(plan.Segments[0].Columns, column)
	}
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer snapshot.Close()
	folder := t.TempDir()
	if _, err := segments.Execute(context.Background(), plan, snapshot, []segments.Publisher{local.Folder(folder)}, nil); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	paths, _ := filepath.Glob(filepath.Join(folder, "nightly", "latest", "*"))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(path)] = string(text)
	}
	if len(found) != 5 {
		t.Fatalf("the run holds %d files", len(found))
	}
	return found
}

func sweepAll(t *testing.T, s *Store, p *hygiene.Policy, batch int) {
	t.Helper()
	o := options(p, start)
	o.batch = batch
	if _, err := s.Sweep(context.Background(), o); err != nil {
		t.Fatal(err)
	}
}

func TestAnyCutOfTheLogIntoSweepsGivesTheSameContactsAndLedger(t *testing.T) {
	for seed := range uint64(6) {
		events, registrations := randomLog(seed, 300)
		whole := openStore(t)
		p := testPolicy(t, whole)
		if _, err := whole.Register(context.Background(), registrations); err != nil {
			t.Fatal(err)
		}
		appendEvents(t, whole, events...)
		sweepAll(t, whole, p, 0)

		cut := openStore(t)
		testPolicy(t, cut)
		if _, err := cut.Register(context.Background(), registrations); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 9))
		for rest := events; len(rest) > 0; {
			n := min(1+r.IntN(40), len(rest))
			appendEvents(t, cut, rest[:n]...)
			rest = rest[n:]
			if r.IntN(2) == 0 {
				sweepAll(t, cut, p, 1+r.IntN(20))
			}
		}
		sweepAll(t, cut, p, 7)
		if a, b := picture(t, whole), picture(t, cut); a != b {
			t.Fatalf("seed %d: in one sweep\n%s\ncut\n%s", seed, a, b)
		}
		if a, b := files(t, whole, p), files(t, cut, p); !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: in one sweep %q, cut %q", seed, a, b)
		}
	}
}

func TestTheSendLogMayComeAnyTime(t *testing.T) {
	events, registrations := randomLog(4, 120)
	for i := range events { // in order, so that no history overflows
		events[i].At = events[i].ReceivedAt
	}
	early, late := openStore(t), openStore(t)
	p := testPolicy(t, early)
	testPolicy(t, late)
	if _, err := early.Register(context.Background(), registrations); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Store{early, late} {
		appendEvents(t, s, events...)
		sweepAll(t, s, p, 0)
	}
	if _, err := late.Register(context.Background(), registrations); err != nil {
		t.Fatal(err)
	}
	sweepAll(t, late, p, 0)
	for i := range 8 {
		key := fmt.Sprint("contact-", i)
		a, _, errA := early.Contact(key)
		b, _, errB := late.Contact(key)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if !bytes.Equal(a.Pack(nil), b.Pack(nil)) && !overflowed(a) {
			t.Errorf("%s: registered before %+v\nafter %+v", key, a.Suppressions, b.Suppressions)
		}
	}
}

func overflowed(c *hygiene.Contact) bool {
	for _, name := range hygiene.OutcomeNames() {
		o, _ := hygiene.ParseOutcome(name)
		if c.History.Trail(o).Dropped {
			return true
		}
	}
	return false
}

func TestTheSameArchiveTwiceChangesNothingInTheStore(t *testing.T) {
	for seed := range uint64(4) {
		events, _ := randomLog(seed, 400)
		s := openStore(t)
		p := testPolicy(t, s)
		appendEvents(t, s, events...)
		sweepAll(t, s, p, 0)
		before := picture(t, s)
		appendEvents(t, s, events...)
		sweepAll(t, s, p, 0)
		// The record of repeats may grow; what is judged may not.
		if a, b := judged(before), judged(picture(t, s)); a != b {
			t.Fatalf("seed %d: once\n%s\ntwice\n%s", seed, a, b)
		}
	}
}

// judged leaves the packed bytes out of a picture.
func judged(picture string) string {
	var b strings.Builder
	for line := range strings.Lines(picture) {
		if !strings.HasPrefix(line, " ") {
			line, _, _ = strings.Cut(line, " ")
			line += "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestCountsByStatusAreWhatAPassOverEveryoneCounts(t *testing.T) {
	events, _ := randomLog(11, 400)
	s := openStore(t)
	p := testPolicy(t, s)
	appendEvents(t, s, events...)
	sweepAll(t, s, p, 0)
	last := events[len(events)-1].ReceivedAt
	for _, now := range []hygiene.Instant{start, start.Add(20 * hygiene.Day), last, last.Add(5 * time.Hour), last.Add(40 * hygiene.Day)} {
		want := map[string]int64{"active": 0, "cooling": 0, "retry": 0, "suppressed": 0}
		snapshot, err := s.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		err = snapshot.Contacts(context.Background(), false, func(c *hygiene.Contact) error {
			want[c.Status(now).String()]++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		snapshot.Close()
		if _, err := s.Sweep(context.Background(), options(p, now)); err != nil {
			t.Fatal(err)
		}
		got, err := s.Totals()
		if err != nil || fmt.Sprint(got.Statuses) != fmt.Sprint(want) {
			t.Errorf("at %s counted %v, %v; want %v", now, got.Statuses, err, want)
		}
	}
}

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("WINNOW_TEST_SWEEP"); path != "" {
		sweepUntilKilled(path)
		return
	}
	os.Exit(m.Run())
}

func sweepUntilKilled(path string) {
	s, err := Open(path)
	if err != nil {
		panic(err)
	}
	o := SweepOptions{Policy: hygiene.NewPolicy(nil, "test"), batch: 3}
	o.Policy = killPolicy()
	if _, err := s.Sweep(context.Background(), o); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// killPolicy is testPolicy without a store to keep it in.
func killPolicy() *hygiene.Policy {
	when := func(n int, o hygiene.Outcome) *hygiene.When {
		return &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(o), Count: n}}
	}
	return hygiene.NewPolicy([]hygiene.Rule{
		{Name: "hard", When: when(1, hygiene.HardBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "hard_bounce"}}},
		{Name: "soft", When: when(2, hygiene.SoftBounce), Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "soft_bounce", For: hygiene.Day}}},
	}, "test")
}

func TestASweepKilledAnywhereRepeatsWithoutHarm(t *testing.T) {
	events, _ := randomLog(21, 600)
	prepare := func(path string) *Store {
		s, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.KeepPolicy("test", []byte("test"), start); err != nil {
			t.Fatal(err)
		}
		appendEvents(t, s, events...)
		return s
	}
	never := prepare(filepath.Join(t.TempDir(), "winnow.db"))
	sweepAll(t, never, killPolicy(), 0)
	want := picture(t, never)
	never.Close()

	r := rand.New(rand.NewPCG(5, 5))
	path := filepath.Join(t.TempDir(), "winnow.db")
	prepare(path).Close()
	kills := 0
	for range 30 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "WINNOW_TEST_SWEEP="+path)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(5+r.IntN(40))*time.Millisecond, func() { child.Process.Signal(syscall.SIGKILL) })
		err := child.Wait()
		timer.Stop()
		if err == nil {
			break
		}
		kills++
	}
	s, err := OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sweepAll(t, s, killPolicy(), 0)
	if ok, err := s.roster.c.text("PRAGMA integrity_check"); err != nil || ok != "ok" {
		t.Errorf("integrity: %s, %v", ok, err)
	}
	if got := picture(t, s); got != want {
		t.Errorf("after %d kills\n%s\nnever killed\n%s", kills, got, want)
	}
	if kills == 0 {
		t.Error("nothing was killed: the sweep is too short for this test")
	}
}
