package sqlite

import (
	"fmt"
	"os"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/store/engine"
)

// commitBytes is what one commit of these tests adds to the write-ahead log, enough
// for a checkpoint to be due.
const commitBytes = checkpointBytes + 1<<20

// commit appends events and returns how long that took.
func commit(t *testing.T, e *Engine) time.Duration {
	t.Helper()
	events := make([]hygiene.Event, commitBytes>>16)
	for i := range events {
		events[i] = hygiene.Event{Source: "insider", Body: make([]byte, 1<<16), Outcome: hygiene.Sent}
	}
	began := time.Now()
	if err := e.WriteLog(func(w engine.LogWriter) error { return w.AppendEvents([][]hygiene.Event{events}) }); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

// commitUntilLong appends more than one checkpoint leaves in the write-ahead log.
func commitUntilLong(t *testing.T, e *Engine) (slowest time.Duration) {
	t.Helper()
	for range 2*longWAL*4096/commitBytes + 1 {
		slowest = max(slowest, commit(t, e))
	}
	return slowest
}

// openReader begins to read the log, as a backup does, on a connection of its own.
func openReader(t *testing.T, e *Engine) *conn {
	t.Helper()
	c, err := connect(e.logPath(), reading)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.exec("BEGIN"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.number("SELECT max(seq) FROM events"); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNoCommitWaitsForAReaderOfTheLog(t *testing.T) {
	t.Parallel()
	e := open(t)
	commit(t, e)
	reader := openReader(t, e)
	defer reader.close()
	// The checkpointer gives up immediately: a connection that would wait for the reader
	// waits for 15 seconds, and so would the commit.
	if got, err := e.checkpointer.c.number("PRAGMA busy_timeout"); err != nil || got != 0 {
		t.Fatalf("the checkpointer waits for %d ms, %v", got, err)
	}
	if slowest := commitUntilLong(t, e); slowest > 10*time.Second {
		t.Errorf("a commit took %s while a reader stayed", slowest)
	}
	long, err := os.Stat(e.logPath() + "-wal")
	if err != nil || long.Size() < longWAL*4096 {
		t.Fatalf("the write-ahead log is not long, %v: the reader was in nobody's way", err)
	}

	if err := reader.exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		commit(t, e)
		if info, err := os.Stat(e.logPath() + "-wal"); err != nil || info.Size() < long.Size() {
			if err != nil {
				t.Error(err)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the write-ahead log did not start over after the reader had gone")
		}
	}
}

// The checkpointer of a command that imports events must not stop the daemon's
// commits either.
func TestNoCommitWaitsForTheCheckpointOfAnotherProcess(t *testing.T) {
	t.Parallel()
	e := open(t)
	commit(t, e)
	other, err := Open(e.path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	defer openReader(t, e).close()
	commitUntilLong(t, other)
	for range 8 {
		commit(t, other)
		commit(t, e) // an error when the other keeps the log for two seconds
	}
}

// writeContacts commits so many pages of contacts, and returns what the write-ahead log has
// then.
func writeContacts(t *testing.T, e *Engine, from, pages int) progress {
	t.Helper()
	facts := make([]byte, 3500) // one a page
	err := e.Write(func(w engine.Writer) error {
		var list []*engine.Contact
		for i := range pages {
			id := int64(from + i + 1)
			list = append(list, &engine.Contact{ID: id, Key: fmt.Sprintf("crm-%08d", id), Facts: facts})
		}
		return w.InsertContacts(list)
	})
	if err != nil {
		t.Fatal(err)
	}
	is, err := checkpoint(e.writer.c, "NOOP")
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func TestSmallCommitsOfContactsAreMovedBeforeTheWriteAheadLogIsLong(t *testing.T) {
	e := open(t)
	for n := 0; n < 2*contactsPages; n += 4096 {
		if is := writeContacts(t, e, n, 4096); is.pages-is.moved > contactsPages+8192 {
			t.Fatalf("%d pages of %d were moved", is.moved, is.pages)
		}
	}
}

func TestLargeCommitsOfContactsAreMovedTogether(t *testing.T) {
	e := open(t)
	most := int64(0)
	for n := range 4 {
		is := writeContacts(t, e, n*(contactsPages+1), contactsPages+1)
		most = max(most, is.pages-is.moved)
	}
	if is := writeContacts(t, e, 4*(contactsPages+1), 1); is.moved < is.pages {
		t.Errorf("%d pages of %d were moved when the large commits had ended", is.moved, is.pages)
	}
	if most <= contactsPages {
		t.Errorf("at most %d pages waited: each commit was moved by itself", most)
	}
}
