package status

import (
	"fmt"
	"os"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/store"
	"winnow/store/engine"
)

// LockWaitLimit is how long jobs may wait for the store lock before it is reported as
// a problem.
const LockWaitLimit = time.Minute

// longLockHolder returns the process that has held the store lock for longer than
// [LockWaitLimit]; nil for none. The daemon that runs the jobs does not count: its
// export run may take hours.
func longLockHolder(s *store.Store) *view.LockHolder {
	process, since, held := app.StoreLock(s).Taken()
	if !held || time.Since(since) < LockWaitLimit {
		return nil
	}
	if daemon, _, running := s.Lock("jobs").Taken(); running && daemon == process {
		return nil
	}
	return &view.LockHolder{Process: process.Process, Host: process.Host, Since: hygiene.InstantOf(since.Truncate(time.Second))}
}

// LockAlert describes a process that holds the store lock for too long, and what to
// do.
func LockAlert(h view.LockHolder) view.Alert {
	alert := view.Alert{Grave: true, Title: "Sweeps, reviews and exports are waiting for the store lock.", Why: fmt.Sprintf("It has been held by %s since %s.", app.ProcessName(engine.Holder{Process: h.Process, Host: h.Host}), h.Since)}
	if h.Process != 0 && h.Process != os.Getpid() && h.Host == "" {
		alert.Why += " If it is suspended, resume it:"
		alert.Command = fmt.Sprintf("kill -CONT %d", h.Process)
	}
	return alert
}

// logWriter returns the process that appends many events to the log; nil for none.
func logWriter(s *store.Store) *view.LockHolder {
	process, since, held := s.LogLock().Taken()
	if !held {
		return nil
	}
	return &view.LockHolder{Process: process.Process, Host: process.Host, Since: hygiene.InstantOf(since.Truncate(time.Second))}
}

func describeLogWriter(h view.LockHolder) string {
	text := fmt.Sprintf("%s has been importing events since %s", app.ProcessName(engine.Holder{Process: h.Process, Host: h.Host}), h.Since)
	if h.Process != 0 && h.Host == "" {
		text += fmt.Sprintf("; if callbacks are refused and it is suspended, resume it: kill -CONT %d", h.Process)
	}
	return text
}
