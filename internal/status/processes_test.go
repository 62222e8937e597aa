package status

import (
	"os"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/store"
	"winnow/store/postgres/pgtest"
)

func TestTheStatusOfAServerNamesTheProcessesThatUseIt(t *testing.T) {
	defer func(was time.Duration) { settledFor = was }(settledFor)
	settledFor = -time.Minute
	a := apptest.Operations(t)
	s, err := store.Open(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	jobs := s.Lock("jobs")
	if ok, err := jobs.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	defer jobs.Unlock()
	st, err := Collect(a.Config, s, hygiene.InstantOf(time.Now()))
	if err != nil || len(st.Processes) != 1 {
		t.Fatalf("the processes are %+v, %v", st.Processes, err)
	}
	if p := st.Processes[0]; p.Process != os.Getpid() || !p.Jobs || p.Since == 0 {
		t.Errorf("the process is %+v", p)
	}
	var text strings.Builder
	Print(&text, st, hygiene.InstantOf(time.Now()))
	if !strings.Contains(text.String(), "(runs the jobs)") {
		t.Errorf("printed is\n%s", text.String())
	}
}
