package postgres_test

import (
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
