package command

import (
	"os"
	"os/signal"
	"syscall"

	"winnow/store"
)

// suspendBetweenCommits lets Ctrl-Z suspend the process only while it commits nothing
// to the log: suspended within a commit it would keep the daemon from storing
// callbacks. The caller calls done before it closes the store.
func suspendBetweenCommits(s *store.Store) (done func()) {
	const first = 1 // the first process of a container can't be suspended from within
	if signal.Ignored(syscall.SIGTSTP) || os.Getpid() == first {
		return func() {}
	}
	suspend, end, ended := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(suspend, syscall.SIGTSTP)
	go func() {
		defer close(ended)
		for {
			select {
			case <-suspend:
				s.BetweenCommits(suspendProcess)
			case <-end:
				return
			}
		}
	}()
	return func() {
		signal.Stop(suspend)
		close(end)
		<-ended
	}
}

// suspendProcess returns when the process is resumed.
func suspendProcess() {
	resumed := make(chan os.Signal, 1)
	signal.Notify(resumed, syscall.SIGCONT)
	defer signal.Stop(resumed)
	if syscall.Kill(os.Getpid(), syscall.SIGSTOP) == nil {
		<-resumed // other threads may run on for a moment before the signal arrives
	}
}
