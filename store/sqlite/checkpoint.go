package sqlite

import (
	"errors"
	"sync"
	"time"
)

// checkpointer moves the log's write-ahead log into its file, on a connection of
// its own: the one that commits callbacks never stops for it.
//
// A passive checkpoint blocks no other connection, but while callbacks keep coming it
// never quite catches up, and the write-ahead log never starts over. So when
// that has grown long, one finishes the rest, which by then is little, while no
// commit is under way.
//
// It waits for nobody: a commit would wait with it. While a reader stays, such as a
// backup, the write-ahead log grows, and it starts over once the reader has gone.
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
	// At most this many pages are moved while no commit is under way, and so many
	// passive checkpoints before that catch up with the commits.
	restPages  = 1024
	catchUpMax = 8
	// A reader that was in the way for a moment is given a few more.
	restartTries = 10
	restartPause = 20 * time.Millisecond
)

// checkpointTuning makes a checkpoint give up immediately where it would wait for a
// reader, or for a writer of another process: SQLite would wait while it keeps all
// others from committing.
const checkpointTuning = "PRAGMA busy_timeout = 0;"

func startCheckpointer(path string, commits sync.Locker) (*checkpointer, error) {
	c, err := connect(path, writing)
	if err != nil {
		return nil, err
	}
	if err := c.script(checkpointTuning); err != nil {
		return nil, errors.Join(err, c.close())
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
		if k.catchUp() {
			k.restart()
		}
	}
}

// catchUp moves what there is while commits go on, and reports whether the
// write-ahead log is long and little is left to move.
func (k *checkpointer) catchUp() bool {
	before := int64(0)
	for range catchUpMax {
		p, err := checkpoint(k.c, "PASSIVE")
		if err != nil || p.pages <= longWAL || p.moved < p.pages {
			return false
		}
		if came := p.pages - before; came <= restPages {
			return true // during this one no more came than during the one before
		}
		before = p.pages
	}
	return false
}

// restart moves the rest while no commit is under way, so that the next one begins
// the write-ahead log anew. A reader that is in the way keeps nobody waiting.
func (k *checkpointer) restart() {
	for range restartTries {
		k.commits.Lock()
		p, err := checkpoint(k.c, "RESTART")
		k.commits.Unlock()
		if err != nil || !p.busy {
			return
		}
		time.Sleep(restartPause)
	}
}

// progress is how far a checkpoint came.
type progress struct {
	busy         bool  // somebody was in the way
	pages, moved int64 // of the write-ahead log
}

// checkpoint does a checkpoint of that kind; NOOP only looks.
func checkpoint(c *conn, kind string) (p progress, err error) {
	r := c.query("PRAGMA wal_checkpoint(" + kind + ")")
	if r.Next() {
		p = progress{busy: r.Int(0) != 0, pages: r.Int(1), moved: r.Int(2)}
	}
	return p, r.Close()
}

// The write-ahead log of the contacts is moved into their file when it has contactsPages
// pages, of 4 KiB. But while commits follow each other that alone have so many, as when a
// sweep catches up with a long log, it may have twice as many as the file, up to bulkPages:
// most of these pages are written again by the next one, and go into the file once for
// several.
const (
	contactsPages = 16384
	bulkPages     = 524_288
)

// moveContacts moves the write-ahead log of the contacts after a commit, if it is time. What
// can't be moved now, as a reader may still need it, is moved after a later commit. An error
// is met by what reads the page, and by the next commit.
func (e *Engine) moveContacts(c *conn) {
	is, err := checkpoint(c, "NOOP")
	if err != nil {
		return
	}
	came := is.pages - e.contactsWAL
	if came < 0 { // it began anew
		came = is.pages
	}
	e.contactsWAL = is.pages
	if is.pages < contactsPages || is.moved == is.pages {
		return
	}
	if came >= contactsPages {
		if of, err := c.number("PRAGMA page_count"); err == nil && is.pages < min(2*of, bulkPages) {
			return
		}
	}
	_, _ = checkpoint(c, "PASSIVE")
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
