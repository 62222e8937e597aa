package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/segments"
	"winnow/store"
	"winnow/store/storetest"
)

var stressRounds = flag.Int("stress-rounds", 1, "how often the stress tests of the schedule kill their daemons, times three")

// cluster is a store with one export that several daemons share, and a watcher of what
// they publish.
type cluster struct {
	config, folder, export string
	watcher                *manifestWatcher
	killed                 map[string]hygiene.Instant // runs in the middle of which a daemon was killed, and when
}

func newCluster(t *testing.T, folder, schedule string) *cluster {
	t.Helper()
	c := &cluster{config: apptest.Config(t, folder, "1h"), folder: folder, export: filepath.Join(folder, "exports", "nightly"), killed: map[string]hygiene.Instant{}}
	apptest.Edit(t, c.config, `schedule: "@every 1h"`, `keep: 1000, delta: [reachable], schedule: "`+schedule+`"`, `sweep: "@every 1h"`, `sweep: "@every 2s"`)
	c.watcher = newManifestWatcher(c.export)
	return c
}

// The stages of a run that can be seen from outside, in order, as patterns of names in
// the export's folder.
const (
	draftBegun      = ".winnow-draft-*"
	manifestWritten = ".winnow-draft-*/manifest.json"
	runNamed        = "2*Z" // complete, and perhaps not recorded in the store yet
)

// suspendAt suspends a daemon when its next run reaches a stage. At draftBegun and
// manifestWritten the daemon is certainly in the middle of the run.
func (c *cluster) suspendAt(t *testing.T, d *daemonProcess, stage string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		before := c.count(runNamed)
		for stage == runNamed && c.count(runNamed) == before || stage != runNamed && c.count(stage) == 0 {
			if time.Now().After(deadline) {
				break
			}
			time.Sleep(200 * time.Microsecond)
		}
		d.suspend(t)
		if stage == runNamed || c.count(stage) > 0 {
			return
		}
		d.resume(t) // the run was completed before the signal
	}
	t.Fatalf("no run of the daemon was suspended at %s", stage)
}

func (c *cluster) count(pattern string) int { return len(c.glob(pattern)) }

func (c *cluster) glob(pattern string) []string {
	names, _ := filepath.Glob(filepath.Join(c.export, pattern))
	return names
}

// kill kills a suspended daemon, and records the run that it did not complete.
func (c *cluster) kill(t *testing.T, d *daemonProcess) {
	t.Helper()
	d.kill(t)
	for _, draft := range c.glob(draftBegun) {
		c.killed[strings.TrimPrefix(filepath.Base(draft), strings.TrimSuffix(draftBegun, "*"))] = hygiene.InstantOf(time.Now())
	}
}

// suspend sends SIGSTOP, and waits until the process has stopped.
func (c *daemonProcess) suspend(t *testing.T) {
	t.Helper()
	var status syscall.WaitStatus
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Wait4(c.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the daemon did not stop: %v, %v", status, err)
	}
}

func (c *daemonProcess) resume(t *testing.T) {
	t.Helper()
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// waitForRuns waits until there are n more runs.
func (c *cluster) waitForRuns(t *testing.T, n int) {
	t.Helper()
	before := c.count(runNamed)
	apptest.Eventually(t, fmt.Sprintf("%d more runs", n), func() bool { return c.count(runNamed) >= before+n })
}

// jobLockHolder returns the daemon that holds the job lock, whose file has its process
// id, and the other one.
func (c *cluster) jobLockHolder(t *testing.T, daemons ...*daemonProcess) (holder, other *daemonProcess) {
	t.Helper()
	apptest.Eventually(t, "a daemon holds the lock", func() bool {
		text, _ := os.ReadFile(filepath.Join(c.folder, "winnow.db.jobs"))
		for i, d := range daemons {
			if string(text) == fmt.Sprint(d.Process.Pid) {
				holder, other = d, daemons[len(daemons)-1-i]
			}
		}
		return holder != nil
	})
	return holder, other
}

// TestTheScheduleUnderStress runs scenarios, each on a store of its own. They mostly
// wait, so they run concurrently.
func TestTheScheduleUnderStress(t *testing.T) {
	if testing.Short() {
		t.Skip("starts daemons, which run by the wall clock")
	}
	var all sync.WaitGroup
	for name, scenario := range map[string]func(*testing.T){
		"the holder is killed in the middle of a run and the other takes over": theHolderIsKilledInTheMiddleOfARunAndTheOtherTakesOver,
		"a suspended holder keeps the lock and continues where it was":         aSuspendedHolderKeepsTheLockAndContinuesWhereItWas,
		"three missed nights lead to one run however often it is killed":       threeMissedNightsLeadToOneRunHoweverOftenItIsKilled,
		"a new schedule is applied while a run is under way":                   aNewScheduleIsAppliedWhileARunIsUnderWay,
		"a lock file removed during a run lets no second run start":            aLockFileRemovedDuringARunLetsNoSecondRunStart,
		"a disk that is full during a run fails that run and no later one":     aDiskThatIsFullDuringARunFailsThatRunAndNoLaterOne,
	} {
		all.Go(func() { t.Run(name, scenario) })
	}
	all.Wait()
}

func theHolderIsKilledInTheMiddleOfARunAndTheOtherTakesOver(t *testing.T) {
	c := newCluster(t, storetest.OnDisk(t), "@every 1s")
	one, two := startDaemon(t, "serve", c.config), startDaemon(t, "serve", c.config)
	answered := 0
	for round := range *stressRounds {
		for _, stage := range []string{draftBegun, manifestWritten, runNamed} {
			holder, other := c.jobLockHolder(t, one, two)
			if other.post(t, fmt.Sprint("killed-", round, stage)) == 200 {
				answered++
			}
			c.suspendAt(t, holder, stage)
			c.kill(t, holder)
			one, two = other, startDaemon(t, "serve", c.config)
			c.waitForRuns(t, 1)
		}
	}
	one.terminate(t)
	two.terminate(t)
	c.checkInvariants(t, time.Second)
	if len(c.killed) < 2**stressRounds { // the next run may have begun before the daemon is suspended after one
		t.Errorf("%d runs were interrupted: the test proves nothing", len(c.killed))
	}
	if answered != 3**stressRounds {
		t.Errorf("%d callbacks were answered", answered)
	}
}

func aSuspendedHolderKeepsTheLockAndContinuesWhereItWas(t *testing.T) {
	c := newCluster(t, storetest.OnDisk(t), "@every 1s")
	one, two := startDaemon(t, "serve", c.config), startDaemon(t, "serve", c.config)
	holder, other := c.jobLockHolder(t, one, two)
	c.waitForRuns(t, 1)
	c.suspendAt(t, holder, draftBegun)
	before := c.count(runNamed)
	for range 5 { // longer than several intervals, and than the other daemon's polling of the lock
		time.Sleep(500 * time.Millisecond)
		if status := other.post(t, fmt.Sprint("suspended-", time.Now().UnixNano())); status != 200 {
			t.Errorf("the other daemon answers %d", status)
		}
	}
	if n := c.count(runNamed); n != before {
		t.Errorf("%d runs were made while the holder was suspended in one", n-before)
	}
	holder.resume(t)
	c.waitForRuns(t, 2)
	c.suspendAt(t, holder, draftBegun)
	c.kill(t, holder) // while it is suspended
	c.waitForRuns(t, 1)
	other.terminate(t)
	c.wantGap(t, c.checkInvariants(t, time.Second), 2*time.Second)
	if len(c.killed) != 1 {
		t.Errorf("the interrupted runs are %v: the test proves nothing", c.killed)
	}
}

// wantGap checks that there is a gap of that length without a published run.
func (c *cluster) wantGap(t *testing.T, runs []segments.Run, least time.Duration) {
	t.Helper()
	published := withStatus(runs, segments.Published)
	for i := 1; i < len(published); i++ {
		if published[i].ScheduledAt.Time().Sub(published[i-1].ScheduledAt.Time()) >= least {
			return
		}
	}
	t.Errorf("there is no gap of %s", least)
}

// No daemon ran for three nights, and then each is killed in the middle of the run that
// makes up for them. There is one run, for the latest night.
func threeMissedNightsLeadToOneRunHoweverOftenItIsKilled(t *testing.T) {
	// No other scheduled time comes while the test runs.
	night := time.Now().UTC().Add(-time.Hour).Truncate(time.Hour)
	c := newCluster(t, storetest.OnDisk(t), fmt.Sprintf("0 %d * * *", night.Hour()))
	c.recordJobTime(t, night.AddDate(0, 0, -3))
	c.importContacts(t, 30_000) // so that the run takes a while
	for range 3 * *stressRounds {
		d := startDaemon(t, "serve", c.config)
		c.suspendAt(t, d, draftBegun)
		c.kill(t, d)
	}
	for range 2 {
		d := startDaemon(t, "serve", c.config)
		apptest.Eventually(t, "the run of the night is published", func() bool { return c.count("latest") == 1 })
		d.terminate(t)
	}
	runs := c.checkInvariants(t, time.Hour)
	if len(c.killed) != 1 || len(runs) != 1 || runs[0].Status != segments.Published || !runs[0].ScheduledAt.Time().Equal(night) {
		t.Errorf("the interrupted runs are %v, the runs %v, want one for %s", c.killed, runs, night)
	}
}

func aNewScheduleIsAppliedWhileARunIsUnderWay(t *testing.T) {
	c := newCluster(t, storetest.OnDisk(t), "@every 1s")
	one, two := startDaemon(t, "serve", c.config), startDaemon(t, "serve", c.config)
	holder, other := c.jobLockHolder(t, one, two)
	c.suspendAt(t, holder, draftBegun)
	apptest.Edit(t, c.config, "@every 1s", "@every 2s")
	if err := holder.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	holder.resume(t)
	time.Sleep(700 * time.Millisecond) // the config is read by then, and the run under way has ended
	from := time.Now()
	c.waitForRuns(t, 1)
	holder.kill(t)
	c.waitForRuns(t, 1)
	other.terminate(t)
	for _, run := range c.checkInvariants(t, time.Second) {
		if at := run.ScheduledAt.Time(); at.After(from) && at.Unix()%2 != 0 {
			t.Errorf("run %s is not of the new schedule", run.Name)
		}
	}
}

func aLockFileRemovedDuringARunLetsNoSecondRunStart(t *testing.T) {
	c := newCluster(t, storetest.OnDisk(t), "@every 1s")
	one, two := startDaemon(t, "serve", c.config), startDaemon(t, "serve", c.config)
	holder, other := c.jobLockHolder(t, one, two)
	c.suspendAt(t, holder, draftBegun)
	before := c.count(runNamed)
	if err := os.Remove(filepath.Join(c.folder, "winnow.db.jobs")); err != nil {
		t.Fatal(err)
	}
	if now, _ := c.jobLockHolder(t, other); now != other {
		t.Error("the other daemon did not take the lock")
	}
	time.Sleep(time.Second)
	if n := c.count(runNamed); n != before {
		t.Errorf("%d runs were made during another", n-before)
	}
	holder.resume(t)
	c.waitForRuns(t, 2)
	holder.terminate(t) // it no longer holds the lock
	c.waitForRuns(t, 1)
	other.terminate(t)
	c.checkInvariants(t, time.Second)
}

func aDiskThatIsFullDuringARunFailsThatRunAndNoLaterOne(t *testing.T) {
	c := newCluster(t, apptest.SmallDisk(t), "@every 1s")
	one, two := startDaemon(t, "serve", c.config), startDaemon(t, "serve", c.config)
	holder, other := c.jobLockHolder(t, one, two)
	c.waitForRuns(t, 1)
	c.suspendAt(t, holder, draftBegun)
	ballast, err := os.Create(filepath.Join(c.folder, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(ballast, zeros{}) // until the disk is full
	ballast.Close()
	holder.resume(t)
	time.Sleep(700 * time.Millisecond)
	holder.kill(t) // and the other takes over on a full disk
	time.Sleep(2100 * time.Millisecond)
	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	c.waitForRuns(t, 2)
	other.terminate(t)
	c.wantGap(t, c.checkInvariants(t, time.Second), 2*time.Second)
}

// recordJobTime makes a store whose export has run up to that time.
func (c *cluster) recordJobTime(t *testing.T, at time.Time) {
	t.Helper()
	s, err := store.Open(filepath.Join(c.folder, "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.RecordJobTime(t.Context(), "export/nightly", at), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// importContacts imports n contacts.
func (c *cluster) importContacts(t *testing.T, n int) {
	t.Helper()
	list := filepath.Join(c.folder, "contacts.csv")
	text := []byte("contact\n")
	for i := range n {
		text = fmt.Appendf(text, "crm-%06d\n", i)
	}
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if code := Main([]string{"import", "contacts", "-c", c.config, "--apply", list}, Process{Stdout: &out, Stderr: &out}); code != exitOK {
		t.Fatalf("the contacts were not imported: %s", out.String())
	}
}
