package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"winnow/hygiene"
	"winnow/store/engine"
)

// spaceOf is how much room the log takes.
func spaceOf(t *testing.T, e *Engine) (s engine.LogSpace) {
	t.Helper()
	err := e.ReadLog(func(l engine.LogReader) (err error) {
		s, err = l.Space()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func opened(t *testing.T, path string) *Engine {
	t.Helper()
	e, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// fillLog appends events and deletes all but the last.
func fillLog(t *testing.T, e *Engine) {
	t.Helper()
	const n = 4000
	events := make([]hygiene.Event, n)
	for i := range events {
		events[i] = hygiene.Event{ReceivedAt: 1, Source: "s", MessageID: "m", Name: "sent", Outcome: hygiene.Sent, Body: make([]byte, 300)}
	}
	err := e.WriteLog(func(w engine.LogWriter) error { return w.AppendEvents([][]hygiene.Event{events}) })
	if err == nil {
		err = e.WriteLog(func(w engine.LogWriter) error {
			return w.Prune(&engine.Pruning{Events: []engine.SeqRange{{From: 1, To: n - 1}}})
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestANewLogGivesUnusedPagesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	e := opened(t, path)
	fillLog(t, e)
	before := spaceOf(t, e)
	if !before.GivesBack || before.Free < 1<<20 {
		t.Fatalf("%+v", before)
	}
	for range 40 {
		if err := e.WriteLog(func(w engine.LogWriter) error { return w.GiveBack(64) }); err != nil {
			t.Fatal(err)
		}
	}
	after := spaceOf(t, e)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(LogPath(path))
	if err != nil || after.Free != 0 || info.Size() != after.Bytes || after.Bytes > before.Bytes-before.Free {
		t.Errorf("before %+v, after %+v, the file has %d bytes, %v", before, after, info.Size(), err)
	}
}

func TestALogOfBeforeGivesPagesBackOnceItIsRebuilt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow.db")
	c, err := connect(LogPath(path), writing) // as earlier versions made it
	if err == nil {
		err = errors.Join(migrate(c, "events"), c.close())
	}
	if err != nil {
		t.Fatal(err)
	}
	e, err := OpenNew(path)
	if err != nil {
		t.Fatal(err)
	}
	fillLog(t, e)
	before := spaceOf(t, e)
	if err := e.WriteLog(func(w engine.LogWriter) error { return w.GiveBack(64) }); err != nil {
		t.Fatal(err)
	}
	if s := spaceOf(t, e); s.GivesBack || s != before {
		t.Errorf("%+v, then %+v", before, s)
	}
	if err := RebuildLog(path); !errors.Is(err, engine.ErrBusy) {
		t.Errorf("beside a process: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := RebuildLog(path); err != nil {
		t.Fatal(err)
	}
	e = opened(t, path)
	defer e.Close()
	after := spaceOf(t, e)
	var size engine.LogSize
	err = e.ReadLog(func(l engine.LogReader) (err error) {
		size, err = l.Size()
		return err
	})
	if err != nil || !after.GivesBack || after.Bytes > before.Bytes-before.Free+64<<10 || size.Events != 4000 || size.First != 4000 {
		t.Errorf("before %+v, after %+v, %+v, %v", before, after, size, err)
	}
}
