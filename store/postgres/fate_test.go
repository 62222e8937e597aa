package postgres_test

import (
	"strings"
	"testing"

	"winnow/store/postgres/pgtest"
)

func TestAWriteWhoseAnswerIsLostIsKnownToBeWritten(t *testing.T) {
	p := through(t, pgtest.Database(t))
	e := open(t, p.url)
	for by := range int64(3) {
		p.arm(cut{answer: "COMMIT"})
		if err := write(e, by); err != nil {
			t.Errorf("it was written: %v", err)
		}
		if got := writtenBy(t, e); got != by {
			t.Errorf("written by %d, want %d", got, by)
		}
	}
	if p.times() != 3 {
		t.Errorf("%d cuts", p.times())
	}
}

func TestAWriteThatIsLostIsKnownNotToBeWritten(t *testing.T) {
	at := pgtest.Database(t)
	if err := write(open(t, at), byOther); err != nil {
		t.Fatal(err)
	}
	p := through(t, at)
	e := open(t, p.url)
	p.arm(cut{request: "COMMIT"})
	if err := write(e, byHolder); err == nil || !strings.Contains(err.Error(), "nothing was written") {
		t.Errorf("written: %v", err)
	}
	if p.times() != 1 {
		t.Errorf("%d cuts", p.times())
	}
	if by := writtenBy(t, e); by != byOther {
		t.Errorf("written by %d", by)
	}
	if err := write(e, byHolder); err != nil {
		t.Error(err)
	}
}
