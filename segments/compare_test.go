package segments

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"testing"
)

// kept has lists of members by run.
type kept map[string][]byte

func (kept) CreateMembers(Run, string) (DraftFile, error) { return nil, fs.ErrInvalid }

func (k kept) OpenMembers(_, run, _ string) (io.ReadCloser, error) {
	if k[run] == nil {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(k[run])), nil
}

func (kept) ReadyRun(Run, []RunSegment) error { return nil }

// rowOf is a member and the sum of its row.
type rowOf struct {
	member
	row uint64
}

func listOfRows(t *testing.T, run string, rows map[string]rowOf) []byte {
	t.Helper()
	var s sheet
	w := newMemberWriter(&s, memberHeader(memberVersion, "nightly", run, "all"))
	for i := range 100 {
		if r, ok := rows[fmt.Sprintf("k%02d", i)]; ok {
			w.add(&r.member, "", r.row)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	return s.Bytes()
}

// Random lists: all that a comparison says is what two maps say.
func TestAComparisonSaysWhoCameWentAndChanged(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		runs := map[string]map[string]rowOf{"before": {}, "now": {}}
		for i := range 100 {
			key := fmt.Sprintf("k%02d", i)
			for run := range runs {
				if r.IntN(3) > 0 {
					runs[run][key] = rowOf{member{key, uint64(r.IntN(2)), r.IntN(2)}, uint64(r.IntN(2))}
				}
			}
		}
		before, now := runs["before"], runs["now"]
		want := func(key string) MemberChange {
			b, was := before[key]
			n, is := now[key]
			if b.attempt == 0 {
				b.message = 0 // which is not kept
			}
			if n.attempt == 0 {
				n.message = 0
			}
			switch {
			case was && is && b == n:
				return Unchanged
			case was && is:
				return Altered
			case was:
				return Went
			case is:
				return Came
			}
			return NoMember
		}
		lists := kept{"before": listOfRows(t, "before", before), "now": listOfRows(t, "now", now)}
		c, err := CompareMembers(lists, "nightly", "all", "before", "now")
		if err != nil {
			t.Fatal(err)
		}
		var visited []string
		err = c.Each(func(key string, change MemberChange) error {
			visited = append(visited, key)
			if change != want(key) {
				t.Fatalf("%s: %d, want %d", key, change, want(key))
			}
			return nil
		})
		if closeErr := c.Close(); err != nil || closeErr != nil {
			t.Fatal(err, closeErr)
		}
		if c, err = CompareMembers(lists, "nightly", "all", "before", "now"); err != nil {
			t.Fatal(err)
		}
		for i := range 101 {
			key := fmt.Sprintf("k%02d", i)
			if want(key) != NoMember && !slices.Contains(visited, key) {
				t.Fatalf("%s was not visited", key)
			}
			if r.IntN(3) > 0 {
				continue // what is not asked for is skipped
			}
			if got := c.At(key); got != want(key) {
				t.Fatalf("at %s: %d, want %d", key, got, want(key))
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWithoutAnEarlierRunEveryoneCame(t *testing.T) {
	c, err := CompareMembers(kept{"now": listOfRows(t, "now", map[string]rowOf{"k01": {member{key: "k01"}, 7}})}, "nightly", "all", "", "now")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.At("k01"); got != Came || c.Close() != nil {
		t.Errorf("it is %d", got)
	}
}
