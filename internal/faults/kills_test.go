package faults

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"winnow/segments/destination"
)

var (
	killRounds = flag.Int("kill-rounds", 3, "how often a daemon, or a command beside it, is killed, in each of two stores")
	killSeed   = flag.Uint64("kill-seed", 1, "of what is killed when")
)

// What is imported in these tests, in files.
const (
	archives     = 3
	archived     = 2000 // events of an archive
	registered   = 3000 // messages of the send log
	inContacts   = 3000
	inSuppressed = 200
)

// works is a house in which everything goes on.
type works struct {
	*house
	load  *load
	deeds [][]string // of commands, the arguments

	mu       sync.Mutex
	failures map[string]string // of commands that were not killed, by the command
	done     map[string]int    // commands that succeeded
	imported map[string]bool   // archives
	killed   atomic.Int64      // commands that were killed
}

// derived are commands that change nothing that people decide, so that a fresh fold of the
// log gives the same contacts.
var derived = [][]string{
	{"sweep"}, {"review"}, {"export", "nightly"}, {"rejudge", "--apply"}, {"reclassify", "--apply"},
	{"plan", "--backtest", "30d"}, {"plan"}, {"report"}, {"status"}, {"backup", "BACKUPS"},
	{"import", "events", "archive-0.ndjson"}, {"import", "events", "archive-1.ndjson"}, {"import", "events", "archive-2.ndjson"},
	{"import", "messages", "sent.csv"}, {"import", "contacts", "contacts.csv", "--apply"},
}

// decided are commands by which people decide.
var decided = [][]string{
	{"suppress", "crm-7", "--reason", "complaint"}, {"allow", "crm-7", "--reason", "complaint"}, {"suppress", "crm-11", "--reason", "complaint"}, {"allow", "crm-12"},
	{"import", "suppressions", "suppressions.csv", "--apply", "--new"}, {"undo", "--reason", "hard_bounce", "--since", "2026-01-02", "--apply"},
	{"forget", "crm-13", "--exports"}, {"forget", "crm-14"}, {"retain"}, {"list", "add", "staff", "contacts.csv"}, {"pin", "reachable", "crm-15", "--in"},
}

func newWorks(t *testing.T, deeds [][]string) *works {
	t.Helper()
	folder := t.TempDir()
	w := &works{house: newHouse(t, folder, folder, `"0 2 * * *"`, `"@every 2s"`), load: newLoad(), failures: map[string]string{}, done: map[string]int{}, imported: map[string]bool{}}
	w.load.pause = time.Millisecond
	for _, deed := range deeds {
		deed = slices.Clone(deed)
		for i, arg := range deed {
			if strings.HasSuffix(arg, ".csv") || strings.HasSuffix(arg, ".ndjson") || arg == "BACKUPS" {
				deed[i] = filepath.Join(folder, strings.ToLower(arg))
			}
		}
		w.deeds = append(w.deeds, deed)
	}
	w.writeFiles(t)
	return w
}

func (w *works) writeFiles(t *testing.T) {
	t.Helper()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(w.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for a := range archives {
		var text strings.Builder
		for i := range archived {
			at := time.Date(2026, 1, 1+a, 0, 0, i, 0, time.UTC).Format(time.RFC3339)
			fmt.Fprintf(&text, "{\"source\":\"insider\",\"received_at\":%q,\"body\":%s}\n", at, event(archivedID(a, i), i, contacts))
		}
		write(fmt.Sprintf("archive-%d.ndjson", a), text.String())
	}
	list, sent, suppressed := "contact,phone,country\n", "message_id,contact\n", "contact,reason\n"
	for i := range inContacts {
		list += fmt.Sprintf("crm-%d,+90532%07d,TR\n", i, i)
	}
	for i := range registered {
		sent += fmt.Sprintf("m-%d,crm-%d\n", i, i%contacts)
	}
	for i := range inSuppressed {
		suppressed += fmt.Sprintf("crm-%d,complaint\n", i*3)
	}
	write("contacts.csv", list)
	write("sent.csv", sent)
	write("suppressions.csv", suppressed)
}

// workUntil does one deed after the other until stop is closed. Some are killed.
func (w *works) workUntil(stop <-chan struct{}, random *rand.Rand) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		deed := w.deeds[random.IntN(len(w.deeds))]
		c := w.command(deed...)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			panic(err)
		}
		if random.IntN(2) == 0 {
			kill := time.AfterFunc(time.Duration(20+random.IntN(250))*time.Millisecond, func() { _ = c.Process.Kill() })
			_ = c.Wait()
			kill.Stop()
		} else {
			_ = c.Wait()
		}
		w.ended(deed, c, out.String())
	}
}

// ended notes how a command has ended.
func (w *works) ended(deed []string, c *exec.Cmd, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := deed[0]
	if name == "import" || name == "list" {
		name += " " + deed[1]
	}
	switch code := c.ProcessState.ExitCode(); {
	case code < 0:
		w.killed.Add(1)
	case code == 0 || code == 2:
		if w.done[name]++; name == "import events" {
			w.imported[deed[2]] = true
		}
	case !expected(text):
		w.failures[name] = text
	}
}

// expected reports whether a command may end with that in these circumstances.
func expected(text string) bool {
	for _, may := range []string{
		"a run of this scheduled time already exists", // one a second
		"nothing is known of",                         // not yet, or forgotten
		"unknown contacts",                            // the same
		"stays suppressed",                            // for another reason
		"there is no store yet",
	} {
		if strings.Contains(text, may) {
			return true
		}
	}
	return false
}

// round runs a daemon under load with commands beside it, and kills it.
func (w *works) round(t *testing.T, random *rand.Rand) {
	d := w.mustStart(t)
	w.load.begin(d, 8)
	stop := make(chan struct{})
	var workers sync.WaitGroup
	for range 2 {
		own := rand.New(rand.NewPCG(random.Uint64(), 0))
		workers.Go(func() { w.workUntil(stop, own) })
	}
	time.Sleep(time.Duration(50+random.IntN(1000)) * time.Millisecond) // any moment of all this
	d.kill()
	wantNoPanic(t, d.log())
	w.load.end()
	close(stop)
	workers.Wait()
}

func archivedID(archive, n int) string { return fmt.Sprintf("a-%d-%d", archive, n) }

// wantImported checks that the events of each archive whose import succeeded are in the
// log, before it is imported once more.
func (w *works) wantImported(t *testing.T) {
	t.Helper()
	l := newLoad()
	for a := range archives {
		for i := range archived {
			if w.imported[filepath.Join(w.folder, fmt.Sprintf("archive-%d.ndjson", a))] {
				l.answered = append(l.answered, archivedID(a, i))
			}
		}
	}
	w.wantStored(t, l)
}

// rest lets a daemon, and then each command, do its work without being disturbed.
func (w *works) rest(t *testing.T) {
	t.Helper()
	d := w.mustStart(t)
	time.Sleep(2500 * time.Millisecond) // a sweep, and a run
	d.stop(t)
	wantNoPanic(t, d.log())
	for _, deed := range w.deeds {
		if text, status := w.run(deed...); status != 0 && status != 2 && !expected(text) {
			t.Errorf("winnow %s exits with %d:\n%s", strings.Join(deed, " "), status, text)
		}
	}
	for name, text := range w.failures {
		t.Errorf("a winnow %s that was not killed failed:\n%s", name, text)
	}
}

// checkRest checks what is to hold once nothing runs.
func (w *works) checkRest(t *testing.T) {
	t.Helper()
	w.mustRun(t, "sweep")
	if text := w.mustRun(t, "rejudge"); !strings.Contains(text, "no change") && !strings.Contains(text, "nothing") {
		t.Errorf("to judge anew changes something:\n%s", text)
	}
	w.check(t, w.load)
	w.mustRun(t, "backup", "--verify", filepath.Join(w.folder, "backups"))
	for _, folder := range []string{".", "state", "backups"} {
		entries, err := os.ReadDir(filepath.Join(w.behind, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !remains(folder, e.Name()) {
				t.Errorf("%s is left in %s", e.Name(), folder)
			}
		}
	}
	for _, file := range []string{"winnow.db", "winnow-events.db"} {
		if shell, err := exec.LookPath("sqlite3"); err == nil {
			out, err := exec.Command(shell, filepath.Join(w.behind, "state", file), "PRAGMA integrity_check").CombinedOutput()
			if err != nil || string(out) != "ok\n" {
				t.Errorf("the integrity of %s: %s %v", file, out, err)
			}
		}
	}
}

// remains reports whether a file lies in a folder also when nothing was killed.
func remains(folder, name string) bool {
	switch folder {
	case "state":
		return slices.Contains([]string{"winnow.db", "winnow-events.db", "winnow-members", "winnow.db.jobs", "winnow.db.run", "winnow.db.log", "winnow.db.backup"}, name)
	case "backups":
		return name[0] == '2'
	}
	return slices.Contains([]string{"winnow.yaml", "state", "exports", "backups", "contacts.csv", "sent.csv", "suppressions.csv"}, name) || strings.HasPrefix(name, "archive-")
}

// latest is the text of the files of the latest run.
func (h *house) latest(t *testing.T, names ...string) (texts []string) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(h.behind, "exports", "nightly", destination.Latest, name))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	return texts
}

// killRounds kills, checks what is to hold then, and what is to hold at rest.
func (w *works) killRounds(t *testing.T, check func(*testing.T)) {
	random := rand.New(rand.NewPCG(*killSeed, uint64(len(w.deeds))))
	for range *killRounds {
		w.round(t, random)
	}
	check(t)
	w.rest(t)
	w.checkRest(t)
	if len(w.load.answered) == 0 || w.killed.Load() == 0 || len(w.done) < 5 {
		t.Errorf("%d callbacks, %d killed commands, others %v: the test proves nothing", len(w.load.answered), w.killed.Load(), w.done)
	}
	t.Logf("%d daemons and %d commands were killed, %d callbacks answered, none lost; commands that were not killed: %v", *killRounds, w.killed.Load(), len(w.load.answered), w.done)
}

func TestKillsWithEverythingGoingOnLeaveWhatAFreshFoldOfTheLogGives(t *testing.T) {
	atWork(t)
	w := newWorks(t, derived)
	w.killRounds(t, w.wantImported)
	fresh := newWorks(t, derived)
	if err := os.Mkdir(filepath.Join(fresh.behind, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(w.behind, "state", "winnow-events.db"))
	if err == nil {
		err = os.WriteFile(filepath.Join(fresh.behind, "state", "winnow-events.db"), log, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	d := fresh.mustStart(t, "--new")
	d.stop(t)
	for _, h := range []*house{w.house, fresh.house} {
		h.mustRun(t, "import", "messages", filepath.Join(h.folder, "sent.csv"))
		h.mustRun(t, "import", "contacts", filepath.Join(h.folder, "contacts.csv"), "--apply")
		h.export(t)
	}
	files := []string{"everyone.csv", "reachable.csv", "do-not-text.csv"}
	killed, folded := w.latest(t, files...), fresh.latest(t, files...)
	for i, name := range files {
		if killed[i] != folded[i] {
			t.Errorf("%s differs from that of a fresh fold: %s", name, firstDifference(killed[i], folded[i]))
		}
	}
	t.Logf("%d lines of %s are those of a fresh fold", strings.Count(killed[0], "\n"), files[0])
}

func TestKillsBesideWhatPeopleDecideLeaveAWholeStore(t *testing.T) {
	atWork(t)
	w := newWorks(t, slices.Concat(derived, decided))
	w.load.forgotten = func(contact int) bool { return contact == 13 || contact == 14 }
	w.killRounds(t, func(*testing.T) {})
}

// firstDifference is the first line that differs.
func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return fmt.Sprintf("line %d: %q, fresh %q", i+1, as[i], bs[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(as), len(bs))
}
