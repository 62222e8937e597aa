package status

import (
	"fmt"
	"os"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console"
	"winnow/internal/schedule"
	"winnow/store"
)

// ProcessName names a process; 0 is one that is not known.
func ProcessName(id int) string {
	if id == 0 {
		return "another process"
	}
	return fmt.Sprint("process ", id)
}

// WaitAllowed is how long a process may have the store to itself before people
// are told.
const WaitAllowed = time.Minute

// Taken is a process that has had the store to itself for long.
type Taken struct {
	Process int             `json:"process"` // 0 when it is not known
	Since   hygiene.Instant `json:"since"`
}

// takenLong is the process that has the store to itself for long; nil for none.
// Of the daemon that is expected: a run may take the night.
func takenLong(s *store.Store) *Taken {
	holder, since, is := app.StoreLock(s).Taken()
	if !is || time.Since(since) < WaitAllowed {
		return nil
	}
	if daemon, _, runs := schedule.NewLock(s.Path() + ".jobs").Taken(); runs && daemon == holder {
		return nil
	}
	return &Taken{holder, hygiene.InstantOf(since.Truncate(time.Second))}
}

// Trouble tells what to do about it.
func (t Taken) Trouble() console.Trouble {
	told := console.Trouble{What: fmt.Sprintf("sweeps, reviews and runs wait for %s, which has had the store to itself since %s", ProcessName(t.Process), t.Since)}
	if t.Process != 0 && t.Process != os.Getpid() {
		told.What += "; if it is stopped, this lets it go on:"
		told.Do = fmt.Sprintf("kill -CONT %d", t.Process)
	}
	return told
}
