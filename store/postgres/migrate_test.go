package postgres

import (
	"strings"
	"testing"

	"winnow/store/engine"
	"winnow/store/postgres/pgtest"
)

func TestAnOlderWinnowDoesNotGoOnWhenANewerOneHasUpdatedTheTables(t *testing.T) {
	at := pgtest.Database(t)
	e, err := Open(at)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	newer, err := Open(at)
	if err != nil {
		t.Fatal(err)
	}
	defer newer.Close()
	used := func() error { return e.Write(func(engine.Writer) error { return nil }) }
	if err := used(); err != nil {
		t.Fatal(err)
	}
	pgtest.Run(t, at, "INSERT INTO winnow_schema (version) VALUES (2)")
	if err := newer.writer.use(newer, cutOthers); err != nil {
		t.Fatal(err)
	}
	if err := used(); err == nil || !strings.Contains(err.Error(), "a newer winnow has updated the store meanwhile; stop this process, and start that version") {
		t.Errorf("it goes on: %v", err)
	}
	if err := e.Read(func(engine.Reader) error { return nil }); err == nil {
		t.Error("it reads")
	}
}
