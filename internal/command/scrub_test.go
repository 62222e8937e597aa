package command

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"winnow/internal/ui"
)

// readList reads all records of a list whose key is in its first column.
func readList(text string, column string) (raw, keys []string, whys []error, err error) {
	l, err := openList(iotest.HalfReader(strings.NewReader(text)), column, 0)
	for err == nil {
		var r record
		if r, err = l.next(); err == nil {
			raw, keys, whys = append(raw, string(r.raw)), append(keys, r.key), append(whys, r.why)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return raw, keys, whys, err
}

func TestAListIsReadAsEveryoneReadsIt(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	pieces := []string{"a", "é", " ", `"`, ",", ";", "\n", "+90", "'"}
	for range 300 {
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = []rune(",;\t")[r.IntN(3)], r.IntN(2) == 0
		w.Write([]string{"key", "other", "third"})
		var want []string
		for range 20 {
			cells := make([]string, 3)
			for i := range cells {
				for range r.IntN(4) {
					cells[i] += pieces[r.IntN(len(pieces))]
				}
			}
			w.Write(cells)
			want = append(want, cells[0])
		}
		w.Flush()
		raw, keys, whys, err := readList(b.String(), "key")
		for i := range keys {
			if w.UseCRLF { // the writer turns the ends of lines within cells too
				keys[i] = strings.ReplaceAll(keys[i], "\r\n", "\n")
			}
			want[i] = strings.TrimSpace(want[i])
			if len(want[i]) > 1 && want[i][0] == '\'' && strings.ContainsRune("+\n", rune(want[i][1])) { // kept from running as a formula
				want[i] = strings.TrimSpace(want[i][1:])
			}
		}
		if err != nil || errors.Join(whys...) != nil || !slices.Equal(keys, want) {
			t.Fatalf("%q\n%q, %v, %v; want\n%q", b.String(), keys, errors.Join(whys...), err, want)
		}
		if !strings.HasSuffix(b.String(), strings.Join(raw, "")) {
			t.Fatalf("%q was not kept as it is: %q", b.String(), raw)
		}
	}
}

func TestNoByteOfAListIsLost(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	pieces := []string{"a", "\x00", "\xff", `"`, `""`, ",", "\n", "\r\n", "\r", "x\n", ",y\n"}
	for range 200 {
		text := ""
		for range r.IntN(30) {
			text += pieces[r.IntN(len(pieces))]
		}
		text = strings.TrimLeft(strings.ReplaceAll(text, "\n\n", "\n"), "\r\n")
		raw, _, _, err := readList("key,b\n"+text, "key")
		got := strings.Join(raw, "")
		if whole := strings.NewReplacer("\r", "", "\n", ""); err != nil || whole.Replace(got) != whole.Replace(text) {
			t.Fatalf("%q came out as %q, %v", text, got, err)
		}
	}
}

func TestOneQuoteTooManySpoilsOneLine(t *testing.T) {
	text := "key,name\n\"ann,x\n" + strings.Repeat("bob,y\n", 400_000) // the quote is never closed, in 2 MiB
	_, keys, whys, err := readList(text, "key")
	if err != nil || len(keys) != 400_001 || whys[0] != errUnclosed || errors.Join(whys[1:]...) != nil || keys[400_000] != "bob" {
		t.Errorf("%d lines, %v, %v", len(keys), whys[0], err)
	}
}

func TestAListMayComeFromAnyProgram(t *testing.T) {
	for _, text := range []string{"Phone\rann\rbob", "x;phone;y\r\n1;ann;2\r\n3;\"bob\";4\r\n", "\ufeffphone|a\nann|1\nbob|2\n", "\n \n\"PHONE\"\nann\n\nbob\n", "\r\n\r\nname;phone\r\nx;ann\r\ny;bob", "a,\" phone \"\n\"\",ann\n,bob"} {
		_, keys, whys, err := readList(text, "phone")
		if err != nil || errors.Join(whys...) != nil || !slices.Equal(keys, []string{"ann", "bob"}) {
			t.Errorf("%q: %q, %v, %v", text, keys, errors.Join(whys...), err)
		}
	}
}

func TestWhatIsNoListIsToldApart(t *testing.T) {
	for text, want := range map[string]string{
		"\xff\xfep\x00":            "UTF-16",
		"p\x00h\x00o\x00":          "UTF-16", // without a mark
		"\x00p\x00h\x00o":          "UTF-16",
		"\x1f\x8b\x08\x00":         "packed with gzip",
		"PK\x03\x04\x14\x00":       "Excel workbook",
		"\xd0\xcf\x11\xe0\xa1\xb1": "Excel workbook",
		"phone;ad\xfd\n":           "header is not UTF-8: save it as CSV UTF-8",
		"":                         "empty",
		"\n\n":                     "empty",
		"phone,Phone\n":            "two columns",
		"ph\"one\n":                "header can't be read: a quote within a field",
		"number\n":                 `no column "phone", its first line names ["number"]`,
		"phone\n" + strings.Repeat("5", maxRecord+1):            "line 2 is longer than",
		"phone\nann\n" + strings.Repeat("5", 3*maxRecord+1):     "line 3 is longer than",
		"phone\n\"" + strings.Repeat("5", 3*maxRecord) + "\"\n": "line 2 is longer than",
	} {
		if _, _, _, err := readList(text, "phone"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v; want %q", text, err, want)
		}
	}
}

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
	folder, winnow := scrubHouse(t, "key\nann\n"+strings.Repeat("5", maxRecord+1))
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
	l, err := openList(strings.NewReader("key\nann\nbob\n"), "key", 0)
	if err != nil {
		t.Fatal(err)
	}
	var clean bytes.Buffer
	s := &scrub{call: &call{Printer: &ui.Printer{Stderr: io.Discard}, ctx: t.Context()}, house: &house{a.config, a.store}, list: l,
		seen: a.store.NewSeen(), clean: bufio.NewWriter(&clean), rejected: bufio.NewWriter(io.Discard)}
	a.store.Close()
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
	if !goesInto(&ui.CheckedWriter{Writer: out}, in) {
		t.Error("stdout goes into the list, and nobody noticed")
	}
	link := filepath.Join(filepath.Dir(path), "link.csv")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if apart(path, link) == nil || apart("", path, filepath.Dir(path)+"/./list.csv") == nil || apart(path, "", "") != nil {
		t.Error("two names of one file are not told apart from two files")
	}
}
