package store_test

import (
	"fmt"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

func TestLongUniqueArgsAreInTheBodyAlone(t *testing.T) {
	s := storetest.Open(t)
	p := storetest.Policy(t, s)
	bounce := func(key string, bytes int) hygiene.Event {
		e := storetest.Event(storetest.Start, key, "m-"+key, hygiene.SoftBounce)
		args := `{"a":"` + strings.Repeat("x", bytes-8) + `"}`
		e.Body = fmt.Appendf(nil, `{"id":"m-%s","uniqueArgs":%s,"event":"undelivered"}`, key, args)
		return e
	}
	storetest.Append(t, s, bounce("fits", 8<<10), bounce("long", 8<<10+1), bounce("huge", 1<<19))
	if _, err := s.Sweep(t.Context(), options(p, storetest.Start+1)); err != nil {
		t.Fatal(err)
	}
	for key, kept := range map[string]int{"fits": 8 << 10, "long": 0, "huge": 0} {
		c, ok, err := s.Contact(key)
		if err != nil || !ok || c.Retry == nil {
			t.Fatalf("%s: %v %v", key, ok, err)
		}
		if got := len(c.Retry.UniqueArgs); got != kept || c.Retry.MessageID != "m-"+key {
			t.Errorf("the retry of %s keeps %d bytes of unique_args of message %q, want %d", key, got, c.Retry.MessageID, kept)
		}
	}
	if e, ok, err := s.Event(3); err != nil || !ok || len(e.Body) < 1<<19 {
		t.Errorf("the body has %d bytes, %v", len(e.Body), err)
	}
	if totals, err := s.Totals(); err != nil || totals.LongArgs != 2 {
		t.Errorf("%d were too long, %v", totals.LongArgs, err)
	}
}

func TestLongUniqueArgsOfAnEarlierVersionGo(t *testing.T) {
	enginetest.SQLite(t)
	path := enginetest.Location(t)
	db := enginetest.File(t, path)
	migrateTo(t, db, "roster", 9)
	_, err := db.Exec(`INSERT INTO contacts (id, key, ledger, facts) VALUES (1, 'fits', 0, x''), (2, 'long', 0, x'');
		INSERT INTO retry_messages VALUES (1, 'm1', zeroblob(8192)), (2, 'm2', zeroblob(8193))`)
	must(t, err, db.Close())
	s, err := store.OpenNew(path) // there is only this file
	must(t, err, s.Close())
	db = enginetest.File(t, path)
	var kept, all int
	must(t, db.QueryRow("SELECT count(unique_args), count(*) FROM retry_messages").Scan(&kept, &all))
	if kept != 1 || all != 2 {
		t.Errorf("unique_args of %d of %d retries are kept", kept, all)
	}
}
