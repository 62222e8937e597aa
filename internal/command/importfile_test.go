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

	"winnow/hygiene"
	"winnow/hygiene/provider"
)

// firstTold calls do when something is first written to it: in an import, that a
// line was left out.
type firstTold struct {
	strings.Builder
	do func()
}

func (w *firstTold) Write(b []byte) (int, error) {
	if w.do != nil {
		w.do()
		w.do = nil
	}
	return w.Builder.Write(b)
}

// longFile writes a file of rows that each take a kilobyte, so that it is read in
// several pieces. Its first row is told as left out, and its last names a
// contact at its end.
func longFile(t *testing.T, path, header, odd, row string, rows int) int64 {
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

func TestAnImportOfAFileThatIsChangedMeanwhileMakesNobodyOfHalfALine(t *testing.T) {
	const event = `{"note":"%s","source":"insider","received_at":"2026-01-02T03:04:05Z","body":{"id":"m%d","event":"sent","uniqueArgs":{"contact_id":"%s"}}}`
	for kind, file := range map[string]struct{ header, odd, row string }{
		"contacts":     {"note,n,contact\n", "odd", "%s,%d,%s"},
		"suppressions": {"note,n,reason,contact\n", "odd", "%s,%d,opted_out,%s"},
		"messages":     {"note,message_id,contact\n", `a "quote" within,,`, "%s,%d,%s"},
		"events":       {"", "odd", event},
	} {
		path, _ := scrubFiles(t, "")
		name, rows := path("list.csv"), 9000
		size := longFile(t, name, file.header, file.odd, file.row, rows)
		stderr := &firstTold{do: func() {
			if err := os.Truncate(name, size-4); err != nil { // customer-1248999 becomes customer-1248
				t.Error(err)
			}
		}}
		args := []string{"-c", path("winnow.yaml"), "import", kind, name}
		if kind == "contacts" || kind == "suppressions" {
			args = append(args, "--apply")
		}
		code := run(t.Context(), args, World{Stdout: io.Discard, Stderr: stderr})
		if code != exitFailed || !strings.Contains(stderr.String(), "changed while it was read: do it again when it is whole") || !strings.Contains(stderr.String(), "nothing of it was") && !strings.Contains(stderr.String(), "whole file again") {
			t.Errorf("%s: exit %d: %s", kind, code, stderr.String())
		}
		if code := run(t.Context(), []string{"-c", path("winnow.yaml"), "explain", "customer-1248"}, World{Stdout: io.Discard, Stderr: io.Discard}); code != exitFailed {
			t.Errorf("%s: half a line became a contact", kind)
		}
	}
}

func TestALastLineWithoutAnEndIsALine(t *testing.T) {
	_, winnow := scrubHouse(t, "contact,reason\nann,opted_out")
	if did := imported(t, winnow, "suppressions", "-", "--apply"); did["suppressed"] != 1.0 {
		t.Errorf("it did %v", did)
	}
}

func TestAnInterruptedImportOfEventsTellsWhereToGoOn(t *testing.T) {
	path, _ := scrubFiles(t, "")
	line := func(i int) string {
		return fmt.Sprintf(`{"source":"insider","received_at":"2026-01-02T03:04:05Z","body":{"id":"m%d","event":"sent"}}`+"\n", i)
	}
	var b strings.Builder
	for i := range importGroup + 10 {
		b.WriteString(line(i))
	}
	b.WriteString("odd\n")
	for i := range importGroup {
		b.WriteString(line(i))
	}
	name := path("archive.ndjson")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	stderr := &firstTold{do: interrupt}
	code := run(ctx, []string{"-c", path("winnow.yaml"), "import", "events", name}, World{Stdout: io.Discard, Stderr: stderr})
	for _, want := range []string{"interrupted", "4,096 events were stored", fmt.Sprintf("tail -n +4097 %s | winnow import events -", name), "what it repeats counts once"} {
		if code != exitFailed || !strings.Contains(stderr.String(), want) {
			t.Errorf("exit %d: %s; want %q", code, stderr.String(), want)
		}
	}
}

// weighed is a taker that weighs what it is given between two flushes.
type weighed struct{ now, most int }

func (*weighed) columns([]string) error { return nil }

func (w *weighed) take(_ string, fields []string) error {
	for _, f := range fields {
		w.now += len(f)
	}
	return nil
}

func (w *weighed) flush() error {
	w.most, w.now = max(w.most, w.now), 0
	return nil
}

func TestLongLinesAreWrittenAFewAtATime(t *testing.T) {
	var b strings.Builder
	b.WriteString("contact")
	for i := range 150 {
		fmt.Fprintf(&b, ",c%d", i)
	}
	for i := range 60 {
		fmt.Fprintf(&b, "\nann%d%s", i, strings.Repeat(","+strings.Repeat("x", 1000), 150))
	}
	name := filepath.Join(t.TempDir(), "crm.csv")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &weighed{}
	_, err := (&contactFile{File: name, Key: "contact"}).read(&call{World: World{Stderr: io.Discard}, ctx: t.Context()}, hygiene.KeyFormat{}, w)
	if err != nil || w.most == 0 || w.most > importBytes+200_000 {
		t.Errorf("%d bytes of fields were gathered, %v", w.most, err)
	}
}

func TestASendLogIsReadInOneWayWhicheverItsForm(t *testing.T) {
	for value, want := range map[string]string{
		"2026-01-02": "2026-01-02T00:00:00Z", "2026-01-02 03:04": "2026-01-02T03:04:00Z", "31.12.2025": "2025-12-31T00:00:00Z", "": "",
		"2026-01-02T03:04:05+01:00": "2026-01-02T02:04:05Z",
	} {
		list, err := provider.Registrations([]byte(fmt.Sprintf(`{"message_id":"m","contact":"ann","sent_at":%q}`, value)))
		if err != nil || list[0].SentAt.String() != want {
			t.Errorf("as JSON %q is %v, %v", value, list, err)
		}
	}
	_, winnow := scrubHouse(t, "")
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
		for _, want := range []string{"the message id has 257 bytes; at most 256 bytes are allowed", "the message id is missing", "the contact is missing", `sent_at: "1/2/2026" is not a date`, "4 lines were left out"} {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: %s; want %q", name, stderr, want)
			}
		}
	}
}

func TestWhatIsLeftOutOfASendLogIsWrittenWithItsConflicts(t *testing.T) {
	folder, winnow := scrubHouse(t, "message_id,contact,phone\nm1,ann,\nm1,bob,\nm2,carl,none\n,dora,\n")
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
		"line": "reason: text", "3": `message "m1" was registered before for another contact, which stands: m1,bob,`,
		"4": `message "m2": its phone is none and was left out; the rest was taken: m2,carl,none`, "5": "the message id is missing; add message_id, messageId or messageSid: ,dora,",
	} {
		if told[line] != want {
			t.Errorf("line %s: %q; want %q (%v)", line, told[line], want, err)
		}
	}
}
