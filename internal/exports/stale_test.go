package exports

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/segments"
	"winnow/store"
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
			gone := soft
			gone.Contact, gone.MessageID = "bounced-since", "m-gone"
			if err := x.Store.Append(t.Context(), []hygiene.Event{soft, gone}, nil); err != nil {
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
