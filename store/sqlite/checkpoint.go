package sqlite

import "sync"

// checkpointer moves the log's write-ahead log into its file, on a connection of
// its own: the one that commits callbacks never stops for it.
//
// A passive checkpoint blocks no other connection, but while callbacks keep coming it
// never quite catches up, and the write-ahead log never starts over. So when
// that has grown long, one finishes the rest, which by then is little, while no
// commit is under way.
type checkpointer struct {
	c       *conn
	commits sync.Locker // held while a commit is under way
	due     chan struct{}
	done    chan struct{}
	bytes   int // appended since the last checkpoint was due
}

const (
	checkpointBytes = 4 << 20 // of events, until the next checkpoint
	longWAL         = 8192    // pages of 4 KiB
)

func startCheckpointer(path string, commits sync.Locker) (*checkpointer, error) {
	c, err := connect(path, writing)
	if err != nil {
		return nil, err
	}
	k := &checkpointer{c: c, commits: commits, due: make(chan struct{}, 1), done: make(chan struct{})}
	go k.run()
	return k, nil
}

// appended counts bytes that were appended. One goroutine at a time calls it.
func (k *checkpointer) appended(bytes int) {
	if k.bytes += bytes; k.bytes <= checkpointBytes {
		return
	}
	k.bytes = 0
	select {
	case k.due <- struct{}{}:
	default:
	}
}

func (k *checkpointer) run() {
	defer close(k.done)
	for range k.due {
		// After an error, or behind a reader that stays, the next one does the rest.
		if pages, err := k.checkpoint("PASSIVE"); err == nil && pages > longWAL {
			k.checkpoint("PASSIVE") // what came while the first was at work
			k.commits.Lock()
			k.checkpoint("RESTART")
			k.commits.Unlock()
		}
	}
}

// checkpoint returns how many pages the write-ahead log had.
func (k *checkpointer) checkpoint(kind string) (pages int64, err error) {
	r := k.c.query("PRAGMA wal_checkpoint(" + kind + ")")
	if r.Next() {
		pages = r.Int(1)
	}
	return pages, r.Close()
}

// close waits for the checkpoint under way. A nil checkpointer has none.
func (k *checkpointer) close() error {
	if k == nil || k.c == nil {
		return nil
	}
	close(k.due)
	<-k.done
	c := k.c
	k.c = nil
	return c.close()
}
