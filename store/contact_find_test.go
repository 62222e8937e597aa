package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"winnow/hygiene"
)

func TestScratchFilesAreBesideTheStoreUnlessTMPDIRSaysOtherwise(t *testing.T) {
	t.Setenv("TMPDIR", "")
	s := openStore(t)
	if folder := s.scratchFolder(); folder != filepath.Dir(s.Path()) {
		t.Errorf("they are in %s, the store is %s", folder, s.Path())
	}
	t.Setenv("TMPDIR", "/elsewhere")
	if folder := s.scratchFolder(); folder != "/elsewhere" {
		t.Errorf("with TMPDIR they are in %s", folder)
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
