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
)

var storms = flag.Int("storms", 1, "times over that the daemons of the tests of the schedule are killed")

// field is a store with an export, which several daemons share, and a witness of
// what they publish.
type field struct {
	config, folder, export string
	witness                *witness
	killed                 map[string]hygiene.Instant // when, in the middle of which run
}

func newField(t *testing.T, folder, schedule string) *field {
	t.Helper()
	f := &field{config: apptest.Config(t, folder, "1h"), folder: folder, export: filepath.Join(folder, "exports", "nightly"), killed: map[string]hygiene.Instant{}}
	apptest.Edit(t, f.config, `schedule: "@every 1h"`, `keep: 1000, delta: [reachable], schedule: "`+schedule+`"`, `sweep: "@every 1h"`, `sweep: "@every 2s"`)
	f.witness = newWitness(f.export)
	return f
}

// What of a run in the making can be seen from outside, in this order.
const (
	begun   = ".winnow-draft-*"
	written = ".winnow-draft-*/manifest.json"
	named   = "2*Z" // it has its name, and may not be recorded yet
)

// catch stops a daemon at the moment at which it has something of a run that was
// not there before: begun and written are the middle of it for sure.
func (f *field) catch(t *testing.T, d *child, moment string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		before := f.count(named)
		for moment == named && f.count(named) == before || moment != named && f.count(moment) == 0 {
			if time.Now().After(deadline) {
				break
			}
			time.Sleep(50 * time.Microsecond)
		}
		d.stop(t)
		if moment == named || f.count(moment) > 0 {
			return
		}
		d.goOn(t) // it was quicker
	}
	t.Fatalf("no run of the daemon could be caught at %s", moment)
}

func (f *field) count(pattern string) int { return len(f.found(pattern)) }

func (f *field) found(pattern string) []string {
	found, _ := filepath.Glob(filepath.Join(f.export, pattern))
	return found
}

// kill kills a daemon that was caught, and enters which run it did not end.
func (f *field) kill(t *testing.T, d *child) {
	t.Helper()
	d.kill(t)
	for _, draft := range f.found(begun) {
		f.killed[strings.TrimPrefix(filepath.Base(draft), strings.TrimSuffix(begun, "*"))] = hygiene.InstantOf(time.Now())
	}
}

// stop is SIGSTOP, and waits until it has come.
func (c *child) stop(t *testing.T) {
	t.Helper()
	var status syscall.WaitStatus
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Wait4(c.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the daemon did not stop: %v, %v", status, err)
	}
}

func (c *child) goOn(t *testing.T) {
	t.Helper()
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// more waits until there are n more runs.
func (f *field) more(t *testing.T, n int) {
	t.Helper()
	before := f.count(named)
	apptest.Eventually(t, fmt.Sprintf("%d more runs", n), func() bool { return f.count(named) >= before+n })
}

// holder is which of the daemons has the store's job lock: its number is there.
func (f *field) holder(t *testing.T, daemons ...*child) (holder, other *child) {
	t.Helper()
	apptest.Eventually(t, "a daemon holds the lock", func() bool {
		text, _ := os.ReadFile(filepath.Join(f.folder, "winnow.db.jobs"))
		for i, d := range daemons {
			if string(text) == fmt.Sprint(d.Process.Pid) {
				holder, other = d, daemons[len(daemons)-1-i]
			}
		}
		return holder != nil
	})
	return holder, other
}

// TestTheScheduleUnderStress lets daemons live through histories, each on a store
// of its own. They mostly wait, so they all go on at once.
func TestTheScheduleUnderStress(t *testing.T) {
	if testing.Short() {
		t.Skip("daemons are processes of their own, on the clock on the wall")
	}
	var all sync.WaitGroup
	for name, history := range map[string]func(*testing.T){
		"the holder is killed in the middle of a run and the other takes over": theHolderIsKilledInTheMiddleOfARunAndTheOtherTakesOver,
		"a stopped holder keeps its turn and goes on where it was":             aStoppedHolderKeepsItsTurnAndGoesOnWhereItWas,
		"three nights down are made up once however often the run is killed":   threeNightsDownAreMadeUpOnceHoweverOftenTheRunIsKilled,
		"another schedule is taken up while a run is under way":                anotherScheduleIsTakenUpWhileARunIsUnderWay,
		"a lock file that is removed in a run lets no two run at once":         aLockFileThatIsRemovedInARunLetsNoTwoRunAtOnce,
		"a disk that is full in a run fails that run and no later one":         aDiskThatIsFullInARunFailsThatRunAndNoLaterOne,
	} {
		all.Go(func() { t.Run(name, history) })
	}
	all.Wait()
}

func theHolderIsKilledInTheMiddleOfARunAndTheOtherTakesOver(t *testing.T) {
	f := newField(t, t.TempDir(), "@every 1s")
	one, two := startDaemon(t, "whole", f.config), startDaemon(t, "whole", f.config)
	answered := 0
	for round := range *storms {
		for _, moment := range []string{begun, written, named} {
			holder, other := f.holder(t, one, two)
			if other.post(t, fmt.Sprint("killed-", round, moment)) == 200 {
				answered++
			}
			f.catch(t, holder, moment)
			f.kill(t, holder)
			one, two = other, startDaemon(t, "whole", f.config)
			f.more(t, 1)
		}
	}
	one.end(t)
	two.end(t)
	f.lawful(t, time.Second)
	if len(f.killed) != 2**storms {
		t.Errorf("%d runs were cut short: this proved nothing", len(f.killed))
	}
	if answered != 3**storms {
		t.Errorf("%d callbacks were answered", answered)
	}
}

func aStoppedHolderKeepsItsTurnAndGoesOnWhereItWas(t *testing.T) {
	f := newField(t, t.TempDir(), "@every 1s")
	one, two := startDaemon(t, "whole", f.config), startDaemon(t, "whole", f.config)
	holder, other := f.holder(t, one, two)
	f.more(t, 1)
	f.catch(t, holder, begun)
	standing := f.count(named)
	for range 5 { // longer than several intervals, and than the other's looks at the lock
		time.Sleep(500 * time.Millisecond)
		if status := other.post(t, fmt.Sprint("stopped-", time.Now().UnixNano())); status != 200 {
			t.Errorf("the daemon that looks on answers %d", status)
		}
	}
	if n := f.count(named); n != standing {
		t.Errorf("%d runs were made while the holder was stopped in one", n-standing)
	}
	holder.goOn(t)
	f.more(t, 2)
	f.catch(t, holder, begun)
	f.kill(t, holder) // also one that is stopped
	f.more(t, 1)
	other.end(t)
	f.passedOver(t, f.lawful(t, time.Second), 2*time.Second)
	if len(f.killed) != 1 {
		t.Errorf("killed were %v: this proved nothing", f.killed)
	}
}

// passedOver demands that there was a time of that length in which no run was
// published.
func (f *field) passedOver(t *testing.T, runs []segments.Run, least time.Duration) {
	t.Helper()
	published := withStatus(runs, segments.Published)
	for i := 1; i < len(published); i++ {
		if published[i].ScheduledAt.Time().Sub(published[i-1].ScheduledAt.Time()) >= least {
			return
		}
	}
	t.Errorf("no run was passed over for %s", least)
}

// Three nights down, and then again and again killed in the middle of the run
// that makes up for them: it is made once, for the latest night.
func threeNightsDownAreMadeUpOnceHoweverOftenTheRunIsKilled(t *testing.T) {
	// No other night comes while the test runs, at whatever time of the day.
	night := time.Now().UTC().Add(-time.Hour).Truncate(time.Hour)
	f := newField(t, t.TempDir(), fmt.Sprintf("0 %d * * *", night.Hour()))
	f.keep(t, night.AddDate(0, 0, -3))
	f.fill(t, 30_000) // so that the run takes a while
	for range 3 * *storms {
		d := startDaemon(t, "whole", f.config)
		f.catch(t, d, begun)
		f.kill(t, d)
	}
	for range 2 {
		d := startDaemon(t, "whole", f.config)
		apptest.Eventually(t, "the night is made", func() bool { return f.count("latest") == 1 })
		d.end(t)
	}
	runs := f.lawful(t, time.Hour)
	if len(f.killed) != 1 || len(runs) != 1 || runs[0].Status != segments.Published || !runs[0].ScheduledAt.Time().Equal(night) {
		t.Errorf("killed was %v; the runs are %v, want one, for %s", f.killed, runs, night)
	}
}

func anotherScheduleIsTakenUpWhileARunIsUnderWay(t *testing.T) {
	f := newField(t, t.TempDir(), "@every 1s")
	one, two := startDaemon(t, "whole", f.config), startDaemon(t, "whole", f.config)
	holder, other := f.holder(t, one, two)
	f.catch(t, holder, begun)
	apptest.Edit(t, f.config, "@every 1s", "@every 2s")
	if err := holder.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	holder.goOn(t)
	time.Sleep(700 * time.Millisecond) // it has read it, and what was under way has ended
	from := time.Now()
	f.more(t, 1)
	holder.kill(t)
	f.more(t, 1)
	other.end(t)
	for _, run := range f.lawful(t, time.Second) {
		if at := run.ScheduledAt.Time(); at.After(from) && at.Unix()%2 != 0 {
			t.Errorf("run %s is not one of the new schedule", run.Name)
		}
	}
}

func aLockFileThatIsRemovedInARunLetsNoTwoRunAtOnce(t *testing.T) {
	f := newField(t, t.TempDir(), "@every 1s")
	one, two := startDaemon(t, "whole", f.config), startDaemon(t, "whole", f.config)
	holder, other := f.holder(t, one, two)
	f.catch(t, holder, begun)
	standing := f.count(named)
	if err := os.Remove(filepath.Join(f.folder, "winnow.db.jobs")); err != nil {
		t.Fatal(err)
	}
	if now, _ := f.holder(t, other); now != other {
		t.Error("the other daemon did not take the lock")
	}
	time.Sleep(time.Second)
	if n := f.count(named); n != standing {
		t.Errorf("%d runs were made in the middle of one", n-standing)
	}
	holder.goOn(t)
	f.more(t, 2)
	holder.end(t) // it only looks on now
	f.more(t, 1)
	other.end(t)
	f.lawful(t, time.Second)
}

func aDiskThatIsFullInARunFailsThatRunAndNoLaterOne(t *testing.T) {
	f := newField(t, apptest.SmallDisk(t), "@every 1s")
	one, two := startDaemon(t, "whole", f.config), startDaemon(t, "whole", f.config)
	holder, other := f.holder(t, one, two)
	f.more(t, 1)
	f.catch(t, holder, begun)
	ballast, err := os.Create(filepath.Join(f.folder, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(ballast, zeros{}) // until the disk is full
	ballast.Close()
	holder.goOn(t)
	time.Sleep(700 * time.Millisecond)
	holder.kill(t) // and the other takes over on a full disk
	time.Sleep(2100 * time.Millisecond)
	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	f.more(t, 2)
	other.end(t)
	f.passedOver(t, f.lawful(t, time.Second), 2*time.Second)
}

// keep makes a store whose daemon saw to the export up to that time, and then
// was down.
func (f *field) keep(t *testing.T, at time.Time) {
	t.Helper()
	s, err := store.Open(filepath.Join(f.folder, "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Keep(t.Context(), "export/nightly", at), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// fill makes so many contacts, whom no event is about.
func (f *field) fill(t *testing.T, n int) {
	t.Helper()
	list := filepath.Join(f.folder, "contacts.csv")
	text := []byte("contact\n")
	for i := range n {
		text = fmt.Appendf(text, "crm-%06d\n", i)
	}
	if err := os.WriteFile(list, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if code := Main([]string{"import", "contacts", "-c", f.config, "--apply", list}, Process{Stdout: &said, Stderr: &said}); code != 0 {
		t.Fatalf("the contacts were not imported: %s", said.String())
	}
}
