package local

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"winnow/segments"
)

// The steps at which a process is killed are those of a whole life: a first
// run, one after it that prunes, the same once more, which replaces it, one that
// is held and then released, and one that is held and discarded.

const (
	killAt  = "DIRECTORY_TEST_KILL_AT"
	killDir = "DIRECTORY_TEST_DIR"
)

// deed is one thing that is done in a life, and what readers see after it.
type deed struct {
	do     func(Folder) error
	minute int
	rows   int
}

func (a deed) String() string { return fmt.Sprintln(runAt(a.minute), a.rows) }

var life = []deed{
	{making(1, 1, false), 1, 1},
	{making(2, 4000, false), 2, 4000},
	{making(2, 4, false), 2, 4},
	{making(3, 9, true), 2, 4},
	{func(d Folder) error { return d.Release("nightly", runAt(3)) }, 3, 9},
	{making(4, 7, true), 3, 9},
	{func(d Folder) error { return d.Recover("nightly", runAt(3), nil) }, 3, 9},
}

// making makes a run of that many contacts; a guard may hold it.
func making(minute int, of contacts, hold bool) func(Folder) error {
	return func(d Folder) error {
		p := planAt(minute, 1)
		if hold {
			p.Export.Guard.MinRows = map[string]int64{"all": 1_000_000}
		}
		r, err := segments.Execute(context.Background(), p, of, []segments.Publisher{d}, nil)
		if err == nil && hold != (r.Run.Status == segments.Held) {
			return fmt.Errorf("run %d is %s", minute, r.Run.Status)
		}
		return err
	}
}

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(killAt)); err == nil {
		liveAndDie(Folder(os.Getenv(killDir)), n)
	}
	os.Exit(m.Run())
}

// liveAndDie lives and kills its own process before the nth step.
func liveAndDie(d Folder, n int) {
	beforeStep = func(string) {
		if n--; n < 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	for _, a := range life {
		if err := a.do(d); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(a.minute)
	}
	os.Exit(0)
}

// everyStep is for .ci/long.
var everyStep = flag.Bool("every-step", false, "kill a process at each step of a delivery, not at every third")

func TestKilledAtAnyStepReadersSeeAWholeRun(t *testing.T) {
	steps, stride := 0, 3
	if *everyStep {
		stride = 1
	}
	for ended := false; !ended; steps += stride {
		d := inMemory(t)
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), killAt+"="+strconv.Itoa(steps), killDir+"="+string(d))
		out, err := c.Output()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
			t.Fatalf("step %d: %v", steps, err)
		}
		ended = err == nil
		checkAfterKill(t, d, steps, strings.Count(string(out), "\n"))
		if t.Failed() {
			return
		}
	}
	t.Logf("there are about %d steps", steps)
	if steps < 90 {
		t.Errorf("there are %d steps only", steps)
	}
}

// checkAfterKill reads as a reader would, goes on with what was under way, then
// makes another run.
func checkAfterKill(t *testing.T, d Folder, killed, done int) {
	t.Helper()
	m, err := readRun(pathIn(d, "latest"))
	switch {
	case err != nil && done > 0:
		t.Errorf("killed at step %d: the latest run: %v", killed, err)
	case err == nil:
		got := fmt.Sprintln(m.Run, m.Files[0].Rows)
		whole := []string{life[min(done, len(life)-1)].String()}
		if done > 0 {
			whole = append(whole, life[done-1].String())
		}
		if !slices.Contains(whole, got) {
			t.Errorf("killed at step %d: the latest run is %q, want one of %q", killed, got, whole)
		}
	}
	for _, pattern := range []string{"2*", "held/2*"} {
		runs, _ := filepath.Glob(pathIn(d, pattern))
		for _, run := range runs {
			if _, err := readRun(run); err != nil {
				t.Errorf("killed at step %d: a half run: %v", killed, err)
			}
		}
	}
	checkReleaseAfterKill(t, d, killed, done)
	if err := d.Recover("nightly", "", nil); err != nil {
		t.Errorf("killed at step %d: settling: %v", killed, err)
	}
	if left, _ := filepath.Glob(pathIn(d, ".*")); len(left) > 0 {
		t.Errorf("killed at step %d: settled, there is still %v", killed, left)
	}
	publish(t, d, 9, 2, 2)
	if m, err := readRun(pathIn(d, "latest")); err != nil || m.Run != runAt(9) {
		t.Errorf("killed at step %d: the next run: %s %v", killed, m.Run, err)
	}
}

// checkReleaseAfterKill releases the held run again, wherever its release was
// cut short.
func checkReleaseAfterKill(t *testing.T, d Folder, killed, done int) {
	t.Helper()
	if place, err := d.Find("nightly", runAt(3)); err != nil || place == Missing && done > 3 {
		t.Errorf("killed at step %d: the held run is nowhere, %v", killed, err)
	} else if place == Missing {
		return
	}
	for range 2 {
		if err := d.Release("nightly", runAt(3)); err != nil {
			t.Errorf("killed at step %d: releasing again: %v", killed, err)
		}
	}
	if m, err := readRun(pathIn(d, "latest")); err != nil || m.Run != runAt(3) || m.Files[0].Rows != 9 {
		t.Errorf("killed at step %d: released, the latest run is %+v, %v", killed, m, err)
	}
}
