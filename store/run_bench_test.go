package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/procusage"
	"winnow/segments"
	"winnow/segments/destination/local"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/location"
	"winnow/store/storetest"
)

var (
	contacts = flag.Int("contacts", 100_000, "contacts of the benchmark of a nightly run")
	deep     = flag.Int("rows", 0, "rows in the log before the benchmark of appending to a long log; 0 leaves it out")
)

// BenchmarkNightlyRun makes a run of ten segments of a tenth of the contacts
// each, six columns, and compares it with the database's own shell writing the same
// rows by ten queries from a table that has the columns ready: sqlite3, or psql and \copy.
func BenchmarkNightlyRun(b *testing.B) {
	s := storetest.Open(b)
	p := storetest.Policy(b, s)
	full(b, s, p, *contacts, 32)
	asOf := storetest.Start.Add(400 * hygiene.Day)
	prepare, query := plainTable, shell
	if location.IsServer(s.Location()) {
		prepare, query = plainServerTable, serverShell
	}
	reference := prepare(b, s, asOf)
	plan := tenSegments(b, asOf, p.Hash)
	plan.Store = s
	var ours, theirs time.Duration
	second := 0
	storetest.CountWriting(b)
	for b.Loop() {
		second++
		plan.Run.ScheduledAt = asOf.Add(time.Duration(second) * time.Second)
		plan.Run.Name = segments.RunName(plan.Run.ScheduledAt)
		began := time.Now()
		snapshot, err := s.Snapshot()
		if err != nil {
			b.Fatal(err)
		}
		result, err := segments.Execute(context.Background(), plan, snapshot, []segments.Publisher{local.Folder(b.TempDir())}, nil)
		if err != nil {
			b.Fatal(err)
		}
		snapshot.Close()
		ours += time.Since(began)
		rows := int64(0)
		for _, f := range result.Manifest.Files {
			rows += f.Rows
		}
		if rows != int64(*contacts) {
			b.Fatalf("%d rows, not %d", rows, *contacts)
		}
		theirs += query(b, reference)
	}
	b.ReportMetric(float64(*contacts)*float64(b.N)/ours.Seconds(), "contacts/s")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "of-the-shell's-time")
}

// tenSegments is a run of ten segments of a tenth of the contacts each.
func tenSegments(b *testing.B, asOf hygiene.Instant, policy string) segments.Plan {
	plan := segments.Plan{Export: segments.Export{Name: "nightly", Formats: []segments.Format{segments.CSV}, Keep: 1},
		Run: segments.Run{Export: "nightly", ScheduledAt: asOf, AsOf: asOf, Policy: policy}}
	for bucket := range 10 {
		segment := segments.Segment{Name: fmt.Sprint("bucket-", bucket), Where: inBucket(bucket)}
		for _, name := range []string{"contact", "phone", "status", "last_delivered_at", "sent_count", "attributes.bucket"} {
			column, err := segments.ParseColumn(name)
			if err != nil {
				b.Fatal(err)
			}
			segment.Columns = append(segment.Columns, column)
		}
		plan.Segments = append(plan.Segments, segment)
		plan.Export.Segments = append(plan.Export.Segments, segment.Name)
	}
	return plan
}

func inBucket(n int) hygiene.Condition {
	return hygiene.AttributeTest{Name: "bucket", Comparison: hygiene.Comparison{Op: hygiene.Is, Values: []hygiene.Value{hygiene.ParseValue(fmt.Sprint(n))}}}
}

// BenchmarkNightlyRunWithDeltas makes the same run with a delta of each of the
// ten segments and without, in turn. From run to run two of the segments change
// places, so a fifth of the contacts enters one and leaves another.
func BenchmarkNightlyRunWithDeltas(b *testing.B) {
	s := storetest.Open(b)
	p := storetest.Policy(b, s)
	full(b, s, p, *contacts, 32)
	asOf := storetest.Start.Add(400 * hygiene.Day)
	to := []segments.Publisher{local.Folder(b.TempDir())}
	run := func(deltas bool) (took time.Duration, used procusage.Usage) {
		plan := tenSegments(b, asOf, p.Hash)
		plan.Store, plan.Run.ScheduledAt, plan.Run.Name = s, asOf, segments.RunName(asOf)
		asOf = asOf.Add(time.Second)
		if deltas {
			plan.Export.Delta = plan.Export.Segments
		}
		if asOf.Time().Second()%2 == 0 {
			plan.Segments[0].Where, plan.Segments[1].Where = inBucket(1), inBucket(0)
		}
		return nightly(b, s, plan, to)
	}
	run(true) // which the first is compared with
	var with, without time.Duration
	var usedWith, usedWithout procusage.Usage
	for b.Loop() {
		took, used := run(false)
		without, usedWithout = without+took, usedWithout.Add(used)
		took, used = run(true)
		with, usedWith = with+took, usedWith.Add(used)
	}
	b.ReportMetric(with.Seconds()/without.Seconds(), "of-the-time-without")
	b.ReportMetric(usedWith.CPU.Seconds()/usedWithout.CPU.Seconds(), "of-the-CPU-without")
	b.ReportMetric(float64(usedWith.Written)/float64(b.N), "B-written/run")
	b.ReportMetric(float64(usedWithout.Written)/float64(b.N), "B-written/run-without")
	b.ReportMetric(usedWith.PeakMiB(), "MiB-peak")
	b.ReportMetric(usedWithout.PeakMiB(), "MiB-peak-without")
}

// nightly makes a run, and returns how long it took and what it used.
func nightly(b *testing.B, s *store.Store, plan segments.Plan, to []segments.Publisher) (took time.Duration, used procusage.Usage) {
	storetest.ResetPeak(b)
	began, before := time.Now(), storetest.Used(b)
	snapshot, err := s.Snapshot()
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	must(err)
	plan.Bases, err = s.Bases("nightly")
	must(err)
	_, err = s.BeginRun(plan.Run)
	must(err)
	result, err := segments.Execute(context.Background(), plan, snapshot, to, nil)
	must(err)
	must(snapshot.Close())
	must(s.EndRun(result.Run))
	took, used = time.Since(began), storetest.Used(b).Since(before)
	must(s.PruneMembers("nightly"))
	changed := int64(0)
	for _, f := range result.Manifest.Files {
		if f.Kind == segments.Delta {
			changed += f.Rows
		}
	}
	if len(plan.Export.Delta) > 0 && len(plan.Bases) > 0 && changed == 0 {
		b.Fatal("nobody entered or left")
	}
	return took, used
}

// plainTable is a table of what the ten queries write, beside the histories.
func plainTable(b *testing.B, s *store.Store, asOf hygiene.Instant) string {
	path := filepath.Join(b.TempDir(), "plain.db")
	db := enginetest.File(b, path)
	_, err := db.Exec("CREATE TABLE plain (contact TEXT PRIMARY KEY, phone TEXT, status TEXT, last_delivered_at TEXT, sent_count INTEGER, bucket INTEGER, facts BLOB)")
	if err != nil {
		b.Fatal(err)
	}
	snapshot, err := s.Snapshot()
	if err != nil {
		b.Fatal(err)
	}
	defer snapshot.Close()
	tx, err := db.Begin()
	if err != nil {
		b.Fatal(err)
	}
	err = snapshot.Contacts(context.Background(), false, func(k *hygiene.Contact) error {
		bucket, _ := k.Attributes.Get("bucket")
		_, err := tx.Exec("INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?, ?)", k.Key, k.Phone, k.Status(asOf).String(),
			k.History.Outcome(hygiene.Delivered).Last().At.String(), len(k.History.Outcome(hygiene.Sent).Entries), bucket.Text, k.Pack(nil))
		return err
	})
	if err := errors.Join(err, tx.Commit()); err != nil {
		b.Fatal(err)
	}
	return path
}

// shell runs the ten queries, each by a shell of its own, as a script would.
func shell(b *testing.B, path string) time.Duration {
	sqlite, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Skip("no sqlite3 here to compare with")
	}
	began := time.Now()
	folder := b.TempDir()
	for bucket := range 10 {
		query := fmt.Sprintf("SELECT contact, phone, status, last_delivered_at, sent_count, bucket FROM plain WHERE bucket = %d ORDER BY contact", bucket)
		cmd := exec.Command(sqlite, "-csv", "-header", path, ".output "+filepath.Join(folder, fmt.Sprint(bucket, ".csv")), query)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s %v", out, err)
		}
	}
	return time.Since(began)
}

// BenchmarkAppendToALongLog compares appending to an empty log with appending to
// one of -rows rows.
func BenchmarkAppendToALongLog(b *testing.B) {
	if *deep == 0 {
		b.Skip("say -rows 20000000")
	}
	s := storetest.Open(b)
	events := storetest.LifelikeLog(4096, 1_000_000, storetest.Start, 1)
	rate := func(rows int) float64 {
		syscall.Sync() // what the disk still owes for the rows before is not these rows' cost
		began := time.Now()
		for n := 0; n < rows; n += len(events) {
			storetest.Append(b, s, events...)
		}
		return float64(rows) / time.Since(began).Seconds()
	}
	storetest.CountWriting(b)
	for b.Loop() {
		const sample = 1_000_000
		empty := rate(sample)
		rate(*deep - sample)
		long := rate(sample)
		b.ReportMetric(empty, "events/s-empty")
		b.ReportMetric(long, "events/s-long")
		b.ReportMetric(long/empty, "of-empty")
	}
}
