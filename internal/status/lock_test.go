package status

import (
	"os"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/console/view"
)

func TestTheStatusNamesAProcessThatHoldsTheStoreLockForLong(t *testing.T) {
	t.Parallel() // waiting for a lock polls every two seconds
	a := apptest.Operations(t)
	if got := longLockHolder(a.Store); got != nil {
		t.Errorf("the lock is free, and the holder is %+v", got)
	}
	lock := app.StoreLock(a.Store)
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if got := longLockHolder(a.Store); got != nil {
		t.Errorf("a holder is reported immediately: %+v", got)
	}
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(a.Store.Path()+".run", long, long); err != nil {
		t.Fatal(err)
	}
	st, err := Collect(a.Config, a.Store, hygiene.InstantOf(time.Now()))
	if err != nil || st.LockHolder == nil || *st.LockHolder != (view.LockHolder{Process: os.Getpid(), Since: hygiene.InstantOf(long)}) {
		t.Fatalf("the holder is %+v, %v", st.LockHolder, err)
	}
	var text strings.Builder
	Print(&text, st, hygiene.InstantOf(time.Now()))
	if !strings.Contains(text.String(), " since "+st.LockHolder.Since.String()) {
		t.Errorf("printed is\n%s", text.String())
	}
	jobs := a.Store.Lock("jobs")
	if ok, err := jobs.TryLock(); !ok || err != nil {
		t.Fatal(err)
	}
	if got := longLockHolder(a.Store); got != nil {
		t.Errorf("the daemon's own job is reported: %+v", got)
	}
	if err := jobs.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if got := longLockHolder(a.Store); got != nil {
		t.Errorf("the lock is released, and the holder is %+v", got)
	}
}
