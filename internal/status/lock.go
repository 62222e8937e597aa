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

// LockWaitLimit is how long jobs may wait for the store lock before it is reported as
// a problem.
const LockWaitLimit = time.Minute

// LockHolder is a process that holds the store lock.
type LockHolder struct {
	Process int             `json:"process"` // 0 if it is not known
	Since   hygiene.Instant `json:"since"`
}

// longLockHolder returns the process that has held the store lock for longer than
// [LockWaitLimit]; nil for none. The daemon that runs the jobs does not count: its
// export run may take hours.
func longLockHolder(s *store.Store) *LockHolder {
	process, since, held := app.StoreLock(s).Taken()
	if !held || time.Since(since) < LockWaitLimit {
		return nil
	}
	if daemon, _, running := schedule.NewLock(s.Path() + ".jobs").Taken(); running && daemon == process {
		return nil
	}
	return &LockHolder{process, hygiene.InstantOf(since.Truncate(time.Second))}
}

// LockAlert describes a process that holds the store lock for too long, and what to
// do.
func LockAlert(h LockHolder) console.Trouble {
	alert := console.Trouble{What: fmt.Sprintf("%s has held the store lock since %s; sweeps, reviews and exports are waiting", ProcessName(h.Process), h.Since)}
	if h.Process != 0 && h.Process != os.Getpid() {
		alert.What += "; if it is suspended, resume it:"
		alert.Do = fmt.Sprintf("kill -CONT %d", h.Process)
	}
	return alert
}

// ProcessName names a process in a sentence; 0 is one that is not known.
func ProcessName(id int) string {
	if id == 0 {
		return "another process"
	}
	return fmt.Sprint("process ", id)
}
