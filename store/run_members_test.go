package store_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/runs"
	"winnow/store/storetest"
)

// fakeSnapshot is a snapshot of these contacts, in byte order of the key. The list
// nobody-knows can't be read.
type fakeSnapshot struct {
	contacts []*hygiene.Contact
	torn     bool // it can't be read to its end
}

func (c fakeSnapshot) Contacts(ctx context.Context, _ bool, visit func(*hygiene.Contact) error) error {
	for _, k := range c.contacts {
		if err := visit(k); err != nil {
			return err
		}
	}
	if c.torn {
		return errors.New("disk I/O error")
	}
	return nil
}

func (fakeSnapshot) InList(string, string) (bool, error) {
	return false, errors.New("it can't be read")
}

func (fakeSnapshot) PinsOf(string) ([]segments.Pin, error) { return nil, nil }

func (fakeSnapshot) ListsOf(string) ([]string, error) { return nil, nil }

// randomSnapshot has contacts that each are in the segments or not, with a retry or
// without, as chance has it.
func randomSnapshot(r *rand.Rand, asOf hygiene.Instant) fakeSnapshot {
	var c fakeSnapshot
	for i := range 12 {
		k := &hygiene.Contact{Key: fmt.Sprintf("contact-%02d", i)}
		if r.IntN(2) == 0 {
			k.Phone = "+905551234567"
		}
		if r.IntN(2) == 0 {
			n := r.IntN(3)
			k.Retry = &hygiene.Retry{Since: hygiene.Moment{At: asOf - 2}, DueAt: asOf - 1, LapsesAt: asOf + 1, Attempt: 1 + r.IntN(2),
				Message: uint64(n), MessageID: fmt.Sprint("m", n)}
		}
		if r.IntN(3) == 0 {
			k.Suppressions = []hygiene.Suppression{{Reason: "opted_out", Since: hygiene.Moment{At: asOf - 1}}}
		}
		c.contacts = append(c.contacts, k)
	}
	return c
}

// exporter makes runs and releases them as the daemon does, with what chance makes
// of them.
type exporter struct {
	t      *testing.T
	store  *store.Store
	folder local.Folder
	export segments.Export
	number int
	counts map[string]int // of what became of runs
}

var deltaSegments = []string{"everyone", "due"}

const everyChange = segments.DefaultChanges | segments.Changed

// newExporter is one in memory: the disk has no part in what these tests ask.
func newExporter(t *testing.T) *exporter {
	dir, err := os.MkdirTemp("/dev/shm", "store")
	if err != nil {
		dir = t.TempDir()
	}
	s, err := store.Open(enginetest.LocationIn(t, dir))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close(), os.RemoveAll(dir)) })
	return &exporter{t: t, store: s, folder: local.Folder(filepath.Join(dir, "exports")), counts: map[string]int{},
		export: segments.Export{Name: "nightly", Segments: deltaSegments, Delta: deltaSegments, Changes: map[string]segments.Changes{"everyone": everyChange, "due": everyChange}, Formats: []segments.Format{segments.CSV}, Keep: 1000}}
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func (o *exporter) plan(r *rand.Rand, asOf hygiene.Instant) segments.Plan {
	var columns []segments.Column
	for _, name := range []string{"contact", "message_id", "attempt", "phone", "status"}[:4+r.IntN(8)/7] {
		column, err := segments.ParseColumn(name)
		must(o.t, err)
		columns = append(columns, column)
	}
	all := []segments.Segment{{Name: "everyone", Columns: columns}, {Name: "due", Columns: columns, Where: hygiene.StatusTest{hygiene.RetryDue}}}
	if r.IntN(4) == 0 {
		all[1].List = "nobody-knows"
	}
	p := segments.Plan{Export: o.export, Segments: all, Store: o.store,
		Run: segments.Run{Export: "nightly", Name: segments.RunName(asOf), ScheduledAt: asOf, AsOf: asOf}}
	if r.IntN(3) == 0 {
		p.Export.Guard.MinRows = map[string]int64{"everyone": 1000}
	}
	previous, ok, err := o.store.LastRun("nightly", segments.Published, segments.Released)
	must(o.t, err)
	if ok {
		p.Previous = previous.Name
	}
	p.Bases, err = o.store.Bases("nightly")
	must(o.t, err)
	return p
}

func (o *exporter) run(r *rand.Rand) {
	o.number++
	asOf := storetest.Start.Add(time.Duration(o.number) * time.Hour)
	p := o.plan(r, asOf)
	_, err := o.store.BeginRun(p.Run)
	must(o.t, err)
	from := randomSnapshot(r, asOf)
	from.torn = r.IntN(5) == 0
	result, err := segments.Execute(context.Background(), p, from, []segments.Publisher{o.folder}, nil)
	if (err != nil) != from.torn {
		o.t.Fatal(err)
	}
	must(o.t, o.store.EndRun(result.Run))
	o.counts[string(result.Run.Status)]++
	o.recover()
}

// release releases a held run, whichever.
func (o *exporter) release(r *rand.Rand) {
	held, err := o.store.RunsOf("nightly", runs.AllRuns, segments.Held)
	must(o.t, err)
	if len(held) == 0 {
		return
	}
	run := held[r.IntN(len(held))]
	run.Status = segments.Released
	must(o.t, o.folder.Release("nightly", run.Name), o.store.EndRun(run))
	o.counts["released"]++
	o.recover()
}

func (o *exporter) recover() {
	newest, _, err := o.store.LastRun("nightly", segments.Published, segments.Released)
	must(o.t, err)
	held, err := o.store.RunsOf("nightly", runs.AllRuns, segments.Held)
	must(o.t, err)
	var names []string
	for _, run := range held {
		names = append(names, run.Name)
	}
	name := ""
	if newest.ScheduledAt != 0 {
		name = newest.Name
	}
	must(o.t, o.folder.Recover("nightly", name, names), o.store.PruneMembers("nightly"))
}

// consumer follows previous_run back to the run that it read last, and applies the
// deltas from there on.
type consumer struct {
	last     string
	segments map[string]map[string]string // by contact its row
}

func (o *exporter) manifest(run string) (m segments.Manifest) {
	text, err := os.ReadFile(filepath.Join(string(o.folder), "nightly", run, "manifest.json"))
	must(o.t, err, json.Unmarshal(text, &m))
	return m
}

func (o *exporter) rows(run, file string) [][]string {
	text, err := os.ReadFile(filepath.Join(string(o.folder), "nightly", run, file))
	must(o.t, err)
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	must(o.t, err)
	return rows[1:]
}

func (o *exporter) read(into *consumer) {
	var chain []segments.Manifest
	for run := "latest"; run != into.last; {
		m := o.manifest(run)
		if m.Run == into.last {
			break
		}
		chain = append(chain, m)
		if m.PreviousRun == nil {
			if into.last != "" {
				o.t.Fatalf("run %s, which was read, is not on the way back", into.last)
			}
			break
		}
		run = *m.PreviousRun
	}
	for i := len(chain) - 1; i >= 0; i-- {
		o.apply(into, chain[i])
	}
	into.last = o.manifest("latest").Run
}

func (o *exporter) apply(into *consumer, m segments.Manifest) {
	for _, f := range m.Files {
		if f.Kind != segments.Delta {
			continue
		}
		for _, row := range o.rows(m.Run, f.Name) {
			o.counts[row[0]]++
			if row[0] == "entered" || row[0] == "changed" {
				into.segments[f.Segment][row[1]] = strings.Join(row[1:], ",")
			} else {
				delete(into.segments[f.Segment], row[1])
			}
		}
	}
}

// check compares what the consumer has with the whole files of the latest run.
func (o *exporter) check(got *consumer) {
	m := o.manifest("latest")
	for _, f := range m.Files {
		if f.Kind != segments.Full {
			continue
		}
		want := map[string]string{}
		for _, row := range o.rows(m.Run, f.Name) {
			want[row[0]] = strings.Join(row, ",")
		}
		if !maps.Equal(got.segments[f.Segment], want) {
			o.t.Fatalf("after run %s %s is, by its deltas, %v; want %v", m.Run, f.Segment, got.segments[f.Segment], want)
		}
	}
}

func TestTheDeltasAddUpToTheWholeFiles(t *testing.T) {
	counts := map[string]int{}
	for seed := range uint64(12) {
		o, r := newExporter(t), rand.New(rand.NewPCG(seed, 1))
		o.counts = counts
		into := &consumer{segments: map[string]map[string]string{"everyone": {}, "due": {}}}
		for range 14 {
			o.run(r)
			if r.IntN(2) == 0 {
				o.release(r)
			}
			if _, err := os.Stat(filepath.Join(string(o.folder), "nightly", "latest")); err == nil && r.IntN(2) == 0 {
				o.read(into)
				o.check(into)
				counts["read"]++
			}
		}
	}
	for _, what := range []string{"published", "held", "failed", "released", "read", "entered", "left", "changed"} {
		if counts[what] < 10 {
			t.Errorf("only %d times %s: this test proved little", counts[what], what)
		}
	}
}

func TestOnlyTheMembersOfBasesAndHeldRunsAreKept(t *testing.T) {
	o, r := newExporter(t), rand.New(rand.NewPCG(7, 7))
	for range 25 {
		o.run(r)
	}
	entries, err := o.store.Members().List()
	must(t, err)
	held, err := o.store.RunsOf("nightly", runs.AllRuns, segments.Held)
	must(t, err)
	if most := 2 * (1 + len(held)); len(entries) > most || len(entries) == 0 {
		t.Errorf("%d lists are kept, with %d held runs; want at most %d", len(entries), len(held), most)
	}
}
