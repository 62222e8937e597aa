package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
)

// seenOf is a Seen that keeps so many in memory.
func seenOf(t *testing.T, s *Store, most int) *Seen {
	t.Helper()
	seen := s.NewSeen()
	seen.most = most
	t.Cleanup(func() {
		if err := seen.Close(); err != nil {
			t.Error(err)
		}
	})
	return seen
}

func TestAKeyIsFreshOnce(t *testing.T) {
	seen := seenOf(t, openStore(t), 700)
	r := rand.New(rand.NewPCG(7, 7))
	had := map[string]bool{}
	for round := range 60 {
		keys := make([]string, r.IntN(1500))
		for i := range keys {
			keys[i] = fmt.Sprint("contact-", r.IntN(60_000))
		}
		fresh, err := seen.Add(keys)
		if err != nil || len(fresh) != len(keys) {
			t.Fatal(len(fresh), err)
		}
		for i, key := range keys {
			if fresh[i] == had[key] {
				t.Fatalf("round %d: %s is fresh: %t", round, key, fresh[i])
			}
			had[key] = true
		}
	}
	if len(seen.runs) == 0 || len(seen.runs) > 8 {
		t.Errorf("%d runs of %d keys", len(seen.runs), len(had))
	}
}

func TestKeysNearlyAlikeAreNotTakenForOne(t *testing.T) {
	seen := seenOf(t, openStore(t), 1)
	for _, key := range []string{"contact-1", "contact-1 ", "Contact-1", "contact-01", ""} {
		if fresh, err := seen.Add([]string{key}); err != nil || !fresh[0] {
			t.Errorf("%q was taken for another key: %v", key, err)
		}
	}
}

// Digests that begin alike are the only ones that a block's first can't tell
// apart.
func TestARunKnowsDigestsThatBeginAlike(t *testing.T) {
	run, err := openStore(t).newDigestRun(3 * blockDigests)
	if err != nil {
		t.Fatal(err)
	}
	defer run.close()
	lead := func(i int) uint64 { return []uint64{5, 7, 9}[i*3/(3*blockDigests+1)] }
	for i := range 3 * blockDigests {
		if err := run.add(digest{lead(i), uint64(2 * i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := run.whole(); err != nil {
		t.Fatal(err)
	}
	from := 0
	for i := range 3 * blockDigests {
		for _, odd := range []uint64{0, 1} {
			has, next, err := run.has(digest{lead(i), uint64(2*i) + odd}, from)
			if err != nil || has != (odd == 0) {
				t.Fatalf("digest %d+%d: %t, %v", i, odd, has, err)
			}
			from = next
		}
	}
	for _, none := range []digest{{4, 0}, {6, 0}, {10, 0}} {
		if has, _, err := run.has(none, 0); has || err != nil {
			t.Errorf("%v: %t, %v", none, has, err)
		}
	}
}

func TestWhatIsSeenLeavesNoFile(t *testing.T) {
	t.Setenv("TMPDIR", "")
	s := openStore(t)
	seen := seenOf(t, s, 1)
	if _, err := seen.Add([]string{"ann", "bob"}); err != nil || len(seen.runs) != 1 {
		t.Fatal(len(seen.runs), err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(s.Path()), "winnow-scratch-*")); left != nil {
		t.Errorf("%q would stay after a kill", left)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
	if _, err := seen.Add([]string{"cem"}); err == nil || !strings.Contains(err.Error(), "make a temporary file") {
		t.Errorf("without a folder: %v", err)
	}
}

func TestFindGivesWhomItKnows(t *testing.T) {
	s := openStore(t)
	p := testPolicy(t, s)
	appendEvents(t, s, ev(start, "ann", "m1", hygiene.HardBounce), ev(start, "bob", "m2", hygiene.SoftBounce))
	if _, err := s.Sweep(context.Background(), options(p, start+1)); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := s.Find([]string{"ann", "anna", "bob", "ann"}, func(i int, c *hygiene.Contact) {
		got = append(got, fmt.Sprint(i, " ", c.Key, " ", c.Status(start+1)))
	})
	if want := []string{"0 ann suppressed", "2 bob cooling", "3 ann suppressed"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func TestFindGivesEachByItsPlace(t *testing.T) {
	s := openStore(t)
	p := testPolicy(t, s)
	var keys []string
	for i := range 3*findKeys + 7 {
		keys = append(keys, fmt.Sprintf("c-%05d", i))
		if i%3 == 0 {
			appendEvents(t, s, ev(start, keys[i], fmt.Sprint("m", i), hygiene.HardBounce))
		}
	}
	if _, err := s.Sweep(context.Background(), options(p, start+1)); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := s.Find(keys, func(i int, c *hygiene.Contact) {
		if c.Key != keys[i] || i != n || c.Status(start+1).String() != "suppressed" {
			t.Fatalf("%d: %s at %d", n, c.Key, i)
		}
		n += 3
	})
	if err != nil || n != len(keys)+2 {
		t.Errorf("%d, %v", n, err)
	}
}
