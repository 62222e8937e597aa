package records

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestASpoolReturnsWhatWasAddedInItsOrder(t *testing.T) {
	for _, n := range []int{0, 3, 50_000} {
		s := &Spool{Folder: t.TempDir()}
		record := func(i int) []string { return []string{fmt.Sprint(i), "", strings.Repeat("x", i%90)} }
		for i := range n {
			if err := s.Add(record(i)...); err != nil {
				t.Fatal(err)
			}
		}
		if onDisk := s.file != nil; onDisk != (n > 10_000) || s.memory.Len() > spoolMemory {
			t.Errorf("%d records: on disk %v, %d bytes in memory", n, onDisk, s.memory.Len())
		}
		i := 0
		err := s.Each(func(got []string) error {
			if !slices.Equal(got, record(i)) {
				return fmt.Errorf("record %d is %q", i, got)
			}
			i++
			return nil
		})
		if err != nil || i != n || s.Close() != nil {
			t.Errorf("read %d of %d records, %v", i, n, err)
		}
	}
}
