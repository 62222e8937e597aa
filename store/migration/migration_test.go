package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/location"
	"winnow/store/members"
	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
	"winnow/store/sqlite"
	"winnow/store/storetest"
)

// victim is the environment variable that makes this binary migrate until it kills itself:
// the path of a store, and the URL of a database, between which is a blank.
const victim = "WINNOW_TEST_MIGRATE"

func TestMain(m *testing.M) {
	if from, to, ok := strings.Cut(os.Getenv(victim), " "); ok {
		_, err := Run(context.Background(), Options{From: from, To: to, Chunk: 3, Progress: after(150, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) })})
		if err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	code := storetest.InMemory(m)
	if template != "" {
		_ = os.RemoveAll(filepath.Dir(template))
	}
	os.Exit(code)
}

// after is a progress that calls do when so many rows were copied.
func after(rows int, do func()) func(string) (func(int64), func()) {
	return func(noun string) (func(int64), func()) {
		return func(int64) {
			if rows--; rows == 0 && noun == "copied row" {
				do()
			}
		}, func() {}
	}
}

// template is the path of a store that has some rows in every table, made up but for their
// types, and lists of members.
var template string

// filled is a copy of that store.
func filled(t *testing.T) (path string) {
	t.Helper()
	if template == "" {
		folder, err := os.MkdirTemp("", "template-")
		if err != nil {
			t.Fatal(err)
		}
		template = filepath.Join(folder, "winnow.db")
		fill(t, template)
	}
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Dir(template))); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, filepath.Base(template))
}

func fill(t *testing.T, path string) {
	t.Helper()
	e, err := sqlite.Open(path)
	if err == nil {
		err = e.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	tables := tablesOf(t, path)
	contacts := slices.IndexFunc(tables, func(table engine.Table) bool { return table.Name == "contacts" })
	for file, list := range map[string][]engine.Table{sqlite.LogPath(path): tables[:contacts], path: tables[contacts:]} {
		var script strings.Builder
		for _, table := range list {
			fmt.Fprintf(&script, "DELETE FROM %s;", table.Name)
			for n := range 7 {
				fmt.Fprintf(&script, "INSERT INTO %s VALUES (%s);", table.Name, strings.Join(madeUp(&table, n), ", "))
			}
		}
		if _, err := enginetest.File(t, file).Exec("BEGIN;" + script.String() + "COMMIT"); err != nil {
			t.Fatal(err)
		}
	}
	writeLists(t, path)
}

func tablesOf(t *testing.T, path string) []engine.Table {
	t.Helper()
	from, err := sqlite.OpenTables(path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	return from.List()
}

// change runs a statement on the file that has a table.
func change(t *testing.T, path, table, sql string, args ...any) {
	t.Helper()
	db := fileOf(t, path, table)
	defer db.Close()
	if _, err := db.Exec(sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// fileOf opens the file that has a table.
func fileOf(t *testing.T, path, table string) *sql.DB {
	t.Helper()
	for _, file := range []string{path, sqlite.LogPath(path)} {
		db := enginetest.File(t, file)
		var n int
		if err := db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = ?", table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			return db
		}
	}
	t.Fatalf("there is no table %s", table)
	return nil
}

// madeUp is the nth row of a table, as literals. Its parts of keys differ from those of
// others, and texts are not in the order of n.
func madeUp(table *engine.Table, n int) (row []string) {
	for i, column := range table.Columns {
		switch {
		case column.Name == "batch" && table.Name != "ledger", column.Name == "contact" && column.Kind == engine.Whole, // may refer to another table
			column.Kind == engine.Whole && slices.Contains(table.Key, i):
			row = append(row, fmt.Sprint(n+1))
		case column.Kind == engine.Whole:
			row = append(row, fmt.Sprint(int64(n)<<40-3))
		case column.Kind == engine.Text:
			row = append(row, "'"+[]string{"z", "ä", "", "Ğ 1", "a\n\"''", "Z", "0"}[(n+i)%7]+column.Name+"'")
		default:
			row = append(row, fmt.Sprintf("x'00ff%02x'", n))
		}
	}
	return row
}

var listNames = []members.Name{{Export: "nightly", Segment: "reachable", Run: "2026-01-01T020000Z"}, {Export: "nightly", Segment: "due", Run: "2026-01-01T020000Z"}}

func writeLists(t *testing.T, path string) {
	t.Helper()
	for i, name := range listNames {
		list, err := members.Folder(location.Beside(path, "members")).Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(list, strings.Repeat("crm-1042\n", 70_000*i))
		if err := errors.Join(err, list.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func migrated(t *testing.T, from, to string) Result {
	t.Helper()
	result, err := Run(t.Context(), Options{From: from, To: to, Chunk: 3})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestEveryTableIsCopied(t *testing.T) {
	path, to := filled(t), pgtest.Database(t)
	result := migrated(t, path, to)
	var copied []string
	for _, table := range result.Tables {
		copied = append(copied, table.Name)
		if table.Rows != 7 || table.Replaced != 0 {
			t.Errorf("of %s %d rows were copied, and %d texts replaced", table.Name, table.Rows, table.Replaced)
		}
	}
	for _, table := range tablesOf(t, path) {
		if !slices.Contains(copied, table.Name) {
			t.Errorf("%s was not copied", table.Name)
		}
	}
	if result.Lists != 2 || result.Rows != int64(7*len(copied)) || result.Resumed {
		t.Errorf("%+v", result)
	}
	e := enginetest.Open(t, to)
	for _, name := range listNames {
		list, err := members.Table{Engine: e}.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(list)
		if want := 9 * 70_000 * slices.Index(listNames, name); err != nil || len(text) != want {
			t.Errorf("the list %s has %d bytes, not %d (%v)", name, len(text), want, err)
		}
	}
}

// ours are the tables that PostgreSQL has and files have not: of its log, its locks, and
// of the migration itself.
var ours = []string{"appenders", "arrivals", "leases", "log_end", "member_lists", "migrated", "migration", "settled", "sweep_portions", "sweepers", "vacuumed", "winnow_schema", "written"}

func TestBothEnginesHaveTheSameTables(t *testing.T) {
	path, there := filled(t), map[string][]string{}
	e := enginetest.Open(t, pgtest.Database(t))
	err := e.Read(func(c engine.Reader) error {
		r := c.Query("SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema()")
		for r.Next() {
			there[r.Text(0)] = append(there[r.Text(0)], r.Text(1))
		}
		return r.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tablesOf(t, path) {
		var here []string
		for _, column := range table.Columns {
			here = append(here, column.Name)
		}
		slices.Sort(here)
		slices.Sort(there[table.Name])
		if !slices.Equal(here, there[table.Name]) {
			t.Errorf("%s has in files the columns %q, and in PostgreSQL %q", table.Name, here, there[table.Name])
		}
		delete(there, table.Name)
	}
	for name := range there {
		if !slices.Contains(ours, name) {
			t.Errorf("PostgreSQL has the table %s, and files have not: if the migration has to fill it, let it do so; else name it here", name)
		}
	}
}

func TestAMigrationThatIsInterruptedGoesOn(t *testing.T) {
	path, to := filled(t), pgtest.Database(t)
	change(t, path, "places", "DELETE FROM places") // a table that is whole and has no last row
	interrupted := 0
	for {
		ctx, cancel := context.WithCancel(t.Context())
		result, err := Run(ctx, Options{From: path, To: to, Chunk: 3, Progress: after(150, cancel)})
		cancel()
		if err == nil {
			if !result.Resumed || result.Rows != int64(7*len(result.Tables)) {
				t.Errorf("%+v", result)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := store.Open(to); err == nil || !strings.Contains(err.Error(), "winnow migrate has not finished") {
			t.Fatalf("a database that lacks rows is opened: %v", err)
		}
		if interrupted++; interrupted > 50 {
			t.Fatal("it comes to no end")
		}
	}
	if interrupted < 2 {
		t.Errorf("it was interrupted only %d times", interrupted)
	}
}

func TestAMigrationThatIsKilledGoesOn(t *testing.T) {
	path, to := filled(t), pgtest.Database(t)
	for killed := 0; ; killed++ {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victim+"="+path+" "+to)
		out, err := cmd.CombinedOutput()
		if err == nil {
			if killed < 2 {
				t.Errorf("it was killed only %d times", killed)
			}
			return
		}
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL || killed > 50 {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// stepwise is a migration whose tables are copied and not compared yet.
func stepwise(t *testing.T, from, to string) (m *migration, end func()) {
	t.Helper()
	m = &migration{Options: Options{From: from, To: to, Chunk: 3}}
	var err error
	if m.from, err = sqlite.OpenTables(from); err != nil {
		t.Fatal(err)
	}
	if m.to, err = postgres.OpenTarget(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.begin(t.Context()), m.copyTables(t.Context()), m.copyLists(t.Context())); err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() {
		if err := errors.Join(m.to.Close(), m.from.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return m, end
}

func TestARowThatDiffersIsFoundAndNamed(t *testing.T) {
	path := filled(t)
	for sql, want := range map[string]string{
		"UPDATE contacts SET facts = 'x' WHERE id = 3": `facts of the row id '\x03', key "`,
		"DELETE FROM events WHERE seq = 7":             `events lacks the row seq '\a'`,
		"DELETE FROM events WHERE seq = 2":             `events has the row seq '\x03' where seq '\x02' is to be`,
		"INSERT INTO late_events VALUES (9)":           `late_events has a row seq '\t' more`,
	} {
		m, end := stepwise(t, path, pgtest.Database(t))
		if err := m.to.Engine.Write(func(c engine.Writer) error { return c.Exec(sql) }); err != nil {
			t.Fatal(err)
		}
		if err := m.compareTables(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", sql, err)
		}
		end()
	}
}

func TestAListThatDiffersIsFound(t *testing.T) {
	m, _ := stepwise(t, filled(t), pgtest.Database(t))
	if err := m.compareLists(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := m.to.Engine.Write(func(c engine.Writer) error {
		return c.Exec("UPDATE member_lists SET bytes = overlay(bytes PLACING 'x' FROM 100) WHERE part = 2 AND segment = 'due'")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.compareLists(t.Context()); err == nil || !strings.Contains(err.Error(), "nightly/2026-01-01T020000Z/due differs") {
		t.Error(err)
	}
}

func TestNothingIsCopiedIntoADatabaseThatHasAStore(t *testing.T) {
	refused := func(from, to, want string) {
		t.Helper()
		if _, err := Run(t.Context(), Options{From: from, To: to}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	path, to := filled(t), pgtest.Database(t)
	e, err := postgres.Open(to)
	if err == nil {
		err = errors.Join(e.Write(func(c engine.Writer) error { return c.Exec("INSERT INTO lists VALUES ('staff', 'ann')") }), e.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	refused(path, to, "with rows in lists")

	to = pgtest.Database(t)
	migrated(t, path, to)
	refused(path, to, "has a store already")

	refused(filepath.Join(t.TempDir(), "absent.db"), to, "there is no store yet")
}

func TestAnInterruptedMigrationOfAnotherStoreDoesNotGoOn(t *testing.T) {
	path, to := filled(t), pgtest.Database(t)
	_, end := stepwise(t, path, to)
	end()
	change(t, path, "counters", "UPDATE counters SET value = value + 1")
	if _, err := Run(t.Context(), Options{From: path, To: to}); err == nil || !strings.Contains(err.Error(), "of another store, or of this one before it was used again") {
		t.Error(err)
	}
}

func TestNobodyWritesToAStoreThatIsMigrated(t *testing.T) {
	path := filled(t)
	stepwise(t, path, pgtest.Database(t))
	for _, table := range []string{"contacts", "events"} {
		db := fileOf(t, path, table)
		db.SetMaxOpenConns(1)
		if _, err := db.Exec("PRAGMA busy_timeout = 0"); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("DELETE FROM " + table); err == nil || !strings.Contains(err.Error(), "locked") {
			t.Errorf("%s: %v", table, err)
		}
	}
}

func TestIdsGoOnBehindThoseThatWereGivenOut(t *testing.T) {
	path, to := filled(t), pgtest.Database(t)
	for _, table := range []string{"batches", "breaker_trips", "erasures", "events", "quarantine"} {
		change(t, path, table, "UPDATE sqlite_sequence SET seq = 1000 WHERE name = '"+table+"'")
	}
	change(t, path, "counters", "UPDATE counters SET name = 'cursor', value = 0 WHERE name = (SELECT min(name) FROM counters)")
	migrated(t, path, to)
	e := enginetest.Open(t, to)
	err := e.Write(func(c engine.Writer) error {
		n, err := c.Number("INSERT INTO erasures (at, exports, subject, begun, seq) VALUES (0, 0, '', 0, 0) RETURNING id")
		if n != 1001 {
			t.Errorf("the next erasure is %d", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = e.ReadLog(func(l engine.LogReader) error {
		events, quarantined, err := l.Sequences()
		if events != 1000 || quarantined != 1000 {
			t.Errorf("the log goes on after %d and %d", events, quarantined)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTextsThatPostgreSQLCanNotStoreAreReplacedAndCounted(t *testing.T) {
	path, to := filled(t), pgtest.Database(t)
	change(t, path, "events", "UPDATE events SET message_id = 'a' || char(0) || 'b', code = CAST(x'ff41' AS TEXT) WHERE seq = 3")
	change(t, path, "messages", "UPDATE messages SET message_id = char(0) WHERE sent_at > 0 AND phone = (SELECT max(phone) FROM messages)")
	replaced := map[string]int64{}
	for _, table := range migrated(t, path, to).Tables {
		replaced[table.Name] = table.Replaced
	}
	if replaced["events"] != 2 || replaced["messages"] != 1 {
		t.Errorf("replaced: %v", replaced)
	}
	err := enginetest.Open(t, to).ReadLog(func(l engine.LogReader) error {
		text, err := l.Text("SELECT message_id || code FROM events WHERE seq = 3")
		if text != "a\uFFFDb\uFFFDA" {
			t.Errorf("the texts are %q", text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAContactWhoseKeyPostgreSQLCanNotStoreIsNamed(t *testing.T) {
	path := filled(t)
	change(t, path, "contacts", "UPDATE contacts SET key = 'crm' || char(0) WHERE id = 5")
	_, err := Run(t.Context(), Options{From: path, To: pgtest.Database(t)})
	if err == nil || !strings.Contains(err.Error(), `the contact's key "crm\x00", in the table contacts, can't be stored`) || !strings.Contains(err.Error(), "winnow merge --file") {
		t.Error(err)
	}
}
