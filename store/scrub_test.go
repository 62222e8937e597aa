package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene"
)

func TestAKeyIsFreshOnce(t *testing.T) {
	s := openStore(t)
	seen, err := s.NewSeen()
	if err != nil {
		t.Fatal(err)
	}
	defer seen.Close()
	for round := range 2 {
		for i := range 3000 {
			if fresh, err := seen.Add(fmt.Sprint("contact-", i*7919%3000)); err != nil || fresh != (round == 0) {
				t.Fatalf("round %d: %t, %v", round, fresh, err)
			}
		}
	}
	for _, key := range []string{"contact-1 ", "Contact-1", "contact-01"} {
		if fresh, err := seen.Add(key); err != nil || !fresh {
			t.Errorf("%q was taken for another key: %v", key, err)
		}
	}
}

func TestWhatIsSeenLeavesNoFile(t *testing.T) {
	t.Setenv("TMPDIR", "")
	s := openStore(t)
	seen, err := s.NewSeen()
	if err != nil {
		t.Fatal(err)
	}
	defer seen.Close()
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(s.Path()), "winnow-scratch-*")); left != nil {
		t.Errorf("%q would stay after a kill", left)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
	if _, err := s.NewSeen(); err == nil || !strings.Contains(err.Error(), "make a temporary file") || os.IsExist(err) {
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
