// Package powercut cuts the power of a daemon that stores callbacks, as far as its
// store is concerned: strace writes down what the daemon does to the store's folder,
// and the tests rebuild what a disk may hold after a cut at any moment. What was synced
// is there. Each later write is there, or not, or in part, and each name that was not
// synced is there or not. Then a winnow starts on that folder, and must have every
// event that was answered with 200.
//
// It has only tests, and they need strace, sqlite3, and a binary, as releases are built:
//
//	go test ./internal/powercut -binary ./winnow -cuts 500 -timeout 1h -v
//
// Where to change what: the recording is in recording_test.go, the trace of strace is
// read in trace_test.go, and what a disk may lose is in disk_test.go.
package powercut

import (
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var (
	winnow = flag.String("binary", "", "the winnow whose power is cut; without it the tests are skipped")
	cuts   = flag.Int("cuts", 200, "how many states of the disk are tried")
	seed   = flag.Uint64("seed", 1, "of the choice of cuts, and of what each one loses")
)

func TestAPowerCutLosesNoAnsweredEvent(t *testing.T) {
	if *winnow == "" {
		t.Skip("no -binary whose power is cut")
	}
	for _, tool := range []string{"strace", "sqlite3"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	binary, err := filepath.Abs(*winnow)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	calls := record(t, binary, folder)
	d := newDisk(filepath.Join(folder, storeFolder), calls)
	answers := answered(filepath.Join(folder, marks), calls)
	if len(answers) == 0 || len(d.writes) == 0 {
		t.Fatalf("%d answers and %d writes were recorded: the test proves nothing", len(answers), len(d.writes))
	}
	random := rand.New(rand.NewPCG(*seed, 0))
	looked := 0
	for range *cuts {
		cut := cut{at: random.IntN(len(calls) + 1), keep: []float64{0, 0.1, 0.5, 0.9, 1}[random.IntN(5)], random: random}
		var want []string
		for _, a := range answers {
			if a.entered < cut.at {
				want = append(want, a.id)
			}
		}
		looked += len(want)
		checkAfter(t, binary, d, cut, want)
		if t.Failed() {
			t.Fatalf("the cut was before call %d of %d, keeping %v of what was not synced; -seed %d", cut.at, len(calls), cut.keep, *seed)
		}
	}
	t.Logf("%d cuts in %d calls, %d writes, %d syncs; %d answers to find again, none was lost", *cuts, len(calls), len(d.writes), d.syncs, looked)
}

// checkAfter starts winnow on what a cut left, and checks that it works and has these
// events.
func checkAfter(t *testing.T, binary string, d *disk, c cut, want []string) {
	t.Helper()
	folder := t.TempDir()
	defer os.RemoveAll(folder)
	writeConfig(t, folder)
	store := filepath.Join(folder, storeFolder)
	if err := d.after(c, store); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.Command(name, args...).Output()
		if err != nil {
			var detail []byte
			if e, ok := err.(*exec.ExitError); ok {
				detail = e.Stderr
			}
			t.Errorf("%s %s: %v %s", filepath.Base(name), args[0], err, detail)
		}
		return string(out)
	}
	config := filepath.Join(folder, "winnow.yaml")
	run(binary, "sweep", "-c", config)
	var status struct {
		LastSeq int64                  `json:"last_seq"`
		Sweep   struct{ Cursor int64 } `json:"sweep"`
	}
	if err := json.Unmarshal([]byte(run(binary, "status", "--json", "-c", config)), &status); err != nil || status.Sweep.Cursor != status.LastSeq {
		t.Errorf("swept up to %d of %d events, %v", status.Sweep.Cursor, status.LastSeq, err)
	}
	for _, file := range []string{"winnow.db", "winnow-events.db"} {
		if got := run("sqlite3", filepath.Join(store, file), "PRAGMA integrity_check"); got != "ok\n" {
			t.Errorf("the integrity of %s: %s", file, got)
		}
	}
	stored := map[string]bool{}
	for _, id := range strings.Fields(run("sqlite3", filepath.Join(store, "winnow-events.db"), "SELECT message_id FROM events")) {
		stored[id] = true
	}
	for _, id := range want {
		if !stored[id] {
			t.Errorf("event %s was answered with 200 and is lost; %d of %d are there", id, len(stored), len(want))
			return
		}
	}
}
