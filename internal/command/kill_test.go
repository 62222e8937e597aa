package command

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"winnow/internal/apptest"
	"winnow/segments"
	"winnow/store"
)

var kills = flag.Int("kills", 20, "how often a daemon is killed under load")

// callback returns a callback body about a message with that id.
func callback(id string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"uniqueArgs":{"contact_id":%q},"event":"undelivered","reason":{"message":"Soft Bounce","code":1404}}`, id, "crm-"+id)
}

// postUntilKilled posts callbacks until the daemon is gone. answered returns the ids
// that were answered with 200.
func postUntilKilled(url string, round int) (answered func() []string) {
	var mu sync.Mutex
	var ids []string
	var wg sync.WaitGroup
	for worker := range 16 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("%d-%d-%d", round, worker, n)
				answer, err := http.Post(url, "application/json", bytes.NewReader(callback(id)))
				if err != nil {
					return
				}
				answer.Body.Close()
				if answer.StatusCode == http.StatusOK {
					mu.Lock()
					ids = append(ids, id)
					mu.Unlock()
				}
			}
		})
	}
	return func() []string {
		wg.Wait()
		return ids
	}
}

func TestKill9LosesNoAnsweredEvent(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	config := apptest.Config(t, folder, "1s")
	var answered []string
	for round := range *kills {
		d := startDaemon(t, "serve", config)
		done := postUntilKilled(d.url, round)
		time.Sleep(time.Duration(20+rand.IntN(150)) * time.Millisecond) // any moment under load
		d.kill(t)
		answered = append(answered, done()...)
	}
	waitForFirstRun(t, config, filepath.Join(folder, "exports", "nightly"))
	stored := storedIDs(t, filepath.Join(folder, "winnow.db"))
	for _, id := range answered {
		if !stored[id] {
			t.Fatalf("event %s was answered with 200 and is not stored", id)
		}
	}
	if len(answered) == 0 {
		t.Fatal("no callback was answered: the test proves nothing")
	}
	for _, file := range []string{"winnow.db", "winnow-events.db"} {
		checkIntegrity(t, filepath.Join(folder, file))
	}
	checkRuns(t, filepath.Join(folder, "exports", "nightly"))
	t.Logf("%d kills, %d answered, %d stored", *kills, len(answered), len(stored))
}

// waitForFirstRun runs a daemon until there is a run, in case all were killed before they
// had made one.
func waitForFirstRun(t *testing.T, config, folder string) {
	t.Helper()
	d := startDaemon(t, "serve", config)
	defer d.kill(t)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if runs, err := filepath.Glob(filepath.Join(folder, "2*")); err != nil || len(runs) > 0 {
			return
		}
	}
}

// checkRuns checks that every run in a folder is complete, as its manifest says.
func checkRuns(t *testing.T, folder string) {
	t.Helper()
	runs, err := filepath.Glob(filepath.Join(folder, "2*"))
	if err != nil || len(runs) == 0 {
		t.Fatalf("no run was made: %v", err)
	}
	for _, run := range runs {
		var manifest segments.Manifest
		if err := json.Unmarshal([]byte(apptest.ReadFile(t, filepath.Join(run, "manifest.json"))), &manifest); err != nil {
			t.Fatalf("%s: %v", run, err)
		}
		for _, f := range manifest.Files {
			if sum := sha256.Sum256([]byte(apptest.ReadFile(t, filepath.Join(run, f.Name)))); hex.EncodeToString(sum[:]) != f.SHA256 {
				t.Errorf("%s/%s is not what its manifest says", run, f.Name)
			}
		}
	}
}

// storedIDs returns the message ids of all events in a store.
func storedIDs(t *testing.T, path string) map[string]bool {
	t.Helper()
	s, err := store.OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	last, err := s.LastSeq()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for seq := int64(1); seq <= last; seq++ {
		e, ok, err := s.Event(seq)
		if err != nil || !ok {
			t.Fatalf("event %d: %t, %v", seq, ok, err)
		}
		if !json.Valid(e.Body) {
			t.Fatalf("event %d has a broken body", seq)
		}
		ids[e.MessageID] = true
	}
	return ids
}

// checkIntegrity checks a database with SQLite's shell, if it is installed.
func checkIntegrity(t *testing.T, path string) {
	t.Helper()
	shell, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Log("sqlite3 is not installed: the integrity is not checked")
		return
	}
	out, err := exec.Command(shell, path, "PRAGMA integrity_check").CombinedOutput()
	if err != nil || string(out) != "ok\n" {
		t.Errorf("%s: %s %v", path, out, err)
	}
}
