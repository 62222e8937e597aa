package keyset

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// newSet is a set that keeps so many keys in memory.
func newSet(t *testing.T, folder string, limit int) *Set {
	t.Helper()
	s := New(folder, limit)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestAKeyIsNewOnce(t *testing.T) {
	s := newSet(t, t.TempDir(), 700)
	r := rand.New(rand.NewPCG(7, 7))
	had := map[string]bool{}
	for round := range 60 {
		keys := make([]string, r.IntN(1500))
		for i := range keys {
			keys[i] = fmt.Sprint("contact-", r.IntN(60_000))
		}
		isNew, err := s.Add(keys)
		if err != nil || len(isNew) != len(keys) {
			t.Fatal(len(isNew), err)
		}
		for i, key := range keys {
			if isNew[i] == had[key] {
				t.Fatalf("round %d: %s is new: %t", round, key, isNew[i])
			}
			had[key] = true
		}
	}
	if len(s.runs) == 0 || len(s.runs) > 8 {
		t.Errorf("%d runs of %d keys", len(s.runs), len(had))
	}
}

func TestKeysNearlyAlikeAreNotTakenForOne(t *testing.T) {
	s := newSet(t, t.TempDir(), 1)
	for _, key := range []string{"contact-1", "contact-1 ", "Contact-1", "contact-01", ""} {
		if isNew, err := s.Add([]string{key}); err != nil || !isNew[0] {
			t.Errorf("%q was taken for another key: %v", key, err)
		}
	}
}

// Digests that begin alike are the only ones that a block's first can't tell
// apart.
func TestARunKnowsDigestsThatBeginAlike(t *testing.T) {
	run, err := newRun(t.TempDir(), 3*blockDigests)
	if err != nil {
		t.Fatal(err)
	}
	defer run.close()
	high := func(i int) uint64 { return []uint64{5, 7, 9}[i*3/(3*blockDigests+1)] }
	for i := range 3 * blockDigests {
		if err := run.append(digest{high(i), uint64(2 * i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := run.finish(); err != nil {
		t.Fatal(err)
	}
	from := 0
	for i := range 3 * blockDigests {
		for _, odd := range []uint64{0, 1} {
			has, next, err := run.contains(digest{high(i), uint64(2*i) + odd}, from)
			if err != nil || has != (odd == 0) {
				t.Fatalf("digest %d+%d: %t, %v", i, odd, has, err)
			}
			from = next
		}
	}
	for _, none := range []digest{{4, 0}, {6, 0}, {10, 0}} {
		if has, _, err := run.contains(none, 0); has || err != nil {
			t.Errorf("%v: %t, %v", none, has, err)
		}
	}
}

func TestASetLeavesNoFile(t *testing.T) {
	folder := t.TempDir()
	s := newSet(t, folder, 1)
	if _, err := s.Add([]string{"ann", "bob"}); err != nil || len(s.runs) != 1 {
		t.Fatal(len(s.runs), err)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*")); left != nil {
		t.Errorf("%q would stay after a kill", left)
	}
	nowhere := newSet(t, filepath.Join(t.TempDir(), "nowhere"), 1)
	if _, err := nowhere.Add([]string{"cem"}); err == nil || !strings.Contains(err.Error(), "make a temporary file") {
		t.Errorf("without a folder: %v", err)
	}
}
