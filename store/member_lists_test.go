package store_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/members"
)

// eachKind runs a test on lists in files and on lists in a database.
func eachKind(t *testing.T, test func(t *testing.T, lists members.Lists)) {
	t.Run("files", func(t *testing.T) { test(t, members.Folder(t.TempDir())) })
	t.Run("rows", func(t *testing.T) { test(t, memberTable(t)) })
}

func memberTable(t *testing.T) members.Table {
	e := enginetest.Open(t, enginetest.Location(t))
	if name := os.Getenv(enginetest.Variable); name == "" || name == "sqlite" { // whose stores have files
		err := e.Write(func(c engine.Writer) error {
			return c.Exec("CREATE TABLE member_lists (export TEXT, segment TEXT, run TEXT, version INTEGER, part INTEGER, written_at INTEGER, bytes BLOB, PRIMARY KEY (export, segment, run, version, part))")
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return members.Table{Engine: e}
}

func writeList(t *testing.T, lists members.Lists, name members.Name, text []byte) {
	t.Helper()
	d, err := lists.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for piece := range slices.Chunk(text, 100_000) {
		if _, err := d.Write(piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func readList(t *testing.T, lists members.Lists, name members.Name) []byte {
	t.Helper()
	from, err := lists.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(from)
	if err := errors.Join(err, from.Close()); err != nil {
		t.Fatal(err)
	}
	return text
}

var reachable = members.Name{Export: "nightly", Segment: "reachable", Run: "2026-01-01T020000Z"}

func TestAListOfMembersIsWhatWasWrittenLast(t *testing.T) {
	long := make([]byte, 700_000)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(long)
	eachKind(t, func(t *testing.T, lists members.Lists) {
		if _, err := lists.Open(reachable); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the error of a list that is missing is %v", err)
		}
		for _, text := range [][]byte{[]byte("ann"), long, nil, long[:512<<10]} {
			writeList(t, lists, reachable, text)
			if got := readList(t, lists, reachable); !bytes.Equal(got, text) {
				t.Errorf("%d bytes are read as %d others", len(text), len(got))
			}
		}
		if names, err := lists.List(); err != nil || !slices.Equal(names, []members.Name{reachable}) {
			t.Errorf("%v, %v", names, err)
		}
		if err := lists.Remove(reachable); err != nil {
			t.Fatal(err)
		}
		if _, err := lists.Open(reachable); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("it is there after Remove: %v", err)
		}
	})
}

func TestAListThatIsBeingReplacedIsThereUntilTheNewOneIsWhole(t *testing.T) {
	eachKind(t, func(t *testing.T, lists members.Lists) {
		writeList(t, lists, reachable, []byte("ann"))
		for _, discarded := range []bool{true, false} {
			d, err := lists.Replace(reachable)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Write(bytes.Repeat([]byte("bob"), 200_000)); err != nil {
				t.Fatal(err)
			}
			if got := readList(t, lists, reachable); string(got) != "ann" {
				t.Fatalf("%d bytes are there before the list is whole", len(got))
			}
			end, want := d.Close, 600_000
			if discarded {
				end, want = d.Discard, 3
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if got := readList(t, lists, reachable); len(got) != want {
				t.Errorf("%d bytes are there, not %d", len(got), want)
			}
		}
	})
}

// A process that was killed leaves parts of a list, which no reader takes for a list.
func TestPartsOfAListThatWasNeverWholeAreNoList(t *testing.T) {
	lists := memberTable(t)
	d, err := lists.Create(reachable)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write(make([]byte, 600_000)); err != nil {
		t.Fatal(err)
	}
	if _, err := lists.Open(reachable); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a list can be opened: %v", err)
	}
	writeList(t, lists, reachable, []byte("cem"))
	if got := readList(t, lists, reachable); string(got) != "cem" {
		t.Errorf("%d bytes are read", len(got))
	}
	if _, err := lists.Create(reachable); err != nil {
		t.Fatal(err)
	}
	if err := lists.Prune("nightly", nil); err != nil {
		t.Fatal(err)
	}
	rows := int64(0)
	err = lists.Engine.Read(func(c engine.Reader) (err error) {
		rows, err = c.Number("SELECT count(*) FROM member_lists")
		return err
	})
	if rows != 0 || err != nil {
		t.Errorf("%d rows are left, %v", rows, err)
	}
}

func TestAListThatIsReplacedWhileItIsReadIsAnError(t *testing.T) {
	lists := memberTable(t)
	writeList(t, lists, reachable, make([]byte, 600_000))
	from, err := lists.Open(reachable)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(from, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	writeList(t, lists, reachable, make([]byte, 600_000))
	if n, err := io.Copy(io.Discard, from); err == nil {
		t.Errorf("%d bytes are read without an error", n)
	}
}

func TestPruningListsLeavesWhatIsToBeKept(t *testing.T) {
	eachKind(t, func(t *testing.T, lists members.Lists) {
		all := []members.Name{{Export: "nightly", Segment: "a", Run: "1"}, {Export: "nightly", Segment: "a", Run: "2"}, {Export: "nightly", Segment: "b", Run: "2"}, {Export: "nightly2", Segment: "a", Run: "1"}, {Export: "hourly", Segment: "a", Run: "1"}}
		for _, n := range all {
			writeList(t, lists, n, []byte("ann\n"))
		}
		left := func(want ...members.Name) {
			t.Helper()
			names, err := lists.List()
			byName := func(a, b members.Name) int {
				return slices.Compare([]string{a.Export, a.Segment, a.Run}, []string{b.Export, b.Segment, b.Run})
			}
			slices.SortFunc(names, byName)
			slices.SortFunc(want, byName)
			if err != nil || !slices.Equal(names, want) {
				t.Errorf("left are %v, not %v, %v", names, want, err)
			}
		}
		if err := lists.Prune("nightly", all[1:2]); err != nil {
			t.Fatal(err)
		}
		left(all[1], all[3], all[4])
		if err := lists.PruneOthers([]string{"nightly"}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		left(all[1], all[3], all[4])
		if err := lists.PruneOthers([]string{"nightly"}, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		left(all[1])
	})
}
