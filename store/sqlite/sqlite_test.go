package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store/engine"
)

func open(t *testing.T) *Engine {
	t.Helper()
	e, err := Open(filepath.Join(t.TempDir(), "winnow.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// A query while another answer is open works with SQLite, and would not with
// every engine.
func TestAQueryWithinAnotherIsAnError(t *testing.T) {
	e := open(t)
	err := e.Write(func(w engine.Writer) error {
		if err := w.Exec("INSERT INTO lists (list, contact) VALUES ('staff', 'ann')"); err != nil {
			return err
		}
		r := w.Query("SELECT contact FROM lists")
		if !r.Next() || r.Text(0) != "ann" {
			t.Error("the list is empty")
		}
		if _, err := w.Number("SELECT count(*) FROM lists"); !errors.Is(err, errOpen) {
			t.Errorf("the error is %v", err)
		}
		if err := r.Close(); err != nil {
			return err
		}
		n, err := w.Number("SELECT count(*) FROM lists")
		if n != 1 {
			t.Errorf("after Close there are %d", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAReadIsOfOneMoment(t *testing.T) {
	e := open(t)
	count := func(r engine.Reader) (n int64) {
		n, err := r.Number("SELECT count(*) FROM lists")
		if err != nil {
			t.Error(err)
		}
		return n
	}
	add := func(key string) {
		if err := e.Write(func(w engine.Writer) error {
			return w.Exec("INSERT INTO lists (list, contact) VALUES ('staff', ?)", key)
		}); err != nil {
			t.Error(err)
		}
	}
	add("ann")
	err := e.Read(func(r engine.Reader) error {
		before := count(r)
		add("bob")
		if after := count(r); before != 1 || after != 1 {
			t.Errorf("%d contacts, then %d", before, after)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	list, err := e.Snapshots(3)
	if err != nil {
		t.Fatal(err)
	}
	add("cem")
	for _, s := range list {
		if n := count(s); n != 2 {
			t.Errorf("a snapshot of two contacts has %d", n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAFullDiskIsTheEnginesError(t *testing.T) {
	e := open(t)
	err := e.WriteLog(func(engine.LogWriter) error {
		c := e.logWriter.c
		if _, err := c.number("PRAGMA max_page_count = 1"); err != nil {
			return err
		}
		w := &logWriter{c: c}
		return w.AppendEvents([][]hygiene.Event{{{Source: "insider", Body: make([]byte, 1<<20), Outcome: hygiene.Sent}}})
	})
	if !errors.Is(err, engine.ErrFull) {
		t.Errorf("the error is %v", err)
	}
}

func TestALogThatWasBegunAndHasNoTablesHasNoEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "winnow-events.db")
	for _, file := range []string{path, path + "-wal"} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if HasEvents(path) {
		t.Error("it has")
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if !HasEvents(path) {
		t.Error("one that can't be read has none")
	}
}
