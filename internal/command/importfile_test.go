package command

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"winnow/hygiene/provider"
	"winnow/internal/imports"
)

// firstWrite calls do when something is first written to it: in an import, a skipped
// line.
type firstWrite struct {
	strings.Builder
	do func()
}

func (w *firstWrite) Write(b []byte) (int, error) {
	if w.do != nil {
		w.do()
		w.do = nil
	}
	return w.Builder.Write(b)
}

// writeLongFile writes a file that is read in several pieces: an odd line, which is
// skipped, and rows of a kilobyte with a contact at the end of each. It returns the size.
func writeLongFile(t *testing.T, path, header, odd, row string, rows int) int64 {
	t.Helper()
	var b strings.Builder
	b.WriteString(header + odd + "\n")
	for i := range rows {
		fmt.Fprintf(&b, row+"\n", strings.Repeat("x", 1000), i, fmt.Sprintf("customer-%d", 1_240_000+i))
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return int64(b.Len())
}

func TestAnImportOfAFileTruncatedMeanwhileCreatesNoContactFromHalfALine(t *testing.T) {
	const event = `{"note":"%s","source":"insider","received_at":"2026-01-02T03:04:05Z","body":{"id":"m%d","event":"sent","uniqueArgs":{"contact_id":"%s"}}}`
	for kind, file := range map[string]struct{ header, odd, row string }{
		"contacts":     {"note,n,contact\n", "odd", "%s,%d,%s"},
		"suppressions": {"note,n,reason,contact\n", "odd", "%s,%d,opted_out,%s"},
		"messages":     {"note,message_id,contact\n", `a "quote" within,,`, "%s,%d,%s"},
		"events":       {"", "odd", event},
	} {
		path, _ := storeWithFiles(t, "")
		name, rows := path("list.csv"), 9000
		size := writeLongFile(t, name, file.header, file.odd, file.row, rows)
		stderr := &firstWrite{do: func() {
			if err := os.Truncate(name, size-4); err != nil { // customer-1248999 becomes customer-1248
				t.Error(err)
			}
		}}
		args := []string{"-c", path("winnow.yaml"), "import", kind, name}
		if kind == "contacts" || kind == "suppressions" {
			args = append(args, "--apply")
		}
		code := run(t.Context(), args, Process{Stdout: io.Discard, Stderr: stderr})
		if code != exitFailed || !strings.Contains(stderr.String(), "changed while it was read; retry when it is complete") || !strings.Contains(stderr.String(), "nothing was") && !strings.Contains(stderr.String(), "whole file again") {
			t.Errorf("%s: exit %d: %s", kind, code, stderr.String())
		}
		if code := run(t.Context(), []string{"-c", path("winnow.yaml"), "explain", "customer-1248"}, Process{Stdout: io.Discard, Stderr: io.Discard}); code != exitFailed {
			t.Errorf("%s: half a line became a contact", kind)
		}
	}
}

func TestALastLineWithoutALineBreakIsImported(t *testing.T) {
	_, winnow := storeWithList(t, "contact,reason\nann,opted_out")
	if did := importJSON(t, winnow, "suppressions", "-", "--apply"); did["suppressed"] != 1.0 {
		t.Errorf("the result is %v", did)
	}
}

func TestAnInterruptedImportOfEventsSaysWhereToContinue(t *testing.T) {
	path, _ := storeWithFiles(t, "")
	line := func(i int) string {
		return fmt.Sprintf(`{"source":"insider","received_at":"2026-01-02T03:04:05Z","body":{"id":"m%d","event":"sent"}}`+"\n", i)
	}
	var b strings.Builder
	for i := range imports.FlushLines + 10 {
		b.WriteString(line(i))
	}
	b.WriteString("odd\n")
	for i := range imports.FlushLines {
		b.WriteString(line(i))
	}
	name := path("archive.ndjson")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	stderr := &firstWrite{do: interrupt}
	code := run(ctx, []string{"-c", path("winnow.yaml"), "import", "events", name}, Process{Stdout: io.Discard, Stderr: stderr})
	for _, want := range []string{"interrupted", "4,096 events were stored; continue from line 4097", fmt.Sprintf("tail -n +4097 %s | winnow import events -", name), "repeats count once"} {
		if code != exitFailed || !strings.Contains(stderr.String(), want) {
			t.Errorf("exit %d: %s; want %q", code, stderr.String(), want)
		}
	}
}

func TestASendLogIsReadTheSameWayAsCSVAndNDJSON(t *testing.T) {
	for value, want := range map[string]string{
		"2026-01-02": "2026-01-02T00:00:00Z", "2026-01-02 03:04": "2026-01-02T03:04:00Z", "31.12.2025": "2025-12-31T00:00:00Z", "": "",
		"2026-01-02T03:04:05+01:00": "2026-01-02T02:04:05Z",
	} {
		list, err := provider.Registrations([]byte(fmt.Sprintf(`{"message_id":"m","contact":"ann","sent_at":%q}`, value)))
		if err != nil || list[0].SentAt.String() != want {
			t.Errorf("as JSON %q is %v, %v", value, list, err)
		}
	}
	_, winnow := storeWithList(t, "")
	long := strings.Repeat("m", provider.MaxText+1)
	for name, text := range map[string]string{
		"a.csv":    "message_id,contact,sent_at\n" + long + ",ann,\n,bob,\nm,,\nok,ann,2026-01-02 03:04\nok2,ann,1/2/2026\n",
		"a.ndjson": fmt.Sprintf(`{"message_id":%q,"contact":"ann"}`, long) + "\n" + `{"contact":"bob"}` + "\n" + `{"message_id":"m"}` + "\n" + `{"message_id":"ok","contact":"ann","sent_at":"2026-01-02 03:04"}` + "\n" + `{"message_id":"ok2","contact":"ann","sent_at":"1/2/2026"}` + "\n",
	} {
		name = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, stderr := winnow("import", "messages", name)
		for _, want := range []string{"the message id has 257 bytes; at most 256 bytes are allowed", "the message id is missing", "the contact is missing", `sent_at: "1/2/2026" is not a date`, "4 lines rejected"} {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: %s; want %q", name, stderr, want)
			}
		}
	}
}

func TestTheRejectedLinesOfASendLogIncludeConflicts(t *testing.T) {
	folder, winnow := storeWithList(t, "message_id,contact,phone\nm1,ann,\nm1,bob,\nm2,carl,none\n,dora,\n")
	to := filepath.Join(folder, "no.csv")
	if code, _, stderr := winnow("import", "messages", "-", "--rejected", to); code != exitFailed {
		t.Errorf("exit %d: %s", code, stderr)
	}
	f, err := os.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	told := map[string]string{}
	for _, row := range rows {
		told[row[0]] = row[1] + ": " + row[2]
	}
	for line, want := range map[string]string{
		"line": "reason: text", "3": `message "m1" is already registered for another contact or phone number, which stays: m1,bob,`,
		"4": `message "m2": invalid phone number skipped; the rest was registered: m2,carl,none`, "5": "the message id is missing; add message_id, messageId or messageSid: ,dora,",
	} {
		if told[line] != want {
			t.Errorf("line %s: %q; want %q (%v)", line, told[line], want, err)
		}
	}
}
