package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/segments"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/runs"
	"winnow/store/storetest"
)

// firstNames are the tables that the first release had under other names.
var firstNames = map[string]string{
	"retry_messages": "retries", "breaker_trips": "trips", "breaker_counts": "surges", "pending_outcomes": "rewordings",
	"status_counts": "tally", "run_segments": "parts", "counters": "progress",
}

// migrateTo makes an empty file of a store have the schema of that version.
func migrateTo(t *testing.T, db *sql.DB, schema string, version int) {
	t.Helper()
	for n := range version {
		text, err := os.ReadFile(fmt.Sprintf("sqlite/schema/%s-%03d.sql", schema, n+1))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(string(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(fmt.Sprintf("PRAGMA journal_mode = WAL; PRAGMA user_version = %d", version)); err != nil {
		t.Fatal(err)
	}
}

// columnsOf lists the columns of a table.
func columnsOf(t *testing.T, db *sql.DB, schema, table string) (names []string) {
	t.Helper()
	rows, err := db.Query("SELECT name FROM pragma_table_info(?, ?) ORDER BY cid", table, schema)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// asOfFirstRelease copies a store that was closed into one that the first release
// would have made: its schema, up to the version of winnow.db, with the same rows.
func asOfFirstRelease(t *testing.T, from string, version int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "winnow.db")
	for _, file := range []struct {
		suffix, schema string
		version        int
	}{{"-events", "events", 1}, {"", "roster", version}} {
		with := func(path string) string { return strings.TrimSuffix(path, ".db") + file.suffix + ".db" }
		db := enginetest.File(t, with(path))
		db.SetMaxOpenConns(1)
		exec := func(sql string, args ...any) {
			t.Helper()
			if _, err := db.Exec(sql, args...); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		migrateTo(t, db, file.schema, file.version)
		exec("ATTACH ? AS now", with(from))
		rows, err := db.Query("SELECT name FROM now.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name = 'retry_messages', name")
		if err != nil {
			t.Fatal(err)
		}
		var tables []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			tables = append(tables, name)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
		for _, name := range tables {
			first := name
			if old, ok := firstNames[name]; ok {
				first = old
			}
			if first == "deliveries" && file.version < 2 {
				continue
			}
			// Columns that came later are at the end, and so are those that have gone.
			columns, had := columnsOf(t, db, "now", name), columnsOf(t, db, "main", first)
			if len(had) == 0 { // the table came later
				continue
			}
			columns = columns[:min(len(columns), len(had))]
			for len(columns) < len(had) {
				columns = append(columns, "0")
			}
			if total := slices.Index(had, "total"); total >= 0 { // of the bytes in quarantine, which is not there any more
				columns[total] = "0"
			}
			exec("INSERT INTO main." + first + " SELECT " + strings.Join(columns, ", ") + " FROM now." + name)
		}
		exec("DETACH now")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// describe writes down what a store says of everything that it keeps.
func describe(t *testing.T, s *store.Store) string {
	t.Helper()
	var b strings.Builder
	say := func(what string, v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		fmt.Fprintf(&b, "%s: %+v\n", what, v)
	}
	b.WriteString(storetest.Dump(t, s))
	totals, err := s.Totals()
	say("totals", totals, err)
	trips, err := s.BreakerTrips()
	say("trips", trips, err)
	batches, err := s.Batches(store.BatchFilter{}, 100)
	say("batches", batches, err)
	policies, err := s.Policies()
	say("policies", policies, err)
	runs, err := s.RunsOf("nightly", runs.AllRuns)
	say("runs", runs, err)
	bases, err := s.Bases("nightly")
	say("bases", bases, err)
	lists, err := s.Lists()
	say("lists", lists, err)
	last, err := s.LastJobTime(t.Context(), "sweep", storetest.Start.Add(hygiene.Day).Time())
	say("job", last, err)
	err = s.Pins(t.Context(), "", func(p segments.Pin) error { say("pin", p, nil); return nil })
	say("pins", "", err)
	contact, unmatched, err := s.Message([]string{"insider"}, "m-late")
	say("message", fmt.Sprint(contact, unmatched), err)
	return b.String()
}

// A store of the first release, and one that lacks the deliveries, is as good
// after its migration as one made today: it says the same, and goes on the same.
func TestAStoreOfTheFirstReleaseIsMigratedAndGoesOn(t *testing.T) {
	enginetest.SQLite(t)
	now := storetest.Start.Add(60 * hygiene.Day)
	events, registrations := storetest.RandomLog(31, 300)
	today := enginetest.Location(t)
	s, err := store.Open(today)
	must(t, err)
	p := storetest.Policy(t, s)
	storetest.Append(t, s, events[:200]...)
	storetest.Append(t, s, received(storetest.Start, "acme", mixed(30, 30)...)...)
	storetest.Append(t, s, storetest.Event(now, "", "m-late", hygiene.HardBounce))
	sweepHeld(t, s, p, 50, bounces)
	storetest.Register(t, s, registrations[:len(registrations)/2]...)
	_, err = s.Instruct(p, store.Subjects{Keys: []string{"contact-1", "zoe"}}, hygiene.Instruction{Kind: hygiene.Suppress, Reason: "complaint", By: "ann", Note: "by phone"}, store.Batch{Kind: store.SuppressBatch}, now)
	must(t, err)
	_, err = strikeAll(t, t.Context(), s, p, hygiene.Instruction{Reason: "soft_bounce", From: storetest.Start, To: now}, now, nil)
	must(t, err)
	_, err = s.AddToList("staff", []string{"contact-1", "eve"})
	must(t, err)
	_, err = s.Pin(segments.Pin{Segment: "everyone", Contact: "contact-2", Out: true, At: now, By: "ann", Note: "asked"})
	must(t, err)
	ended(t, s, 1, segments.Published)
	run := segments.Run{Export: "nightly", Name: segments.RunName(now), ScheduledAt: now, AsOf: now, Policy: p.Hash, Ledger: -1}
	_, err = s.BeginRun(run)
	must(t, err, s.ReadyRun(run, []segments.RunSegment{{Segment: "everyone", Rows: 8, Members: true, Days: 2}}))
	run.Status = segments.Published
	must(t, s.EndRun(run), s.RecordJobTime(t.Context(), "sweep", storetest.Start.Time()), s.SetPolicyInForce(p.Hash))
	must(t, s.Append(t.Context(), nil, []hygiene.Unreadable{{ReceivedAt: now, Source: "insider", Why: "not a JSON object", Body: []byte("?")}}))
	must(t, s.Close())

	var old []string
	for _, version := range []int{1, 2, 3} {
		old = append(old, asOfFirstRelease(t, today, version))
	}
	s, err = store.OpenExisting(today)
	must(t, err)
	before := describe(t, s)
	goOn := func(s *store.Store) string {
		storetest.Append(t, s, events[200:]...)
		storetest.Register(t, s, registrations[len(registrations)/2:]...)
		storetest.Register(t, s, store.Registration{Source: "insider", MessageID: "m-late", Contact: "late"})
		sweepHeld(t, s, p, 0, bounces)
		review(t, s, p, now.Add(hygiene.Day), (*store.Store).DiscardTrip)
		takeBack(t, s, p, 2, now.Add(2*hygiene.Day))
		must(t, s.SaveDelivery(runs.Delivery{Export: "nightly", ScheduledAt: now, Remote: "sftp://ann@drop.example.com/in", Status: runs.Waiting}))
		return describe(t, s)
	}
	after := goOn(s)
	must(t, s.Close())
	if before == after || !strings.Contains(before, "State:held") || !strings.Contains(after, "State:discarded") {
		t.Fatalf("the store has too little in it:\n%s", after)
	}
	for i, path := range old {
		s, err := store.OpenExisting(path)
		must(t, err)
		if got := describe(t, s); got != before {
			t.Errorf("from version %d: migrated\n%s\nmade today\n%s", i+1, got, before)
		}
		if got := goOn(s); got != after {
			t.Errorf("from version %d: migrated, then gone on\n%s\nmade today\n%s", i+1, got, after)
		}
		must(t, s.Close())
	}
}

func TestTheReasonOfARunHeldByAnEarlierVersionIsKept(t *testing.T) {
	enginetest.SQLite(t)
	path := enginetest.Location(t)
	db := enginetest.File(t, path)
	migrateTo(t, db, "roster", 3)
	_, err := db.Exec(`INSERT INTO runs (export, scheduled_at, status, as_of, finished_at, through_seq, policy, error) VALUES
		('nightly', 1, 'held', 1, 1, 0, 'p', 'segment "all" has 0 rows now; so the run is held and readers keep the one before: look there; run /out failed'),
		('nightly', 2, 'failed', 1, 1, 0, 'p', 'disk full')`)
	must(t, err, db.Close())
	s, err := store.OpenNew(path) // there is only this file
	must(t, err)
	defer s.Close()
	for at, want := range map[hygiene.Instant]string{1: `segment "all" has 0 rows now`, 2: ""} {
		if run, _, err := s.RunOf("nightly", at); err != nil || run.HeldReason != want {
			t.Errorf("run %d was held because of %q, %v; want %q", at, run.HeldReason, err, want)
		}
	}
}

// Earlier versions know neither blocked nor deactivated, and have ten steps for
// winnow.db: they refuse a file with more.
func TestAStoreThatMayHoldBlocksIsRefusedByEarlierVersions(t *testing.T) {
	enginetest.SQLite(t)
	path := enginetest.Location(t)
	s, err := store.Open(path)
	must(t, err)
	p := hygiene.NewPolicy([]hygiene.Rule{{Name: "blocked", When: &hygiene.When{Counting: hygiene.Counting{Outcomes: hygiene.OutcomesOf(hygiene.Blocked, hygiene.Deactivated), Count: 1}},
		Then: hygiene.Action{Suppress: &hygiene.SuppressAction{Reason: "blocked"}}}}, "p")
	storetest.Append(t, s, storetest.Event(storetest.Start, "a", "m1", hygiene.Blocked), storetest.Event(storetest.Start, "b", "m2", hygiene.Deactivated))
	storetest.SavePolicy(t, s, p)
	storetest.Sweep(t, s, p, 0)
	if totals, err := s.Totals(); err != nil || totals.Statuses["suppressed"] != 2 {
		t.Errorf("suppressed are %v, %v", totals.Statuses, err)
	}
	must(t, s.Close())
	var version int
	must(t, enginetest.File(t, path).QueryRow("PRAGMA user_version").Scan(&version))
	if version <= 10 {
		t.Errorf("the store has schema %d, which an earlier version takes for its own", version)
	}
}
