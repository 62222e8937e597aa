package postgres_test

import (
	"fmt"
	"testing"

	"winnow/store/engine"
	"winnow/store/postgres/pgtest"
)

func TestRowsAreChangedWhileAnAnswerIsRead(t *testing.T) {
	e := open(t, pgtest.Database(t))
	const contacts = 1500
	err := e.Write(func(w engine.Writer) error {
		for i := range contacts {
			if err := w.Exec("INSERT INTO lists (list, contact) VALUES ('vip', ?)", fmt.Sprint(i)); err != nil {
				return err
			}
		}
		r := w.Query("SELECT contact FROM lists WHERE list = 'vip'")
		for r.Next() {
			if err := w.Exec("DELETE FROM lists WHERE list = 'vip' AND contact = ?", r.Text(0)); err != nil {
				t.Fatal(err)
			}
		}
		return r.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	err = e.Read(func(r engine.Reader) error {
		if left, err := r.Number("SELECT count(*) FROM lists"); left != 0 || err != nil {
			t.Errorf("%d of %d are left, %v", left, contacts, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAnErrorThatNobodyLookedAtEndsTheTransaction(t *testing.T) {
	e := open(t, pgtest.Database(t))
	err := e.Write(func(w engine.Writer) error {
		if err := set(w, 1); err != nil {
			return err
		}
		_, _ = w.Number("SELECT 1 / 0")
		_ = set(w, 2)
		return nil
	})
	if err == nil {
		t.Error("it was committed")
	}
	if by := writtenBy(t, e); by != 0 {
		t.Errorf("%d was written", by)
	}
}
