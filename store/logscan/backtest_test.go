package logscan_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/logscan"
	"winnow/store/storetest"
)

// span is the ninety days that the tests replay.
var span = logscan.BacktestOptions{Since: storetest.Start.Add(5 * hygiene.Day), Until: storetest.Start.Add(95 * hygiene.Day)}

// backtestOf replays the store's log under the rules of the tests.
func backtestOf(t *testing.T, s *store.Store, o logscan.BacktestOptions) (logscan.BacktestResult, *forecast.Backtest) {
	t.Helper()
	b := forecast.NewBacktest(storetest.Policy(t, s), o.Since, o.Until)
	did, err := s.Backtest(context.Background(), o, b)
	if err != nil {
		t.Fatal(err)
	}
	return did, b
}

// counted is what the backtest counts, in a form to compare.
func countedBy(b *forecast.Backtest) string {
	return fmt.Sprint(b.Suppressed, b.Regretted, b.Rules)
}

// inMemory replays the events of known contacts without any store.
func inMemory(t *testing.T, s *store.Store, events []hygiene.Event, registrations []store.Registration) *forecast.Backtest {
	t.Helper()
	contacts := map[string]string{}
	for _, r := range slices.Backward(registrations) {
		contacts[r.MessageID] = r.Contact
	}
	lives := map[string][]hygiene.Event{}
	for i, e := range events {
		e.Seq, e.Contact = int64(i+1), cmp.Or(e.Contact, contacts[e.MessageID])
		lives[e.Contact] = append(lives[e.Contact], e)
	}
	b := forecast.NewBacktest(storetest.Policy(t, s), span.Since, span.Until)
	for i := range 8 {
		key := fmt.Sprint("contact-", i)
		life := lives[key]
		slices.SortFunc(life, func(a, b hygiene.Event) int { return a.Moment().Compare(b.Moment()) })
		b.Replay(key, nil, func(yield func(*hygiene.Event) bool) {
			for i := range life {
				if !yield(&life[i]) {
					return
				}
			}
		})
	}
	return b
}

func TestABacktestDoesNotDependOnHowTheLogIsCutIntoRuns(t *testing.T) {
	acted := int64(0)
	for seed := range uint64(5) {
		s := storetest.Open(t)
		events, registrations := storetest.RandomLog(seed, 400)
		if _, err := s.Register(context.Background(), registrations); err != nil {
			t.Fatal(err)
		}
		storetest.Append(t, s, events...)
		want := inMemory(t, s, events, registrations)
		acted += want.Regretted
		for _, run := range []int64{0, 1, 7, 100, 399, 400} {
			o := span
			o = o.InRuns(run)
			did, b := backtestOf(t, s, o)
			if got, want := countedBy(b), countedBy(want); got != want {
				t.Errorf("seed %d, runs of %d: %s, in memory %s", seed, run, got, want)
			}
			if did.Contacts != 8 || did.Unmatched != 0 || did.First != slices.MinFunc(events, earlier).At {
				t.Errorf("seed %d, runs of %d: %+v", seed, run, did)
			}
		}
	}
	if acted == 0 {
		t.Error("nothing was regretted: the test sees nothing")
	}
}

func earlier(a, b hygiene.Event) int { return cmp.Compare(a.At, b.At) }

func TestABacktestDoesNotDependOnTheOrderOfArrival(t *testing.T) {
	for seed := range uint64(4) {
		events, registrations := storetest.RandomLog(seed, 300)
		for i := range events { // distinct times: among equal ones the place in the log decides
			events[i].At = events[i].At.Add(time.Duration(i) * time.Microsecond)
			events[i].ReceivedAt = events[i].At
		}
		events = slices.DeleteFunc(events, func(e hygiene.Event) bool { return e.At > span.Until })
		inOrder, shuffled := storetest.Open(t), storetest.Open(t)
		storetest.Append(t, inOrder, events...)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		storetest.Append(t, shuffled, events...)
		for _, s := range []*store.Store{inOrder, shuffled} {
			if _, err := s.Register(context.Background(), registrations); err != nil {
				t.Fatal(err)
			}
		}
		o := span
		o = o.InRuns(40)
		a, first := backtestOf(t, inOrder, o)
		b, second := backtestOf(t, shuffled, o)
		if countedBy(first) != countedBy(second) || a != b {
			t.Errorf("in order %+v %s\nshuffled %+v %s", a, countedBy(first), b, countedBy(second))
		}
	}
}

func TestAContactMayHaveMoreEventsThanAPage(t *testing.T) {
	s := storetest.Open(t)
	var events []hygiene.Event
	for i := range 3*logscan.PageEvents + 5 {
		contact := "ann"
		if i%1000 == 0 {
			contact = fmt.Sprint("bob-", i)
		}
		events = append(events, storetest.Event(storetest.Start.Add(time.Duration(i)*time.Minute), contact, fmt.Sprint("m", i), hygiene.SoftBounce))
	}
	storetest.Append(t, s, append(events, storetest.Event(storetest.Start.Add(6*hygiene.Day), "ann", "last", hygiene.HardBounce))...)
	o := span
	o = o.InRuns(999)
	did, b := backtestOf(t, s, o)
	if did.Contacts != 5 || did.Earlier+did.Events != int64(len(events)+1) || b.Rules[0].Acted != 1 {
		t.Errorf("%+v %s", did, countedBy(b))
	}
}

func TestABacktestOfThePolicyInForceFindsWhatTheLedgerHas(t *testing.T) {
	total := int64(0)
	for seed := range uint64(4) {
		s := storetest.Open(t)
		p := storetest.Policy(t, s)
		events, registrations := storetest.RandomLog(seed, 400)
		for i := range events { // in order, as a daemon hears them
			events[i].At = events[i].ReceivedAt
		}
		if _, err := s.Register(context.Background(), registrations); err != nil {
			t.Fatal(err)
		}
		storetest.Append(t, s, events...)
		storetest.Sweep(t, s, p, 50)
		want := map[string]int64{}
		for i := range 8 {
			ledger, err := s.Ledger(fmt.Sprint("contact-", i), 10_000)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range ledger {
				if l.Act == hygiene.Suppressed && l.At >= span.Since && l.At <= span.Until {
					want[l.Rule]++
				}
			}
		}
		_, b := backtestOf(t, s, span)
		for _, r := range b.Rules {
			if total += r.Acted; r.Acted != want[r.Name] {
				t.Errorf("seed %d: %s acted %d times, in the ledger %d", seed, r.Name, r.Acted, want[r.Name])
			}
		}
	}
	if total == 0 {
		t.Error("no rule acted: the test sees nothing")
	}
}

func TestABacktestCountsWhatItReplayed(t *testing.T) {
	s := storetest.Open(t)
	late := storetest.Event(storetest.Start.Add(90*hygiene.Day), "ann", "late", hygiene.HardBounce)
	late.ReceivedAt = span.Until + 1 // it happened in time, but nobody had heard of it
	storetest.Append(t, s,
		storetest.Event(span.Since-1, "ann", "m1", hygiene.Sent), storetest.Event(span.Since, "ann", "m2", hygiene.Sent), storetest.Event(span.Until, "bob", "m3", hygiene.HardBounce),
		storetest.Event(storetest.Start.Add(20*hygiene.Day), "", "m4", hygiene.HardBounce), storetest.Event(span.Until+1, "cem", "m5", hygiene.HardBounce), late)
	did, b := backtestOf(t, s, span)
	if did.Events != 2 || did.Earlier != 1 || did.Contacts != 2 || did.Unmatched != 1 || did.First != span.Since-1 || (did.Bytes == 0) != (len(s.Files()) == 0) || b.Suppressed != 1 {
		t.Errorf("%+v %s", did, countedBy(b))
	}
	if _, err := s.Register(context.Background(), []store.Registration{{Source: "insider", MessageID: "m4", Contact: "dora"}}); err != nil {
		t.Fatal(err)
	}
	if did, b := backtestOf(t, s, span); did.Events != 3 || did.Unmatched != 0 || b.Suppressed != 2 {
		t.Errorf("registered: %+v %s", did, countedBy(b))
	}
}

func TestABacktestOfAnEmptyLogFindsNothing(t *testing.T) {
	did, b := backtestOf(t, storetest.Open(t), span)
	if did.Bytes = 0; did != (logscan.BacktestResult{}) || b.Suppressed != 0 {
		t.Errorf("%+v %s", did, countedBy(b))
	}
}

func TestABacktestSeesTheAttributesOfContacts(t *testing.T) {
	s := storetest.Open(t)
	for _, key := range []string{"ann", "bob"} {
		storetest.Append(t, s, storetest.Event(storetest.Start.Add(9*hygiene.Day), key, key, hygiene.HardBounce))
	}
	if _, err := s.SaveProfiles([]store.Profile{{Key: "ann", Attributes: hygiene.Attributes(nil).With("vip", hygiene.ParseValue("yes"))}}, storetest.Start); err != nil {
		t.Fatal(err)
	}
	b := forecast.NewBacktest(hygiene.NewPolicy([]hygiene.Rule{{Name: "hard", When: storetest.TwoRules().Rules[0].When, Then: storetest.TwoRules().Rules[0].Then,
		Where: hygiene.AttributeTest{Name: "vip", Comparison: hygiene.Comparison{Op: hygiene.Exists, Exists: true}}}}, "vip"), span.Since, span.Until)
	if _, err := s.Backtest(context.Background(), span, b); err != nil || b.Suppressed != 1 {
		t.Errorf("%s, %v", countedBy(b), err)
	}
}

func TestABacktestJudgesSeveralPoliciesAsItJudgesEach(t *testing.T) {
	s := storetest.Open(t)
	events, _ := storetest.RandomLog(3, 500)
	storetest.Append(t, s, events...)
	policies := []*hygiene.Policy{storetest.Policy(t, s), storetest.TwoRules(), yearPolicy(3)}
	var together []*forecast.Backtest
	for _, p := range policies {
		together = append(together, forecast.NewBacktest(p, span.Since, span.Until))
	}
	if _, err := s.Backtest(context.Background(), span, together...); err != nil {
		t.Fatal(err)
	}
	for i, p := range policies {
		alone := forecast.NewBacktest(p, span.Since, span.Until)
		if _, err := s.Backtest(context.Background(), span, alone); err != nil || !reflect.DeepEqual(alone.Rules, together[i].Rules) {
			t.Errorf("alone %s, together %s, %v", countedBy(alone), countedBy(together[i]), err)
		}
	}
}

// temporary names the deleted files that this process has open in the folder.
func temporary(t *testing.T, folder string) (open []string) {
	t.Helper()
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	for _, d := range descriptors {
		if name, err := os.Readlink("/proc/self/fd/" + d.Name()); err == nil && strings.HasPrefix(name, folder) && strings.HasSuffix(name, "(deleted)") {
			open = append(open, name)
		}
	}
	return open
}

func TestTheTemporaryFileEndsWithTheBacktest(t *testing.T) {
	enginetest.SQLite(t) // a server sorts the log itself
	for _, where := range []string{"TMPDIR", "beside the store"} {
		s := storetest.Open(t)
		events, _ := storetest.RandomLog(1, 50)
		storetest.Append(t, s, events...)
		folder := filepath.Dir(s.Path())
		t.Setenv("TMPDIR", "")
		if where == "TMPDIR" {
			folder = t.TempDir()
			t.Setenv("TMPDIR", folder)
		}
		before, _ := os.ReadDir(folder)
		look := func(int64) {
			if now, err := os.ReadDir(folder); err != nil || len(now) != len(before) || len(temporary(t, folder)) != 1 {
				t.Errorf("%s: %d names, not %d, and %q, %v", where, len(now), len(before), temporary(t, folder), err)
			}
		}
		o := span
		o.Sorted, o.Judged = look, look
		backtestOf(t, s, o)
		if left := temporary(t, folder); left != nil {
			t.Errorf("%s: %q is left", where, left)
		}
	}
}

func TestACancelledBacktestEndsImmediatelyAndLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	s := storetest.Open(t)
	events, _ := storetest.RandomLog(1, 5000)
	storetest.Append(t, s, events...)
	for _, phase := range []string{"sorted", "judged"} {
		if phase == "sorted" && len(s.Files()) == 0 {
			continue // a server sorts the log itself
		}
		ctx, cancel := context.WithCancel(context.Background())
		calls := 0
		stop := func(int64) { calls++; cancel() }
		o := span
		o = o.InRuns(100)
		if phase == "sorted" {
			o.Sorted = stop
		} else {
			o.Judged = stop
		}
		_, err := s.Backtest(ctx, o, forecast.NewBacktest(storetest.Policy(t, s), o.Since, o.Until))
		if !errors.Is(err, context.Canceled) || calls != 1 {
			t.Errorf("%s: %v after %d calls", phase, err, calls)
		}
		if left := temporary(t, folder); left != nil {
			t.Errorf("%s: %q is left", phase, left)
		}
	}
}

func TestABacktestChangesNothingAndBlocksNoWriter(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	events, _ := storetest.RandomLog(2, 300)
	storetest.Append(t, s, events...)
	storetest.Sweep(t, s, p, 0)
	before := storetest.Dump(t, s)
	o := span
	o = o.InRuns(100)
	o.Judged = func(int64) { // the log and the roster are written meanwhile, and no reader is in the way of the log's file
		storetest.Append(t, s, storetest.Event(storetest.Start, "zoe", "z", hygiene.Sent))
		if _, err := s.Register(context.Background(), []store.Registration{{Source: "insider", MessageID: "z", Contact: "zoe"}}); err != nil {
			t.Error(err)
		}
		for nth, path := range s.Files() {
			if nth%2 == 1 {
				continue // a write-ahead log
			}
			var busy int
			if err := enginetest.File(t, path).QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, new(int), new(int)); busy != 0 || err != nil {
				t.Errorf("%s: a reader is in the way, %v", filepath.Base(path), err)
			}
		}
	}
	if _, b := backtestOf(t, s, o); b.Suppressed == 0 {
		t.Error("nobody would have been suppressed")
	}
	if _, ok, err := s.Contact("zoe"); !ok || err != nil {
		t.Errorf("nothing was written meanwhile, %v", err)
	}
	if after := storetest.Dump(t, s); !strings.HasPrefix(after, before) {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

func TestABacktestSaysWhereItCannotWrite(t *testing.T) {
	enginetest.SQLite(t) // a server sorts the log itself
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	s := storetest.Open(t)
	_, err := s.Backtest(context.Background(), span)
	if err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("the error is %v", err)
	}
}
