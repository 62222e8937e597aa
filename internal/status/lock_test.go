package status

import (
	"os"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/apptest"
	"winnow/internal/schedule"
)

func TestTheStatusTellsWhoHasTheStoreForLong(t *testing.T) {
	t.Parallel() // what is waited for is tried every other second
	a := apptest.Operations(t)
	if got := takenLong(a.Store); got != nil {
		t.Errorf("nobody has it, and it is told of %+v", got)
	}
	lock := app.StoreLock(a.Store)
	if ok, err := lock.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if got := takenLong(a.Store); got != nil {
		t.Errorf("at once it is told of %+v", got)
	}
	long := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(a.Store.Path()+".run", long, long); err != nil {
		t.Fatal(err)
	}
	st, err := Of(a.Config, a.Store)
	if err != nil || st.Taken == nil || *st.Taken != (Taken{os.Getpid(), hygiene.InstantOf(long)}) {
		t.Fatalf("told is %+v, %v", st.Taken, err)
	}
	var text strings.Builder
	st.Print(&text, hygiene.InstantOf(time.Now()))
	if !strings.Contains(text.String(), "has had the store to itself since "+st.Taken.Since.String()) {
		t.Errorf("printed is\n%s", text.String())
	}
	jobs := schedule.NewLock(a.Store.Path() + ".jobs")
	if ok, err := jobs.TryLock(); !ok || err != nil {
		t.Fatal(err)
	}
	if got := takenLong(a.Store); got != nil {
		t.Errorf("a run of the daemon is told of: %+v", got)
	}
	if err := jobs.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if got := takenLong(a.Store); got != nil {
		t.Errorf("it is let go, and told of %+v", got)
	}
}
