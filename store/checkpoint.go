package store

import "sync"

// checkpointer moves the log's write-ahead log into its file, on a connection
// of its own: the one that commits callbacks never stops for it.
//
// A passive checkpoint hinders nobody, but as long as callbacks keep coming it
// never quite catches up, and the write-ahead log is never begun anew. So when
// that has grown long, one finishes the rest, which by then is little, while no
// commit is under way.
type checkpointer struct {
	c       *conn
	commits sync.Locker // held while a commit is under way
	wake    chan struct{}
	done    chan struct{}
}

const (
	checkpointBytes = 4 << 20 // of events, until the next checkpoint
	longWAL         = 8192    // pages of 4 KiB
)

func newCheckpointer(path string, commits sync.Locker) (*checkpointer, error) {
	c, err := connect(path, writing)
	if err != nil {
		return nil, err
	}
	return &checkpointer{c: c, commits: commits, wake: make(chan struct{}, 1), done: make(chan struct{})}, nil
}

func (k *checkpointer) run() {
	defer close(k.done)
	for range k.wake {
		// An error, like a reader that does not go, is the next one's to mend.
		if pages, err := k.checkpoint("PASSIVE"); err == nil && pages > longWAL {
			k.checkpoint("PASSIVE") // what came while the first was at work
			k.commits.Lock()
			k.checkpoint("RESTART")
			k.commits.Unlock()
		}
	}
}

// checkpoint gives how many pages the write-ahead log had.
func (k *checkpointer) checkpoint(kind string) (pages int64, err error) {
	r := k.c.query("PRAGMA wal_checkpoint(" + kind + ")")
	if r.next() {
		pages = r.int(1)
	}
	return pages, r.close()
}

func (k *checkpointer) close() error {
	close(k.wake)
	<-k.done
	return k.c.close()
}
