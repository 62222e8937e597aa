package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/apptest"
	"winnow/internal/csvlist"
	"winnow/internal/scrub"
	"winnow/internal/ui"
)

// storeWithList makes a folder with a config, an empty store and list.csv. winnow runs a
// command line there, with the list as stdin.
func storeWithList(t *testing.T, list string) (folder string, winnow func(args ...string) (code int, stdout, stderr string)) {
	t.Helper()
	folder = t.TempDir()
	config := apptest.Config(t, folder, "1h")
	if err := os.WriteFile(filepath.Join(folder, "list.csv"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	winnow = func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), append([]string{"-c", config}, args...), Process{Stdout: &stdout, Stderr: &stderr, Stdin: strings.NewReader(list)})
		return code, stdout.String(), stderr.String()
	}
	if code, _, stderr := winnow("sweep"); code != exitOK {
		t.Fatal(stderr)
	}
	return folder, winnow
}

func TestAFailedScrubLeavesFilesUnchanged(t *testing.T) {
	folder, winnow := storeWithList(t, "key\nann\n"+strings.Repeat("5", csvlist.MaxRecord+1))
	clean := filepath.Join(folder, "clean.csv")
	if err := os.WriteFile(clean, []byte("of yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := winnow("scrub", filepath.Join(folder, "list.csv"), "--column", "key", "-o", clean, "--rejected", filepath.Join(folder, "no.csv"))
	if code != exitFailed || !strings.Contains(stderr, "line 3 is longer than") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if text, err := os.ReadFile(clean); err != nil || string(text) != "of yesterday" {
		t.Errorf("the clean list is now %q, %v", text, err)
	}
	left, _ := filepath.Glob(filepath.Join(folder, ".winnow-*"))
	if _, err := os.Stat(filepath.Join(folder, "no.csv")); err == nil || left != nil {
		t.Errorf("incomplete files are left: %q, %v", left, err)
	}
}

func TestDuplicatesAreFoundAcrossPages(t *testing.T) {
	var list strings.Builder
	list.WriteString("key,n\n")
	const kept, again = scrub.ChunkLines - 5, 15
	for i := range kept + again {
		fmt.Fprintf(&list, "contact-%d,%d\n", i%kept, i)
	}
	_, winnow := storeWithList(t, list.String())
	code, stdout, stderr := winnow("scrub", "-", "--column", "key")
	if want := fmt.Sprintf("%s kept, %s rejected: 0 suppressed, 0 cooling, 0 invalid, %s duplicate", ui.Number(kept), ui.Number(again), ui.Number(again)); code != exitOK || !strings.Contains(stderr, want) {
		t.Errorf("exit %d: %s; want %s", code, stderr, want)
	}
	if want := list.String()[:len(stdout)]; stdout != want {
		t.Error("the kept lines are not the first ones in their order")
	}
}
