package postgres_test

import (
	"syscall"
	"testing"

	"winnow/store/engine"
	"winnow/store/postgres"
	"winnow/store/postgres/pgtest"
)

func TestALockIsTakenAndFreedWhileItIsRenewed(t *testing.T) {
	at := pgtest.Database(t)
	e := open(t, at)
	lock := e.Lock("run")
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				postgres.Renew(lock)
			}
		}
	}()
	for range 200 { // a deadlock ends the test by its time
		if taken, err := lock.TryLock(); !taken || err != nil {
			t.Fatalf("taken: %t, %v", taken, err)
		}
		if err := lock.Unlock(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-done
	if taken, err := open(t, at).Lock("run").TryLock(); !taken || err != nil {
		t.Errorf("a lock that was freed can't be taken: %t, %v", taken, err)
	}
}

func TestALockThatIsFreedWhileAWriteWaitsDoesNotEndTheWrite(t *testing.T) {
	at := pgtest.Database(t)
	e, other := open(t, at), open(t, at)
	lock := e.Lock("run")
	if taken, err := lock.TryLock(); !taken || err != nil {
		t.Fatalf("taken: %t, %v", taken, err)
	}
	begun, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 2)
	go func() {
		ended <- other.Write(func(engine.Writer) error {
			close(begun)
			<-release
			return nil
		})
	}()
	<-begun
	go func() { ended <- write(e, byHolder) }()
	await(t, at, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()")
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
	if taken, err := other.Lock("run").TryLock(); !taken || err != nil {
		t.Errorf("taken by the other one: %t, %v", taken, err)
	}
	close(release)
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestALockIsHeldWhenItsAnswerWasLost(t *testing.T) {
	p := through(t, pgtest.Database(t))
	e := open(t, p.url)
	lock := e.Lock("run")
	lock.Taken() // the connection is there
	p.arm(cut{answer: "SELECT 1"})
	if taken, err := lock.TryLock(); !taken || err != nil {
		t.Errorf("taken: %t, %v", taken, err)
	}
	if p.times() != 1 {
		t.Errorf("%d cuts", p.times())
	}
}

func TestALeaseOfADeadProcessEndsAlthoughTheClockOfTheServerWasSetBack(t *testing.T) {
	at := pgtest.Database(t)
	dead := startHolder(t, at)
	dead.answers(t, "lock", "true <nil>")
	dead.signal(t, syscall.SIGKILL)
	pgtest.Run(t, at, "UPDATE leases SET until = until + 3600000000")
	lock := open(t, at).Lock("sweep")
	free := func() bool {
		t.Helper()
		taken, err := lock.TryLock()
		if err != nil {
			t.Error(err)
		}
		return taken
	}
	if free() {
		t.Fatal("the lease of a process that may live was taken over")
	}
	pgtest.Run(t, at, "UPDATE leases SET until = until + 1") // as if it had renewed it
	postgres.SeeForLonger(lock)
	if free() {
		t.Fatal("a lease that was renewed was taken over")
	}
	postgres.SeeForLonger(lock)
	if !free() {
		t.Error("the lease of a dead process is kept")
	}
}

func TestALeaseIsRenewedWhileTheLogIsChanged(t *testing.T) {
	at := pgtest.Database(t)
	e, other := open(t, at), open(t, at)
	lock := e.Lock("run")
	if taken, err := lock.TryLock(); !taken || err != nil {
		t.Fatalf("taken: %t, %v", taken, err)
	}
	until := func() (until int64) {
		err := other.Read(func(r engine.Reader) (err error) {
			until, err = r.Number("SELECT until FROM leases WHERE name = 'run'")
			return err
		})
		if err != nil {
			t.Error(err)
		}
		return until
	}
	_, err := e.PurgeLog(func(l engine.LogReader, w engine.LogWriter) error {
		if err := w.EndPruning(1); err != nil {
			return err
		}
		if _, err := l.Number("SELECT 1"); err != nil { // what was said before is done
			return err
		}
		before := until()
		if !postgres.Renew(lock) || until() <= before {
			t.Error("it was not renewed")
		}
		pgtest.Run(t, at, "UPDATE leases SET until = winnow_now() - 1")
		if taken, err := other.Lock("run").TryLock(); taken || err != nil {
			t.Errorf("taken by another while the log is changed: %t, %v", taken, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Else another process would take over, and wait as well.
func TestALeaseIsRenewedWhileNoStandbyIsThereThatCommitsWaitFor(t *testing.T) {
	primary := pgtest.Server(t)
	standby := primary.Standby(t)
	primary.Synchronous(t)
	e := open(t, primary.URL())
	lock := e.Lock("run")
	if taken, err := lock.TryLock(); !taken || err != nil {
		t.Fatalf("taken: %t, %v", taken, err)
	}
	standby.StopImmediate(t)
	renewed := postgres.RenewedAt(lock)
	postgres.Renew(lock)
	if !postgres.RenewedAt(lock).After(renewed) {
		t.Error("it is not renewed")
	}
	if taken, err := e.Lock("other").TryLock(); !taken || err != nil {
		t.Errorf("another one is taken: %t, %v", taken, err)
	}
	primary.Do(t, "ALTER SYSTEM RESET synchronous_standby_names")
	primary.Do(t, "SELECT pg_reload_conf()")
}
