package faults

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"winnow/internal/faultfs"
	"winnow/store"
)

var (
	faultEvery = flag.Int("fault-every", 0, "fail every Nth operation of a daemon's life, a life for each; 0: six of them")
	slowest    = flag.Duration("slowest-sync", 200*time.Millisecond, "how long a sync of the slow disk takes at most")
)

// atWork skips a test that starts daemons where only short tests are wanted.
func atWork(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts daemons, which run by the wall clock")
	}
	t.Parallel()
}

// troubles are what one operation meets, in turn.
var troubles = []faultfs.Fault{
	{Err: syscall.EIO}, {Err: syscall.ENOSPC}, {Half: true}, {Err: syscall.ENOSPC, Half: true}, {Err: syscall.EDQUOT}, {Err: syscall.EIO, Lose: true}, {Err: syscall.EROFS}, {Err: syscall.EMFILE},
}

// A daemon's life: it makes a store, takes callbacks, sweeps, exports twice and ends.
// Meanwhile one operation fails.
func TestOneErrorAnywhereInALifeLosesNoAnsweredEvent(t *testing.T) {
	atWork(t)
	whole := liveWith(t, func(faultfs.Operation) faultfs.Fault { return faultfs.Fault{} })
	every := int64(*faultEvery)
	if every == 0 {
		every = whole/6 + 1
	}
	at := make(chan int64)
	go func() {
		defer close(at)
		for n := int64(1); n <= whole; n += every {
			at <- n
		}
	}()
	var lives, met atomic.Int64
	t.Run("lives", func(t *testing.T) {
		for range runtime.GOMAXPROCS(0) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for n := range at {
					trouble := troubles[n/every%int64(len(troubles))]
					ok := t.Run(fmt.Sprintf("operation %d: %v half %t lost %t", n, trouble.Err, trouble.Half, trouble.Lose), func(t *testing.T) {
						liveWith(t, func(op faultfs.Operation) faultfs.Fault {
							if op.N != n {
								return faultfs.Fault{}
							}
							t.Logf("the operation is a %s of %s", op.Call, op.Path)
							met.Add(1)
							if op.Call != faultfs.Write && trouble.Half {
								return faultfs.Fault{Err: syscall.EIO}
							}
							return trouble
						})
					})
					if lives.Add(1); !ok {
						t.Errorf("the life with a trouble at operation %d of %d", n, whole)
					}
				}
			})
		}
	})
	if met.Load()*2 < lives.Load() {
		t.Errorf("only %d of %d lives met their trouble", met.Load(), lives.Load())
	}
	t.Logf("%d of about %d operations failed, a life for each: no answered event was lost", met.Load(), whole)
}

// liveWith lives a life on a disk that answers so, checks what it left, and returns how
// many operations it took.
func liveWith(t *testing.T, answer func(faultfs.Operation) faultfs.Fault) (operations int64) {
	disk := faultfs.Mount(t)
	h, l := newHouse(t, disk.Folder, disk.Behind), newLoad()
	disk.Answer(answer)
	said := ""
	if d := h.start(t); d.public != "" {
		l.some(d, 40, nil)
		for range 2 {
			text, _ := h.run("export", "nightly")
			said += text
			l.some(d, 20, nil)
		}
		began := time.Now()
		for l.one(d, nil) != 200 {
			if time.Since(began) > time.Second {
				t.Errorf("a second after an error callbacks are not answered 200:\n%s", d.log())
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		d.stop(t)
		said += d.log()
	} else {
		said = d.log()
		if !strings.Contains(said, "winnow") && !strings.Contains(said, "state") {
			t.Errorf("a daemon that does not start does not say why:\n%s", said)
		}
	}
	operations = disk.Changes()
	disk.Answer(nil)
	wantNoPanic(t, said)
	d := h.mustStart(t)
	l.some(d, 8, nil)
	d.stop(t)
	h.check(t, l)
	return operations
}

// onceOn fails the next operation of that kind on a file whose path ends so.
func onceOn(call faultfs.Call, suffix string, fault faultfs.Fault) (answer func(faultfs.Operation) faultfs.Fault, met *atomic.Int64) {
	met = new(atomic.Int64)
	return func(op faultfs.Operation) faultfs.Fault {
		if op.Call == call && strings.HasSuffix(op.Path, suffix) && met.Add(1) == 1 {
			return fault
		}
		return faultfs.Fault{}
	}, met
}

func TestAFailedSyncIsA503AndTheNextCommitIsStored(t *testing.T) {
	atWork(t)
	disk := faultfs.Mount(t)
	h, l := newHouse(t, disk.Folder, disk.Behind), newLoad()
	for round := range 6 {
		d := h.mustStart(t)
		l.some(d, 20, nil)
		l.taken()
		answer, met := onceOn(faultfs.Sync, "winnow-events.db-wal", faultfs.Fault{Err: syscall.EIO, Lose: round%2 == 0})
		disk.Answer(answer)
		if status := l.one(d, nil); status != 503 {
			t.Errorf("a callback whose sync failed is answered %d", status)
		}
		if met.Load() == 0 {
			t.Error("no sync failed: the test proves nothing")
		}
		if status := l.one(d, nil); status != 200 {
			t.Errorf("the callback after a failed sync is answered %d", status)
		}
		d.kill() // what is in its memory is gone
		disk.Answer(nil)
	}
	h.check(t, l)
}

// all fails all that changes the disk.
func all(errno syscall.Errno) func(faultfs.Operation) faultfs.Fault {
	return func(faultfs.Operation) faultfs.Fault { return faultfs.Fault{Err: errno} }
}

func TestWhileNothingCanBeWrittenCallbacksAreRefusedAndAfterItTheyAreNot(t *testing.T) {
	atWork(t)
	disk := faultfs.Mount(t)
	h, l := newHouse(t, disk.Folder, disk.Behind), newLoad()
	d := h.mustStart(t)
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS, syscall.EDQUOT, syscall.EMFILE} {
		l.some(d, 40, nil)
		if before, _ := l.taken(); before[200] != 40 {
			t.Fatalf("before %v: %v", errno, before)
		}
		disk.Answer(all(errno))
		for end := time.Now().Add(700 * time.Millisecond); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			l.some(d, 8, nil)
		}
		meanwhile, _ := l.taken()
		if len(meanwhile) != 1 || meanwhile[503] == 0 {
			t.Errorf("while all that changes the disk fails with %v, callbacks are answered %v", errno, meanwhile)
		}
		if status := d.get("/healthz"); status != 503 {
			t.Errorf("while all that changes the disk fails with %v, /healthz is %d", errno, status)
		}
		disk.Answer(nil)
		began := time.Now()
		for l.one(d, nil) != 200 {
			if time.Since(began) > time.Second {
				t.Fatalf("a second after %v callbacks are not answered 200:\n%s", errno, d.log())
			}
		}
		if status := d.get("/healthz"); status != 200 {
			t.Errorf("after %v /healthz is %d", errno, status)
		}
		t.Logf("%v: %d callbacks were answered 503, and 200 within %v after it", errno, meanwhile[503], time.Since(began).Round(time.Millisecond))
		l.taken()
	}
	wantNoPanic(t, d.log())
	d.stop(t)
	h.check(t, l)
}

// A slow disk delays answers by about two syncs, the one under way and the next, and
// nothing piles up behind it.
func TestASlowDiskDelaysAnswersAndLosesNone(t *testing.T) {
	atWork(t)
	disk := faultfs.Mount(t)
	h, l := newHouse(t, disk.Folder, disk.Behind), newLoad()
	d := h.mustStart(t)
	for slow := 200 * time.Millisecond; slow <= *slowest; slow = slow*5/2 + slow/10 {
		disk.Answer(func(op faultfs.Operation) faultfs.Fault {
			if op.Call == faultfs.Sync && strings.HasSuffix(op.Path, "-wal") {
				return faultfs.Fault{Delay: slow}
			}
			return faultfs.Fault{}
		})
		l.begin(d, 16)
		time.Sleep(10 * slow)
		l.end()
		statuses, took := l.taken()
		if len(statuses) != 1 || statuses[200] < 16 {
			t.Errorf("with syncs of %v callbacks are answered %v", slow, statuses)
		}
		p50 := took[len(took)/2]
		t.Logf("syncs of %v: %d callbacks, all 200: p50 %v, max %v", slow, len(took), p50.Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))
		if p50 > 4*slow+time.Second {
			t.Errorf("with syncs of %v half of the callbacks take longer than %v", slow, p50)
		}
	}
	disk.Answer(nil)
	d.stop(t)
	h.check(t, l)
}

// The disk of the exports is full when a night is due that no daemon has made yet.
func TestAScheduledRunThatMetAnErrorIsMadeUpUnderItsName(t *testing.T) {
	atWork(t)
	disk := faultfs.Mount(t)
	h, l := newHouse(t, disk.Folder, disk.Behind), newLoad()
	night := time.Now().UTC().Truncate(24 * time.Hour).Add(2 * time.Hour)
	if night.After(time.Now()) {
		night = night.AddDate(0, 0, -1)
	}
	if err := os.Mkdir(filepath.Join(h.behind, "state"), 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(filepath.Join(h.behind, "state", "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.RecordJobTime(t.Context(), "export/nightly", night.AddDate(0, 0, -3)), s.Close()); err != nil {
		t.Fatal(err)
	}
	disk.Answer(func(op faultfs.Operation) faultfs.Fault {
		if strings.HasPrefix(op.Path, "exports/") && op.Call != faultfs.Open {
			return faultfs.Fault{Err: syscall.ENOSPC}
		}
		return faultfs.Fault{}
	})
	d := h.mustStart(t)
	eventually(t, 15*time.Second, "the run fails", func() bool { return strings.Contains(d.log(), "no space left on device") })
	if status := l.one(d, nil); status != 200 {
		t.Errorf("meanwhile a callback is answered %d", status)
	}
	disk.Answer(nil)
	run := filepath.Join(h.behind, "exports", "nightly", night.Format("2006-01-02T150405Z"))
	eventually(t, 30*time.Second, "the run is made up", func() bool {
		_, err := os.Stat(filepath.Join(run, "manifest.json"))
		return err == nil
	})
	d.stop(t)
	h.wantWholeRuns(t)
	h.check(t, l)
}

func eventually(t *testing.T, within time.Duration, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// The store can't write down that the run is published, which readers see by then.
func TestARunThatReadersSeeStaysTheLatestAlsoWhenTheStoreCouldNotRecordIt(t *testing.T) {
	atWork(t)
	disk := faultfs.Mount(t)
	h, l := newHouse(t, disk.Folder, disk.Behind), newLoad()
	d := h.mustStart(t)
	l.some(d, 20, nil)
	d.stop(t)
	h.export(t)
	time.Sleep(time.Second) // the next run has another name
	var shown, failed atomic.Bool
	disk.Answer(func(op faultfs.Operation) faultfs.Fault {
		if op.Call == faultfs.Rename && op.Path == "exports/nightly/latest" {
			shown.Store(true)
		}
		if shown.Load() && op.Call == faultfs.Write && strings.HasSuffix(op.Path, "winnow.db-wal") {
			failed.Store(true)
			return faultfs.Fault{Err: syscall.ENOSPC}
		}
		return faultfs.Fault{}
	})
	if text, status := h.run("export", "nightly"); status == 0 || !failed.Load() {
		t.Fatalf("an export whose end could not be recorded exits with %d:\n%s", status, text)
	}
	disk.Answer(nil)
	h.wantWholeRuns(t) // and latest is the newest
	time.Sleep(time.Second)
	if text := h.mustRun(t, "export", "nightly"); strings.Contains(text, "delta could not be made") {
		t.Errorf("the next run says\n%s", text)
	}
	h.check(t, l)
}
