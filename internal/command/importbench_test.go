package command

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/internal/procusage"
	"winnow/internal/ui"
)

// The benchmarks of imports and look-ups run each command as a process of its own, on lists
// of -import-lines lines over as many contacts, each in an order of its own. They print the
// CPU and the bytes written of a line and the peak of the memory, and the CPU as a multiple of
// that which sqlite3's shell needs, in the same run, to import the list into a table with
// the same keys, or to join it with one.
var importLines = flag.Int("import-lines", 20_000, "lines of each list in the benchmarks of imports, reconcile and scrub, and contacts in their stores")

// lists are the lists of a benchmark, in files.
type lists struct {
	folder string
	n      int
}

func newLists(b *testing.B) lists {
	b.Helper()
	return lists{b.TempDir(), *importLines}
}

// write writes a list of a line for each contact, in an order by that seed, and returns its
// name.
func (l lists) write(b *testing.B, name, header string, seed uint64, line func(i int) string) string {
	b.Helper()
	path := filepath.Join(l.folder, name)
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	w.WriteString(header)
	for _, i := range rand.New(rand.NewPCG(seed, seed)).Perm(l.n) {
		w.WriteString(line(i))
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// Numbers are in another order than the keys of their contacts.
func importedPhone(i int) string { return fmt.Sprintf("+90532%07d", i*7_919%10_000_000) }
func importedKey(i int) string   { return fmt.Sprintf("crm-%08d", i) }

// importedMessage is an id as good as random, as providers give them.
func importedMessage(i int) string {
	r := rand.New(rand.NewPCG(uint64(i), 7))
	return fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
}

func (l lists) contacts(b *testing.B) string {
	return l.write(b, "contacts.csv", "contact,phone,country,age,city,plan,last_order\n", 1, func(i int) string {
		return fmt.Sprintf("%s,%s,TR,%d,city-%d,pro,2026-01-%02d\n", importedKey(i), importedPhone(i), 18+i%60, i%81, 1+i%28)
	})
}

// localContacts has the numbers as people write them.
func (l lists) localContacts(b *testing.B) string {
	return l.write(b, "local.csv", "contact,phone\n", 1, func(i int) string {
		p := importedPhone(i)
		return fmt.Sprintf("%s,0%s %s %s %s\n", importedKey(i), p[3:6], p[6:9], p[9:11], p[11:])
	})
}

func (l lists) messages(b *testing.B) string {
	return l.write(b, "messages.csv", "message_id,contact,phone,sent_at\n", 2, func(i int) string {
		return fmt.Sprintf("%s,%s,%s,2026-01-%02dT10:00:00Z\n", importedMessage(i), importedKey(i), importedPhone(i), 1+i%28)
	})
}

func (l lists) optOuts(b *testing.B, column string, name func(int) string) string {
	return l.write(b, column+".csv", column+",reason\n", 3, func(i int) string { return name(i) + ",opted_out\n" })
}

func (l lists) events(b *testing.B) string {
	return l.write(b, "events.ndjson", "", 4, func(i int) string {
		return fmt.Sprintf(`{"source":"insider","received_at":"2026-01-%02dT03:04:05Z","body":{"id":%q,"uniqueArgs":{"contact_id":%q},"event":"undelivered","reason":{"code":1404,"message":"Soft Bounce"}}}`+"\n",
			1+i%28, importedMessage(i), importedKey(i))
	})
}

// usage is what a process took.
type usage struct {
	procusage.Usage
	wall time.Duration
}

// runMeasured runs a process, whose output must have this text.
func runMeasured(b *testing.B, c *exec.Cmd, want string) (u usage) {
	b.Helper()
	var text bytes.Buffer
	c.Stdout, c.Stderr = &text, &text
	var err error
	if u.Usage, u.wall, err = procusage.Run(c); err != nil || !strings.Contains(text.String(), want) {
		b.Fatalf("%s: %v: %s; want %q", c, err, &text, want)
	}
	return u
}

// measureWinnow runs winnow, whose output must have this text.
func measureWinnow(b *testing.B, config, want string, args ...string) usage {
	b.Helper()
	c := exec.Command(os.Args[0], append(args, "-c", config)...)
	c.Env = append(os.Environ(), "WINNOW_TEST_DAEMON=serve")
	return runMeasured(b, c, want)
}

// report reports what so many lines took, beside what sqlite3's shell took for them; that
// may be nothing.
func (u usage) report(b *testing.B, what string, lines int, shell *usage) {
	text := fmt.Sprintf("%s of %s lines: %v of CPU, %d MiB written, peak %d MiB, in %v", what, ui.Number(int64(lines)), u.CPU.Round(10*time.Millisecond), u.Written>>20, u.Peak>>20, u.wall.Round(10*time.Millisecond))
	if shell != nil {
		text += fmt.Sprintf("; sqlite3 %v of CPU, %d MiB written", shell.CPU.Round(10*time.Millisecond), shell.Written>>20)
		b.ReportMetric(float64(u.CPU)/float64(shell.CPU), "of-sqlite3's-CPU")
	}
	b.Log(text)
	b.ReportMetric(float64(u.CPU.Nanoseconds())/float64(lines), "ns-CPU/line")
	b.ReportMetric(float64(u.Written)/float64(lines), "B-written/line")
	b.ReportMetric(float64(u.Peak>>20), "MiB-peak")
}

// shellScript runs statements and commands with sqlite3's shell in a new database, whose tables
// are made and filled before it is measured; nil where the shell is not installed.
func shellScript(b *testing.B, before, script string) *usage {
	b.Helper()
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		b.Log("sqlite3 is not installed: nothing to compare with")
		return nil
	}
	file := filepath.Join(b.TempDir(), "shell.db")
	run := func(text string) usage {
		c := exec.Command(shell, "-batch", "-bail", file)
		c.Stdin = strings.NewReader("PRAGMA journal_mode = wal; PRAGMA synchronous = full;\n" + text)
		return runMeasured(b, c, "")
	}
	run(before)
	used := run(script)
	return &used
}

const (
	shellContacts = "CREATE TABLE contacts (contact TEXT PRIMARY KEY, phone TEXT, country, age, city, plan, last_order); CREATE INDEX by_phone ON contacts (phone);\n"
	shellOptOuts  = "CREATE TABLE suppressions (name TEXT PRIMARY KEY, reason TEXT); CREATE TEMP TABLE list (name TEXT, reason TEXT);\n"
)

// shellImport is the command that imports a CSV into a table.
func shellImport(file, table string) string {
	return fmt.Sprintf(".import --csv --skip 1 '%s' %s\n", file, table)
}

// storeOf makes a config and its store, into which these contacts are imported.
func storeOf(b *testing.B, contacts string) (config string) {
	b.Helper()
	config = apptest.Config(b, b.TempDir(), "1h")
	measureWinnow(b, config, "", "import", "contacts", contacts, "--apply", "--region", "TR")
	return config
}

// BenchmarkImportContacts imports contacts with a phone and five attributes; looks at that
// before; imports them again, which changes nothing; and imports some whose numbers are
// written as people write them.
func BenchmarkImportContacts(b *testing.B) {
	l := newLists(b)
	contacts, local := l.contacts(b), l.localContacts(b)
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			config := apptest.Config(b, b.TempDir(), "1h")
			measureWinnow(b, config, "", "import", "contacts", contacts, "--apply").report(b, "import contacts --apply", l.n,
				shellScript(b, shellContacts, shellImport(contacts, "contacts")))
		}
	})
	b.Run("preview", func(b *testing.B) {
		for b.Loop() {
			config := apptest.Config(b, b.TempDir(), "1h")
			measureWinnow(b, config, "would be new", "import", "contacts", contacts).report(b, "import contacts", l.n, nil)
		}
	})
	b.Run("again", func(b *testing.B) {
		config := storeOf(b, contacts)
		for b.Loop() {
			measureWinnow(b, config, fmt.Sprintf("%s unchanged", ui.Number(int64(l.n))), "import", "contacts", contacts, "--apply").report(b, "import contacts --apply, again,", l.n, nil)
		}
	})
	b.Run("local numbers", func(b *testing.B) {
		for b.Loop() {
			config := apptest.Config(b, b.TempDir(), "1h")
			measureWinnow(b, config, "", "import", "contacts", local, "--region", "TR", "--apply").report(b, "import contacts --region --apply", l.n, nil)
		}
	})
}

// BenchmarkImportMessages imports a send log, of known contacts and of none, and then the
// same again.
func BenchmarkImportMessages(b *testing.B) {
	l := newLists(b)
	contacts, messages := l.contacts(b), l.messages(b)
	registered := fmt.Sprintf("registered %s messages", ui.Number(int64(l.n)))
	for name, make := range map[string]func(*testing.B) string{
		"known contacts": func(b *testing.B) string { return storeOf(b, contacts) },
		"new contacts":   func(b *testing.B) string { return apptest.Config(b, b.TempDir(), "1h") },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				shell := shellScript(b, "CREATE TABLE messages (message_id TEXT PRIMARY KEY, contact, phone, sent_at) WITHOUT ROWID;\n", shellImport(messages, "messages"))
				measureWinnow(b, make(b), registered, "import", "messages", messages).report(b, "import messages, "+name, l.n, shell)
			}
		})
	}
	b.Run("again", func(b *testing.B) {
		config := apptest.Config(b, b.TempDir(), "1h")
		measureWinnow(b, config, registered, "import", "messages", messages)
		for b.Loop() {
			measureWinnow(b, config, "already known", "import", "messages", messages).report(b, "import messages, again,", l.n, nil)
		}
	})
}

// BenchmarkImportEvents imports an archive of callbacks.
func BenchmarkImportEvents(b *testing.B) {
	l := newLists(b)
	archive := l.events(b)
	for b.Loop() {
		shell := shellScript(b, "CREATE TABLE events (line TEXT);\n", fmt.Sprintf(".mode ascii\n.separator \"\\t\" \"\\n\"\n.import '%s' events\n", archive))
		measureWinnow(b, apptest.Config(b, b.TempDir(), "1h"), "", "import", "events", archive).report(b, "import events", l.n, shell)
	}
}

// importedBy are the ways in which a list of opt-outs names the contacts.
var importedBy = []struct {
	by, column string
	name       func(int) string
}{{"key", "contact", importedKey}, {"phone", "phone", importedPhone}}

// BenchmarkImportSuppressions imports opt-outs of all contacts, by key and by phone; looks at
// that before; and imports them again, which changes nothing.
func BenchmarkImportSuppressions(b *testing.B) {
	l := newLists(b)
	contacts := l.contacts(b)
	for _, by := range importedBy {
		list := l.optOuts(b, by.column, by.name)
		args := []string{"import", "suppressions", list, "--by", by.by}
		b.Run("by "+by.by, func(b *testing.B) {
			for b.Loop() {
				config := storeOf(b, contacts)
				measureWinnow(b, config, "would be added", args...).report(b, "import suppressions, by "+by.by, l.n, nil)
				shell := shellScript(b, shellContacts+shellImport(contacts, "contacts"), shellOptOuts+shellImport(list, "temp.list")+
					"INSERT INTO suppressions SELECT c.contact, l.reason FROM list l JOIN contacts c ON c."+by.column+" = l.name WHERE true ON CONFLICT DO NOTHING;\n")
				added := measureWinnow(b, config, fmt.Sprintf("%s suppressions were added", ui.Number(int64(l.n))), append(args, "--apply")...)
				measureWinnow(b, config, fmt.Sprintf("%s unchanged", ui.Number(int64(l.n))), append(args, "--apply")...).report(b, "import suppressions --apply, again, by "+by.by, l.n, nil)
				added.report(b, "import suppressions --apply, by "+by.by, l.n, shell)
			}
		})
	}
}

// BenchmarkReconcile compares a list of all contacts with a store in which half of them are
// suppressed.
func BenchmarkReconcile(b *testing.B) {
	l := newLists(b)
	contacts := l.contacts(b)
	for _, by := range importedBy {
		list := l.optOuts(b, by.column, by.name)
		half := l.write(b, "half.csv", by.column+",reason\n", 5, func(i int) string {
			if i%2 == 0 {
				return ""
			}
			return by.name(i) + ",opted_out\n"
		})
		b.Run("by "+by.by, func(b *testing.B) {
			config := storeOf(b, contacts)
			measureWinnow(b, config, "", "import", "suppressions", half, "--by", by.by, "--apply")
			for b.Loop() {
				shell := shellScript(b, shellContacts+shellImport(contacts, "contacts")+shellOptOuts+shellImport(half, "temp.list")+"INSERT INTO suppressions SELECT * FROM list;\n",
					"CREATE TEMP TABLE list (name TEXT PRIMARY KEY, reason TEXT);\n"+shellImport(list, "temp.list")+
						"SELECT count(*) FROM list WHERE name NOT IN (SELECT name FROM suppressions); SELECT count(*) FROM suppressions WHERE name NOT IN (SELECT name FROM list);\n")
				measureWinnow(b, config, "", "reconcile", list, "--by", by.by, "-o", filepath.Join(b.TempDir(), "out")).report(b, "reconcile --by "+by.by, l.n, shell)
			}
		})
	}
}

// BenchmarkScrub scrubs a list of all contacts against a store in which half of them are
// suppressed.
func BenchmarkScrub(b *testing.B) {
	l := newLists(b)
	config := storeOf(b, l.contacts(b))
	half := l.write(b, "half.csv", "contact,reason\n", 5, func(i int) string {
		if i%2 == 0 {
			return ""
		}
		return importedKey(i) + ",complaint\n"
	})
	measureWinnow(b, config, "", "import", "suppressions", half, "--apply")
	for _, by := range importedBy {
		list := l.optOuts(b, by.column, by.name)
		b.Run("by "+by.by, func(b *testing.B) {
			for b.Loop() {
				shell := shellScript(b, shellOptOuts+shellImport(half, "temp.list")+"INSERT INTO suppressions SELECT * FROM list;\n",
					"CREATE TEMP TABLE list (name TEXT PRIMARY KEY, reason TEXT);\n"+shellImport(list, "temp.list")+
						"SELECT count(*) FROM list WHERE name NOT IN (SELECT name FROM suppressions);\n")
				measureWinnow(b, config, "", "scrub", list, "--column", by.column, "-o", filepath.Join(b.TempDir(), "clean.csv")).report(b, "scrub by "+by.by, l.n, shell)
			}
		})
	}
}
