package records

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestASorterReturnsAllRecordsInTheirOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, limit := range []int{0, 1, 300, 5000} {
		s := &Sorter{Folder: t.TempDir(), limit: limit}
		var want [][]string
		for range r.IntN(3000) {
			record := []string{fmt.Sprint(r.IntN(500)), strings.Repeat("é", r.IntN(3)), strings.Repeat("x", r.IntN(200))}
			if err := s.Add(record...); err != nil {
				t.Fatal(err)
			}
			want = append(want, record)
		}
		slices.SortFunc(want, slices.Compare[[]string])
		var got [][]string
		if err := s.Each(func(record []string) error { got = append(got, record); return nil }); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, want, slices.Equal) || (s.file != nil) != (limit > 0 && limit < 5000 || len(s.runs) > 0) {
			t.Errorf("with %d bytes in memory: %d records of %d, in %d runs", limit, len(got), len(want), len(s.runs))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	s := &Sorter{Folder: t.TempDir()}
	if err := s.Each(func([]string) error { return fmt.Errorf("visited") }); err != nil {
		t.Error(err)
	}
}
