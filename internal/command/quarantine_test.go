package command

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/store"
)

// A retry of the quarantine that is killed loses no body: what it stored has left the
// quarantine, and all else is still there.
func TestAKilledRetryOfTheQuarantineLosesNoBody(t *testing.T) {
	const bodies = 20_000
	folder := t.TempDir()
	config, path := apptest.Config(t, folder, "1h"), filepath.Join(folder, "winnow.db")
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []hygiene.Unreadable
	for i := range bodies {
		list = append(list, hygiene.Unreadable{ReceivedAt: hygiene.Instant(1_767_225_600_000_000 + i), Source: "insider", Why: "read by an earlier version", Body: callback(fmt.Sprint("m", i))})
	}
	if err := s.Append(t.Context(), nil, list); err != nil {
		t.Fatal(err)
	}
	totals := func() store.Totals {
		s, err := store.OpenExisting(path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		n, err := s.Totals()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	retry := func(killAfter time.Duration) {
		c := exec.Command(os.Args[0], "quarantine", "retry", "--apply", "-c", config)
		c.Env = append(os.Environ(), "WINNOW_TEST_DAEMON=serve")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if killAfter > 0 {
			time.Sleep(killAfter)
			_ = c.Process.Kill() // it may have ended
		}
		_ = c.Wait()
	}
	between := 0
	for range 10 {
		retry(time.Duration(30+rand.IntN(120)) * time.Millisecond)
		n := totals()
		if n.Events+n.Quarantined != bodies {
			t.Fatalf("%d events and %d bodies of %d", n.Events, n.Quarantined, bodies)
		}
		if n.Events > 0 && n.Quarantined > 0 {
			between++
		}
	}
	retry(0)
	if n := totals(); n.Events != bodies || n.Quarantined != 0 {
		t.Errorf("in the end there are %d events and %d bodies", n.Events, n.Quarantined)
	}
	if between == 0 {
		t.Log("no kill was in the middle of a retry")
	}
}
