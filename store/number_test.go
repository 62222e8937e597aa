package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
)

func checkCounts(t *testing.T, s *store.Store, p *hygiene.Policy, now hygiene.Instant) {
	t.Helper()
	if wrong := countsOf(t, s, p, now); wrong != "" {
		t.Error(wrong)
	}
	if len(s.Files()) == 0 {
		return // the server's own tools copy it
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Copy(t.Context(), path, engine.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	if wrong, err := store.RecountCopy(t.Context(), path, now); err != nil || len(wrong) > 0 {
		t.Errorf("of a copy it says %q, %v", wrong, err)
	}
}

// countsOf says what is wrong with the counts by status at the time; empty for nothing.
func countsOf(t *testing.T, s *store.Store, p *hygiene.Policy, now hygiene.Instant) string {
	t.Helper()
	want := map[string]int64{"active": 0, "cooling": 0, "retry": 0, "suppressed": 0}
	snapshot, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	err = snapshot.Contacts(context.Background(), false, func(c *hygiene.Contact) error {
		want[c.Status(now).String()]++
		return nil
	})
	snapshot.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sweep(context.Background(), options(p, now)); err != nil {
		t.Fatal(err)
	}
	got, err := s.Totals()
	if err != nil || fmt.Sprint(got.Statuses) != fmt.Sprint(want) {
		return fmt.Sprintf("wrong: counted %v, %v; want %v", got.Statuses, err, want)
	}
	return ""
}
