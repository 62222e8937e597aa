package postgres

import (
	"runtime"
	"sync"
	"testing"

	"winnow/store/postgres/pgtest"
)

// A daemon that ends frees the lock of the jobs while it closes the store: else nobody could
// take over before the lease is over.
func TestClosingWaitsForALockThatIsBeingFreed(t *testing.T) {
	e, err := Open(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	held := func(name string) *lease {
		l := e.Lock(name).(*lease)
		if ok, err := l.TryLock(); !ok || err != nil {
			t.Fatalf("the lock %s is not free, %v", name, err)
		}
		return l
	}
	for range 5 {
		first, second := held("backup"), held("jobs")
		e.leases.handle.mu.Lock() // the connection is busy
		var both sync.WaitGroup
		both.Go(func() {
			if err := e.leases.close(); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
		for first.isTaken() {
			runtime.Gosched()
		}
		both.Go(func() {
			if err := second.Unlock(); err != nil {
				t.Errorf("freeing it: %v", err)
			}
		})
		for second.isTaken() {
			runtime.Gosched()
		}
		e.leases.handle.mu.Unlock()
		both.Wait()
		e.leases.handle.closed = false // as in the next process
	}
}
