package procusage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"winnow/internal/procusage"
)

const size = 8 << 20

func TestBytesThatACommandWroteAreCounted(t *testing.T) {
	to := filepath.Join(t.TempDir(), "written")
	used, took, err := procusage.Run(exec.Command("dd", "if=/dev/zero", "of="+to, "bs=1M", "count=8", "status=none"))
	if err != nil {
		t.Fatal(err)
	}
	if used.Written < size || used.Written > 2*size {
		t.Errorf("%d bytes were written, not about %d", used.Written, size)
	}
	if used.Peak <= 0 || took <= 0 {
		t.Errorf("the peak is %d, and it took %v", used.Peak, took)
	}
}

func TestThePeakOfACommandIsNotThatOfItsParent(t *testing.T) {
	large := make([]byte, 256<<20)
	for i := 0; i < len(large); i += os.Getpagesize() {
		large[i] = 1
	}
	used, _, err := procusage.Run(exec.Command("sleep", "0.1"))
	if err != nil {
		t.Fatal(err)
	}
	if own, err := procusage.Self(); err != nil || own.Peak < int64(len(large)) {
		t.Fatalf("this process had %d bytes at its peak: %v", own.Peak, err)
	}
	if used.Peak > 64<<20 {
		t.Errorf("sleep had %d bytes at its peak", used.Peak)
	}
	large[0] = 0
}

func TestWhatWasUsedSinceAReadingIsCountedAlone(t *testing.T) {
	to := filepath.Join(t.TempDir(), "written")
	write := func() procusage.Usage {
		t.Helper()
		if err := os.WriteFile(to, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(to); err != nil {
			t.Fatal(err)
		}
		used, err := procusage.Self()
		if err != nil {
			t.Fatal(err)
		}
		return used
	}
	before := write()
	if n := write().Since(before).Written; n < size || n > 2*size {
		t.Errorf("%d bytes were written since, not about %d", n, size)
	}
}
