package postgres_test

import (
	"bytes"
	"io"
	"testing"

	"winnow/store/members"
	"winnow/store/postgres/pgtest"
)

func TestAListOfMembersIsThereThoughTheConnectionIsLostWhenItIsWritten(t *testing.T) {
	p := through(t, pgtest.Database(t))
	lists := members.Table{Engine: open(t, p.url)}
	name := members.Name{Export: "nightly", Segment: "all", Run: "1"}
	old, fresh := bytes.Repeat([]byte("o"), 1<<18), bytes.Repeat([]byte("n"), 1<<18) // a part each
	for _, list := range [][]byte{old, fresh} {
		draft, err := lists.Replace(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := draft.Write(list); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(list, fresh) {
			p.arm(cut{answer: "COMMIT"})
		}
		if err := draft.Close(); err != nil && !bytes.Equal(list, fresh) {
			t.Fatal(err)
		}
	}
	if p.times() != 1 {
		t.Errorf("%d cuts", p.times())
	}
	list, err := lists.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := io.ReadAll(list); err != nil || !bytes.Equal(read, fresh) {
		t.Errorf("read %d bytes, %v", len(read), err)
	}
}
