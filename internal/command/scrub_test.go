package command

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/internal/atomicfile"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
)

// scrubHouse is a folder with a store that knows nobody, and a list.
func scrubHouse(t *testing.T, list string) (folder string, winnow func(args ...string) (code int, stdout, stderr string)) {
	t.Helper()
	folder = t.TempDir()
	config := testConfig(t, folder, "1h")
	if err := os.WriteFile(filepath.Join(folder, "list.csv"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	winnow = func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), append([]string{"-c", config}, args...), World{Stdout: &stdout, Stderr: &stderr, Stdin: strings.NewReader(list)})
		return code, stdout.String(), stderr.String()
	}
	if code, _, stderr := winnow("sweep"); code != exitDone {
		t.Fatal(stderr)
	}
	return folder, winnow
}

func TestAScrubThatFailsLeavesTheFilesAsTheyWere(t *testing.T) {
	folder, winnow := scrubHouse(t, "key\nann\n"+strings.Repeat("5", csvlist.MaxRecord+1))
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
		t.Errorf("half files are left: %q, %v", left, err)
	}
}

// Of a page that could not be judged nobody knows whom not to text.
func TestNobodyIsKeptWhoWasNotJudged(t *testing.T) {
	a := testAct(t)
	l, err := csvlist.OpenKeyed(strings.NewReader("key\nann\nbob\n"), csvlist.KeyColumn{Name: "key", Flag: "--column"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var clean bytes.Buffer
	s := &scrub{Printer: &ui.Printer{Stderr: io.Discard}, ctx: t.Context(), store: a.Store, list: l,
		seen: a.Store.NewSeen(), clean: bufio.NewWriter(&clean), rejected: bufio.NewWriter(io.Discard)}
	a.Store.Close()
	if err := s.part(); err == nil || strings.Contains(clean.String(), "ann") {
		t.Errorf("with the store gone it ends with %v and keeps %q", err, clean.String())
	}
}

func TestDuplicatesAreFoundAcrossPages(t *testing.T) {
	var list strings.Builder
	list.WriteString("key,n\n")
	const kept, again = pageLines - 5, 15
	for i := range kept + again {
		fmt.Fprintf(&list, "contact-%d,%d\n", i%kept, i)
	}
	_, winnow := scrubHouse(t, list.String())
	code, stdout, stderr := winnow("scrub", "-", "--column", "key")
	if want := fmt.Sprintf("%s kept, %s rejected: 0 suppressed, 0 cooling, 0 invalid, %s duplicate", ui.Number(kept), ui.Number(again), ui.Number(again)); code != exitDone || !strings.Contains(stderr, want) {
		t.Errorf("exit %d: %s; want %s", code, stderr, want)
	}
	if want := list.String()[:len(stdout)]; stdout != want {
		t.Error("the lines kept are not the first ones, in their order")
	}
}

func TestAListIsNotScrubbedIntoItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte("key\nann\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if !atomicfile.WritesInto(&ui.CheckedWriter{Writer: out}, in) {
		t.Error("stdout goes into the list, and nobody noticed")
	}
	link := filepath.Join(filepath.Dir(path), "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if atomicfile.Distinct(path, link) == nil || atomicfile.Distinct("", path, filepath.Dir(path)+"/./list.csv") == nil || atomicfile.Distinct(path, "", "") != nil {
		t.Error("two names of one file are not told apart from two files")
	}
}
