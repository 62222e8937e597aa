package exports

import (
	"fmt"
	"path/filepath"
	"runtime"
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

// heldAfter makes a published run, lets change do something, and makes a run that is
// held.
func heldAfter(t testing.TB, x *Exporter, change func()) segments.Run {
	t.Helper()
	run := func(day int) segments.Run {
		at := time.Date(2026, 1, day, 2, 0, 0, 0, time.UTC)
		result, err := x.Export(t.Context(), "nightly", at, func() hygiene.Instant { return hygiene.InstantOf(at) })
		if err != nil {
			t.Fatal(err)
		}
		return result.Run
	}
	run(2)
	change()
	x.Config.Exports[0].Guard.MinRows = map[string]int64{"reachable": 1 << 40}
	return run(3)
}

func instruct(t *testing.T, x *Exporter, kind hygiene.InstructionKind, reason string, keys ...string) {
	t.Helper()
	in := hygiene.Instruction{Kind: kind, Origin: hygiene.ByOperator, Reason: reason, By: "ann"}
	if _, err := x.Instruct(store.Subjects{Keys: keys}, in, hygiene.InstantOf(time.Date(2026, 1, 3, 9, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
}

func instructNumber(t *testing.T, x *Exporter, kind hygiene.InstructionKind, reason, phone string) {
	t.Helper()
	in := hygiene.Instruction{Kind: kind, Origin: hygiene.ByOperator, Reason: reason, By: "ann"}
	if _, err := x.Instruct(store.Subjects{Phones: []string{phone}}, in, hygiene.InstantOf(time.Date(2026, 1, 3, 9, 0, 0, 0, time.UTC))); err != nil {
		t.Fatal(err)
	}
}

// number gives the contact a phone number.
func number(t *testing.T, x *Exporter, key, phone string) {
	t.Helper()
	if _, err := x.Store.SaveProfiles([]store.Profile{{Key: key, HasPhone: true, Phone: phone}}, hygiene.InstantOf(secondOfJanuary)); err != nil {
		t.Fatal(err)
	}
}

func TestAHeldRunIsStaleByWhatConcernsIt(t *testing.T) {
	const day = hygiene.Instant(24 * 60 * 60 * 1_000_000)
	second := hygiene.InstantOf(secondOfJanuary)
	for _, c := range []struct {
		name  string
		do    func(x *Exporter)
		stale bool
	}{
		{"nothing", func(*Exporter) {}, false},
		{"an opt-out of someone it offers", func(x *Exporter) { instruct(t, x, hygiene.Suppress, "opted_out", "active") }, true},
		{"a complaint of someone it offers", func(x *Exporter) { instruct(t, x, hygiene.Suppress, "complaint", "active") }, true},
		{"an opt-out that does not count for what it offers", func(x *Exporter) {
			for i := range x.Config.Segments {
				if x.Config.Segments[i].Suppressed == segments.Exclude {
					x.Config.Segments[i].Except = []string{"marketing_opt_out"}
				}
			}
			x.Config.Policy.Protect("marketing_opt_out")
			instruct(t, x, hygiene.Suppress, "marketing_opt_out", "active")
		}, false},
		{"the same where it counts", func(x *Exporter) {
			x.Config.Policy.Protect("marketing_opt_out")
			instruct(t, x, hygiene.Suppress, "marketing_opt_out", "active")
		}, true},
		{"another suppression of someone it offers", func(x *Exporter) { instruct(t, x, hygiene.Suppress, "dormant", "active") }, false},
		{"an opt-out of someone it does not offer", func(x *Exporter) { instruct(t, x, hygiene.Suppress, "opted_out", "bounced-before") }, false},
		{"an opt-out of someone new", func(x *Exporter) { instruct(t, x, hygiene.Suppress, "opted_out", "stranger") }, false},
		{"an allow of someone it drops", func(x *Exporter) { instruct(t, x, hygiene.Allow, "", "bounced-since") }, true},
		{"an allow of someone whose row is as it was", func(x *Exporter) { instruct(t, x, hygiene.Allow, "", "bounced-before") }, false},
		{"an allow of someone whose row it changes", func(x *Exporter) { instruct(t, x, hygiene.Allow, "", "other-reason") }, true},
		{"an opt-out that names the number of someone it offers", func(x *Exporter) { instructNumber(t, x, hygiene.Suppress, "opted_out", "+905551000001") }, true},
		{"another suppression that names that number", func(x *Exporter) { instructNumber(t, x, hygiene.Suppress, "dormant", "+905551000001") }, false},
		{"an opt-out of another with that number", func(x *Exporter) { instruct(t, x, hygiene.Suppress, "opted_out", "neighbour") }, true},
		{"an allow of the number of someone it drops", func(x *Exporter) { instructNumber(t, x, hygiene.Allow, "", "+905551000002") }, true},
		{"an undo of someone it drops", func(x *Exporter) {
			in := hygiene.Instruction{Kind: hygiene.Strike, Reason: "hard_bounce", From: second + day/2 - 1, To: second + day/2 + 1, By: "ann"}
			if _, err := x.UndoEvents(t.Context(), in, store.Batch{Kind: store.UndoBatch, By: "ann"}, second+2*day, nil); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"a merge of someone it offers", func(x *Exporter) {
			if _, err := x.Store.Merge(t.Context(), x.Config.Policy, []store.MergePair{{Old: "active", New: "stranger"}}, store.Batch{By: "crm"}, second+2*day, nil); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"a merge of someone it does not offer", func(x *Exporter) {
			if _, err := x.Store.Merge(t.Context(), x.Config.Policy, []store.MergePair{{Old: "bounced-before", New: "stranger"}}, store.Batch{By: "crm"}, second+2*day, nil); err != nil {
				t.Fatal(err)
			}
		}, false},
		{"a number that somebody opted out, which someone it offers gets", func(x *Exporter) { number(t, x, "active", "+905551000008") }, true},
		{"a number that is suppressed for another reason", func(x *Exporter) { number(t, x, "active", "+905551000009") }, false},
		{"a number on which nothing is", func(x *Exporter) { number(t, x, "active", "+905551000007") }, false},
		{"that number for someone it does not offer", func(x *Exporter) { number(t, x, "bounced-before", "+905551000008") }, false},
		{"that number by the send log", func(x *Exporter) {
			storetest.Register(t, x.Store, store.Registration{Source: "insider", MessageID: "new", Contact: "numberless", Phone: "+905551000008", SentAt: second})
		}, true},
		{"that number by a merge", func(x *Exporter) {
			number(t, x, "stranger", "+905551000008")
			if _, err := x.Store.Merge(t.Context(), x.Config.Policy, []store.MergePair{{Old: "stranger", New: "numberless"}}, store.Batch{By: "crm"}, second+2*day, nil); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"another policy", func(x *Exporter) { x.Config.Hash = "another" }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := testExporter(t)
			x.Config.Policy.UseNumbers([]string{"hard_bounce"})
			number(t, x, "active", "+905551000001")
			number(t, x, "bounced-since", "+905551000002")
			for _, key := range []string{"bounced-before", "other-reason"} {
				apptest.Bounce(t, x.Store, second-day, key)
			}
			soft := hygiene.Event{ReceivedAt: second - day, At: second - day, Source: "insider", MessageID: "m-active", Name: "delivered", Outcome: hygiene.Delivered, Contact: "active", Body: []byte("{}")}
			gone, numberless := soft, soft
			gone.Contact, gone.MessageID = "bounced-since", "m-gone"
			numberless.Contact, numberless.MessageID = "numberless", "m-numberless"
			instructNumber(t, x, hygiene.Suppress, "opted_out", "+905551000008")
			instructNumber(t, x, hygiene.Suppress, "dormant", "+905551000009")
			if err := x.Store.Append(t.Context(), []hygiene.Event{soft, gone, numberless}, nil); err != nil {
				t.Fatal(err)
			}
			held := heldAfter(t, x, func() {
				apptest.Bounce(t, x.Store, second+day/2, "bounced-since")
				in := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: "dormant", By: "ann"}
				if _, err := x.Instruct(store.Subjects{Keys: []string{"other-reason"}}, in, second+day/2); err != nil {
					t.Fatal(err)
				}
			})
			number(t, x, "neighbour", "+905551000001") // no file has it
			c.do(x)
			since, err := StalenessOf(x.Config, x.Store, held, false)
			if err != nil || since.Stale() != c.stale {
				t.Errorf("stale is %v, want %v: %+v, %v", since.Stale(), c.stale, since, err)
			}
			first, err := StalenessOf(x.Config, x.Store, held, true)
			if err != nil || first.Stale() != c.stale {
				t.Errorf("at first sight stale is %v: %+v, %v", first.Stale(), first, err)
			}
		})
	}
}

// Who gets a suppressed number leaves, and its ledger says since when.
func TestTheNextRunLeavesOutWhoGotASuppressedNumber(t *testing.T) {
	for _, reason := range []string{"opted_out", "dormant"} {
		x := testExporter(t)
		x.Config.Policy.UseNumbers([]string{"hard_bounce"})
		x.Config.Exports[0].Delta = []string{"reachable", "do-not-text"}
		instructNumber(t, x, hygiene.Suppress, reason, "+905551000008")
		for _, key := range []string{"active", "other"} {
			number(t, x, key, "+905551000001")
		}
		var run segments.Run
		for day := range 2 {
			if day == 1 {
				number(t, x, "active", "+905551000008")
			}
			at := secondOfJanuary.Add(time.Duration(day+2) * hygiene.Day)
			result, err := x.Export(t.Context(), "nightly", at, func() hygiene.Instant { return hygiene.InstantOf(at) })
			if err != nil {
				t.Fatal(err)
			}
			run = result.Run
		}
		folder := filepath.Join(x.Config.Exports[0].To[0].String(), "nightly", run.Name)
		for file, want := range map[string]string{"reachable.delta.csv": "left,active,", "do-not-text.delta.csv": "entered,active," + reason, "do-not-text.csv": "active," + reason} {
			if text := apptest.ReadFile(t, filepath.Join(folder, file)); !strings.Contains(text, want) || strings.Contains(text, "other") {
				t.Errorf("%s: %s has %q, want %q", reason, file, text, want)
			}
		}
		if text := apptest.ReadFile(t, filepath.Join(folder, "reachable.csv")); strings.Contains(text, "active,+") || !strings.Contains(text, "other") {
			t.Errorf("%s: the next run has %q", reason, text)
		}
		ledger, err := x.Store.Ledger("active", 10)
		if err != nil || !slices.ContainsFunc(ledger, func(l store.LedgerEntry) bool { return l.Act == hygiene.Inherited && l.Reason == reason }) {
			t.Errorf("%s: the ledger has %+v, %v", reason, ledger, err)
		}
	}
}

// A run of an earlier version does not say how far the ledger was, and lists of members
// may be gone: nobody knows, so it is stale.
func TestARunOfWhichNothingIsKnownIsStale(t *testing.T) {
	x := testExporter(t)
	apptest.Bounce(t, x.Store, hygiene.InstantOf(secondOfJanuary)-1, "ann")
	held := heldAfter(t, x, func() {})
	earlier := held
	earlier.Ledger = -1
	if since, err := StalenessOf(x.Config, x.Store, earlier, false); err != nil || since.Unknown == "" || !since.Stale() {
		t.Errorf("of an earlier version: %+v, %v", since, err)
	}
	if err := x.Store.PruneMembersOfOthers(nil, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	instruct(t, x, hygiene.Suppress, "dormant", "ann")
	if since, err := StalenessOf(x.Config, x.Store, held, false); err != nil || since.Unknown == "" || !since.Stale() {
		t.Errorf("without members: %+v, %v", since, err)
	}
}

// BenchmarkStaleness finds out whether a held run of many contacts is stale, after
// some of them changed. It prints the memory that it takes at most.
func BenchmarkStaleness(b *testing.B) {
	const contacts, changed = 200_000, 20_000
	x := &Exporter{Operations: apptest.Open(b, apptest.Config(b, b.TempDir(), "1h"))}
	at := hygiene.InstantOf(secondOfJanuary) - 1
	var events []hygiene.Event
	for i := range contacts {
		events = append(events, hygiene.Event{ReceivedAt: at, At: at, Source: "insider", MessageID: fmt.Sprint("m", i), Name: "delivered", Outcome: hygiene.Delivered, Contact: fmt.Sprintf("crm-%07d", i), Body: []byte("{}")})
	}
	if err := x.Store.Append(b.Context(), events, nil); err != nil {
		b.Fatal(err)
	}
	held := heldAfter(b, x, func() {})
	bounces := events[:changed]
	for i := range bounces {
		bounces[i].Contact = fmt.Sprintf("crm-%07d", i*(contacts/changed))
		bounces[i].ReceivedAt, bounces[i].At, bounces[i].Name, bounces[i].Code, bounces[i].Outcome = at+2, at+2, "undelivered", "1400", hygiene.HardBounce
	}
	if err := x.Store.Append(b.Context(), bounces, nil); err != nil {
		b.Fatal(err)
	}
	if _, err := x.Sweep(b.Context(), at+3); err != nil {
		b.Fatal(err)
	}
	events, bounces = nil, nil
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		since, err := StalenessOf(x.Config, x.Store, held, false)
		if err != nil || since.Suppressed["hard_bounce"] != changed {
			b.Fatal(since, err)
		}
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapSys-before.HeapSys)/(1<<20), "MiB-heap-grown")
	b.ReportMetric(contacts, "contacts")
}
