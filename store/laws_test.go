package store_test

import (
	"bytes"
	"context"
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
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

// files makes a run of everyone and of those who may be tried again, and reads it.
func files(t *testing.T, s *store.Store, p *hygiene.Policy) map[string]string {
	t.Helper()
	asOf := storetest.Start.Add(60 * hygiene.Day)
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

func sweepAll(t *testing.T, s *store.Store, p *hygiene.Policy, batch int) {
	t.Helper()
	o := options(p, storetest.Start)
	o.Batch = batch
	if _, err := s.Sweep(context.Background(), o); err != nil {
		t.Fatal(err)
	}
}

func TestAnyCutOfTheLogIntoSweepsGivesTheSameContactsAndLedger(t *testing.T) {
	for seed := range uint64(6) {
		events, registrations := storetest.RandomLog(seed, 300)
		whole := storetest.Open(t)
		p := storetest.Policy(t, whole)
		if _, err := whole.Register(context.Background(), registrations); err != nil {
			t.Fatal(err)
		}
		storetest.Append(t, whole, events...)
		sweepAll(t, whole, p, 0)

		cut := storetest.Open(t)
		storetest.Policy(t, cut)
		if _, err := cut.Register(context.Background(), registrations); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 9))
		for rest := events; len(rest) > 0; {
			n := min(1+r.IntN(40), len(rest))
			storetest.Append(t, cut, rest[:n]...)
			rest = rest[n:]
			if r.IntN(2) == 0 {
				sweepAll(t, cut, p, 1+r.IntN(20))
			}
		}
		sweepAll(t, cut, p, 7)
		if a, b := storetest.Dump(t, whole), storetest.Dump(t, cut); a != b {
			t.Fatalf("seed %d: in one sweep\n%s\ncut\n%s", seed, a, b)
		}
		if a, b := files(t, whole, p), files(t, cut, p); !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: in one sweep %q, cut %q", seed, a, b)
		}
	}
}

func TestABatchOfSeveralLotsGivesTheSameContactsAndLedger(t *testing.T) {
	for seed := range uint64(4) {
		events, registrations := storetest.RandomLog(seed, 300)
		var dumps [2]string
		for i := range dumps {
			s := storetest.Open(t)
			p := storetest.Policy(t, s)
			if _, err := s.Register(context.Background(), registrations); err != nil {
				t.Fatal(err)
			}
			storetest.Append(t, s, events...)
			if i == 1 {
				store.SmallLots(t)
			}
			o := options(p, storetest.Start)
			o.Progress = func(swept int64) {
				if swept > int64(len(events)) {
					t.Errorf("%d of %d events are said to be swept", swept, len(events))
				}
			}
			did, err := s.Sweep(context.Background(), o)
			if err != nil || did.Events != int64(len(events)) {
				t.Fatalf("swept %d of %d events, %v", did.Events, len(events), err)
			}
			dumps[i] = storetest.Dump(t, s)
		}
		if dumps[0] != dumps[1] {
			t.Fatalf("seed %d: in one lot\n%s\nin several\n%s", seed, dumps[0], dumps[1])
		}
	}
}

func TestTheSendLogMayComeAnyTime(t *testing.T) {
	events, registrations := storetest.RandomLog(4, 120)
	for i := range events { // in order, so that no history overflows
		events[i].At = events[i].ReceivedAt
	}
	early, late := storetest.Open(t), storetest.Open(t)
	p := storetest.Policy(t, early)
	storetest.Policy(t, late)
	if _, err := early.Register(context.Background(), registrations); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*store.Store{early, late} {
		storetest.Append(t, s, events...)
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

func TestEventsThatRequireTheSendLogMayComeBeforeOrAfterIt(t *testing.T) {
	for seed := range uint64(6) {
		events, registrations := storetest.RandomLog(seed, 150)
		contacts := map[string]string{}
		for _, r := range registrations {
			contacts[r.MessageID] = r.Contact
		}
		forged := 0
		for i := range events { // in order, so that no history overflows
			e := &events[i]
			e.At = e.ReceivedAt
			switch contact, ok := contacts[e.MessageID]; {
			case ok && i%5 > 0: // the body names the contact too
				e.Contact = contact
			case ok:
				e.Contact = "contact-7" // or another one: they stay in conflict
			default:
				e.Contact, forged = "stranger", forged+1
			}
		}
		requires := func(s *store.Store, p *hygiene.Policy) {
			t.Helper()
			o := options(p, storetest.Start)
			o.RequireSendLog = map[string]bool{}
			for i := range events {
				o.RequireSendLog[events[i].Source] = true
			}
			if _, err := s.Sweep(context.Background(), o); err != nil {
				t.Fatal(err)
			}
		}
		early, late := storetest.Open(t), storetest.Open(t)
		p := storetest.Policy(t, early)
		storetest.Policy(t, late)
		register := func(s *store.Store, list []store.Registration) {
			t.Helper()
			if _, err := s.Register(context.Background(), list); err != nil {
				t.Fatal(err)
			}
		}
		register(early, registrations)
		storetest.Append(t, early, events...)
		requires(early, p)
		half := len(events) / 2
		storetest.Append(t, late, events[:half]...)
		requires(late, p)
		register(late, registrations[:len(registrations)/2])
		storetest.Append(t, late, events[half:]...)
		requires(late, p)
		register(late, registrations[len(registrations)/2:])
		requires(late, p)
		for i := range 8 {
			key := fmt.Sprint("contact-", i)
			a, _, errA := early.Contact(key)
			b, _, errB := late.Contact(key)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
			if !bytes.Equal(a.Pack(nil), b.Pack(nil)) && !overflowed(a) {
				t.Errorf("seed %d, %s: registered before %+v\nafter %+v", seed, key, a.Suppressions, b.Suppressions)
			}
		}
		for _, s := range []*store.Store{early, late} {
			if c, _, err := s.Contact("stranger"); err != nil || c.History.FirstSeen() != 0 {
				t.Errorf("a forged event acts: %+v, %v", c.History, err)
			}
		}
		a, errA := early.Totals()
		b, errB := late.Totals()
		if errA != nil || errB != nil || a.Unmatched != b.Unmatched || a.Unmatched < int64(forged) || forged == 0 {
			t.Errorf("seed %d: %d and %d unmatched, %d forged; %v, %v", seed, a.Unmatched, b.Unmatched, forged, errA, errB)
		}
	}
}

func overflowed(c *hygiene.Contact) bool {
	for _, name := range hygiene.OutcomeNames() {
		o, _ := hygiene.ParseOutcome(name)
		if c.History.Outcome(o).Dropped {
			return true
		}
	}
	return false
}

func TestTheSameArchiveTwiceChangesNothingInTheStore(t *testing.T) {
	for seed := range uint64(4) {
		events, _ := storetest.RandomLog(seed, 400)
		s := storetest.Open(t)
		p := storetest.Policy(t, s)
		storetest.Append(t, s, events...)
		sweepAll(t, s, p, 0)
		before := storetest.Dump(t, s)
		storetest.Append(t, s, events...)
		sweepAll(t, s, p, 0)
		// The record of repeats may grow; what is judged may not.
		if a, b := judged(before), judged(storetest.Dump(t, s)); a != b {
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
	events, _ := storetest.RandomLog(11, 400)
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, events...)
	sweepAll(t, s, p, 0)
	last := events[len(events)-1].ReceivedAt
	for _, now := range []hygiene.Instant{storetest.Start, storetest.Start.Add(20 * hygiene.Day), last, last.Add(5 * time.Hour), last.Add(40 * hygiene.Day)} {
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
	if path := os.Getenv("WINNOW_TEST_MERGE"); path != "" {
		mergeUntilKilled(path)
		return
	}
	if path := os.Getenv("WINNOW_TEST_FORGET"); path != "" {
		forgetUntilKilled(path)
		return
	}
	os.Exit(storetest.InMemory(m))
}

func sweepUntilKilled(path string) {
	s, err := store.Open(path)
	if err != nil {
		panic(err)
	}
	o := store.SweepOptions{Policy: hygiene.NewPolicy(nil, "test"), Batch: 3}
	o.Policy = storetest.TwoRules()
	if _, err := s.Sweep(context.Background(), o); err != nil {
		panic(err)
	}
	os.Exit(0)
}

func TestASweepKilledAnywhereRepeatsWithoutHarm(t *testing.T) {
	events, _ := storetest.RandomLog(21, 600)
	prepare := func(path string) *store.Store {
		s, err := store.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SavePolicy("test", []byte("test"), storetest.Start); err != nil {
			t.Fatal(err)
		}
		storetest.Append(t, s, events...)
		return s
	}
	never := prepare(enginetest.Location(t))
	sweepAll(t, never, storetest.TwoRules(), 0)
	want := storetest.Dump(t, never)
	never.Close()

	r := rand.New(rand.NewPCG(5, 5))
	path := enginetest.Location(t)
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
	s, err := store.OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sweepAll(t, s, storetest.TwoRules(), 0)
	if len(s.Files()) > 0 {
		if ok, err := textOf(s, "PRAGMA integrity_check"); err != nil || ok != "ok" {
			t.Errorf("integrity: %s, %v", ok, err)
		}
	}
	if got := storetest.Dump(t, s); got != want {
		t.Errorf("after %d kills\n%s\nnever killed\n%s", kills, got, want)
	}
	if kills == 0 {
		t.Error("nothing was killed: the sweep is too short for this test")
	}
}
