package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/internal/faultfs"
	"winnow/segments/destination"
)

var (
	cuts    = flag.Int("cuts", 6, "how many states of the disk after a power cut are tried")
	cutSeed = flag.Uint64("cut-seed", 1, "of the choice of cuts, and of what each one loses")
)

// What is marked in a recording, before its name.
const (
	answeredMark  = "answered "
	runMark       = "run "      // was made by a command that succeeded, or is older than one that was
	suppressMark  = "suppress " // a contact
	backedUpMark  = "backup "
	cutSuppressed = "crm-40"
)

// The power is cut at a moment of what three daemons and commands beside them do, one of
// which is killed. What was synced is there; each later write is there, or not, or in
// part; each name is as the model of a file system has it. winnow starts on that.
func TestAPowerCutLosesNoAnsweredEventAndNoRun(t *testing.T) {
	atWork(t)
	disk := faultfs.Mount(t)
	h := newHouse(t, disk.Folder, disk.Behind, "keep: 3", "keep: 2", `"0 2 * * *"`, `"@every 2s"`)
	journal := disk.Record()
	h.liveThroughCuts(t, journal)
	random := rand.New(rand.NewPCG(*cutSeed, 0))
	looked := 0
	for n := range *cuts {
		cut := journal.RandomCut(random)
		looked += checkAfterCut(t, journal, cut)
		if t.Failed() {
			t.Fatalf("cut %d was at moment %d of %d, keeping %v of what was not synced, by model %d; -cut-seed %d", n, cut.At, journal.Moments(), cut.Keep, cut.Model, *cutSeed)
		}
	}
	writes, names, syncs := journal.Counts()
	if looked == 0 || writes == 0 || names == 0 || syncs == 0 {
		t.Error("the test proves nothing")
	}
	t.Logf("%d cuts of %d writes, %d changes of names and %d syncs; %d answers and acts to find again, none was lost", *cuts, writes, names, syncs, looked)
}

// liveThroughCuts does what is recorded.
func (h *house) liveThroughCuts(t *testing.T, journal *faultfs.Journal) {
	t.Helper()
	l := newLoad()
	answered := func(id string) { journal.Mark(answeredMark + id) }
	archive := filepath.Join(h.behind, "archive.ndjson")
	if err := os.WriteFile(archive, fmt.Appendf(nil, "{\"source\":\"insider\",\"received_at\":\"2026-01-01T00:00:00Z\",\"body\":%s}\n", event("a-1", 1, contacts)), 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		d := h.mustStart(t)
		l.some(d, 150, answered)
		switch n {
		case 0:
			h.mustRun(t, "suppress", cutSuppressed, "--reason", "complaint", "--new")
			journal.Mark(suppressMark + cutSuppressed)
			h.mustRun(t, "import", "events", archive)
			answered("a-1")
		case 1:
			h.export(t)
			if latest, err := os.Readlink(filepath.Join(h.behind, "exports", "nightly", destination.Latest)); err == nil {
				journal.Mark(runMark + latest)
			}
			h.mustRun(t, "reclassify", "--apply")
		case 2:
			h.mustRun(t, "backup", filepath.Join(h.folder, "backups"))
			journal.Mark(backedUpMark)
		}
		l.some(d, 150, answered)
		time.Sleep(2500 * time.Millisecond) // a run, and a sweep
		if n == 1 {
			d.kill()
		} else {
			d.stop(t)
		}
	}
}

// checkAfterCut starts winnow on what a cut left, checks that it works and has what was
// there, and returns how much that was.
func checkAfterCut(t *testing.T, journal *faultfs.Journal, cut faultfs.Cut) (looked int) {
	t.Helper()
	root, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	if err := journal.After(cut, root); err != nil {
		t.Fatal(err)
	}
	h, l := newHouse(t, root, root, "keep: 3", "keep: 2"), newLoad()
	published, suppressed, backedUp := "", false, false
	for _, mark := range journal.Marks(cut.At) {
		looked++
		switch id, isAnswer := strings.CutPrefix(mark, answeredMark); {
		case isAnswer:
			l.answered = append(l.answered, id)
		case strings.HasPrefix(mark, runMark):
			published = strings.TrimPrefix(mark, runMark)
		case mark == backedUpMark:
			backedUp = true
		default:
			suppressed = true
		}
	}
	h.wantWholeAfterCut(t, published)
	h.check(t, l)
	if suppressed && !strings.Contains(h.mustRun(t, "explain", cutSuppressed), cutSuppressed+" is suppressed") {
		t.Errorf("%s was suppressed, and is no more", cutSuppressed)
	}
	if backedUp {
		h.mustRun(t, "backup", "--verify", filepath.Join(root, "backups"))
	}
	if text := h.mustRun(t, "rejudge"); !strings.Contains(text, "nothing") && !strings.Contains(text, "no change") {
		t.Errorf("to judge anew changes something:\n%s", text)
	}
	return looked
}

// wantWholeAfterCut checks what readers see before winnow starts again: every run is
// whole, and latest is that run, or a later one.
func (h *house) wantWholeAfterCut(t *testing.T, published string) {
	t.Helper()
	folder := filepath.Join(h.behind, "exports", "nightly")
	runs, err := filepath.Glob(filepath.Join(folder, "2*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		wantWhole(t, run)
	}
	latest, err := os.Readlink(filepath.Join(folder, destination.Latest))
	if err != nil && published == "" {
		return
	}
	if _, statErr := os.Stat(filepath.Join(folder, latest)); err != nil || statErr != nil || latest < published {
		t.Errorf("latest is %q, %v, %v; run %s was published before the cut", latest, err, statErr, published)
	}
}
