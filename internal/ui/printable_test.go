package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"unicode"
)

// hostile has a control character of every kind.
const hostile = "a\x1b]52;c;Zm9v\x07\u009b31m\r\n\u202e\u200b\u2028\u2029\U000e0041\x7fb\xff"

const escapedHostile = `a\u001b]52;c;Zm9v\u0007\u009b31m\r\n\u202e\u200b\u2028\u2029\udb40\udc41\u007fb` + "\ufffd"

func TestTextFromOutsideIsEscaped(t *testing.T) {
	for text, want := range map[string]string{"": "", "plain öç 漢字 🙂": "plain öç 漢字 🙂", "tab\tend\n": `tab\tend\n`, "crm-1\u3164\u034f\ue000": `crm-1\u3164\u034f\ue000`, "a heart ❤\ufe0f": "a heart ❤\ufe0f", hostile: escapedHostile} {
		if got := Printable(text); got != want || Printable(got) != got {
			t.Errorf("%q is printed as %q, want %q", text, got, want)
		}
	}
	got := Printable(strings.Repeat("\x9b", 300_000))
	if len([]rune(got)) > maxPrintable || !strings.HasSuffix(got, "\ufffd… (298,040 more characters)") || Printable(got) != got {
		t.Errorf("a long text ends in %q", got[len(got)-60:])
	}
}

func TestPrintersEscapeWhateverIsPrinted(t *testing.T) {
	var stdout, stderr bytes.Buffer
	p := NewPrinter(&CheckedWriter{Writer: &stdout}, &stderr, true)
	io.WriteString(p.Stdout, hostile+"\n")
	Table(p.Stdout, [][]string{{hostile, "x"}})
	if err := p.PrintJSON(map[string]string{"key": hostile}); err != nil {
		t.Fatal(err)
	}
	list := p.Stream()
	list.Value(hostile)
	list.End()
	p.Warn("a warning: %s", hostile)
	slog.New(slog.NewTextHandler(p.Stderr, nil)).Info("log", "key", hostile)
	slog.New(slog.NewJSONHandler(p.Stderr, nil)).Info("log", "key", hostile)
	for _, text := range []string{stdout.String(), stderr.String()} {
		if i := strings.IndexFunc(text, func(r rune) bool { return IsControl(r) && r != '\n' }); i >= 0 {
			t.Errorf("printed %q", text[i:])
		}
	}
	if want := "winnow: a warning: " + escapedHostile + "\n"; !strings.HasPrefix(stderr.String(), want) {
		t.Errorf("warned %q", stderr.String())
	}
}

func TestEscapedJSONKeepsItsValues(t *testing.T) {
	var stdout bytes.Buffer
	p := NewPrinter(&stdout, io.Discard, true)
	want := strings.ToValidUTF8(hostile, "\ufffd")
	if err := p.PrintJSON(want); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil || got != want {
		t.Errorf("%q is read as %q, %v", want, got, err)
	}
}

func TestWhatProgramsReadIsExact(t *testing.T) {
	var stdout bytes.Buffer
	io.WriteString(NewPrinter(&CheckedWriter{Writer: &stdout}, io.Discard, false).Exact(), hostile)
	if stdout.String() != hostile {
		t.Errorf("written as %q", stdout.String())
	}
}

func TestCharactersMaySpanWrites(t *testing.T) {
	var whole, split bytes.Buffer
	text := "漢\u202eö🙂" + hostile + "z"
	(&safeWriter{Writer: &whole}).Write([]byte(text))
	w := &safeWriter{Writer: &split}
	for i := range len(text) {
		if n, err := w.Write([]byte{text[i]}); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if whole.String() != split.String() || strings.ContainsFunc(split.String(), func(r rune) bool { return IsControl(r) && r != '\n' }) {
		t.Errorf("%q, byte by byte %q", whole.String(), split.String())
	}
}

func TestColorsAreTheOnlySequencesOfATable(t *testing.T) {
	var b bytes.Buffer
	p := NewPrinter(&b, io.Discard, false)
	StyledTable(p.Stdout, [][]string{{"in", "\x1b[31mx"}, {"longer", "y"}}, func(column int, cell string) string {
		if column > 0 {
			return cell
		}
		return "\x1b[32m" + cell + "\x1b[0m"
	})
	if want := "\x1b[32min\x1b[0m      \\u001b[31mx\n\x1b[32mlonger\x1b[0m  y\n"; b.String() != want {
		t.Errorf("printed %q, want %q", b.String(), want)
	}
}

func TestLoggedValuesAreBounded(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: LogAttr}))
	log.Error("failed", "error", errors.New(strings.Repeat("x", 300_000)), "key", strings.Repeat("y", 300_000), "n", 7)
	if text := b.String(); len(text) > 2*maxLogged+200 || !strings.Contains(text, "xxx… (cut)") || !strings.Contains(text, "n=7") {
		t.Errorf("%d bytes are logged", len(text))
	}
	if strings.ContainsFunc(b.String(), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Error("the log has control characters")
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add(hostile)
	f.Fuzz(func(t *testing.T, text string) {
		got := Printable(text)
		if strings.ContainsFunc(got, IsControl) || len([]rune(got)) > maxPrintable || Printable(got) != got {
			t.Errorf("%q is printed as %q", text, got)
		}
	})
}
