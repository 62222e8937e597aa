package imports

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene/contactkey"
	"winnow/internal/listfile"
	"winnow/internal/ui"
	"winnow/store/storetest"
)

// pendingSize is an importer that measures what is pending between two flushes.
type pendingSize struct{ width, now, largest int }

func (p *pendingSize) columns(names []string, _ int) (int, error) {
	p.width = len(names)
	return 0, nil
}

func (p *pendingSize) add(_ string, row *listfile.Row) error {
	for i := range p.width {
		p.now += len(row.Cell(i).Text)
	}
	return nil
}

func (p *pendingSize) flush() error {
	p.largest, p.now = max(p.largest, p.now), 0
	return nil
}

func TestLongLinesAreFlushedAFewAtATime(t *testing.T) {
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
	p := &pendingSize{}
	_, err := readRows(t.Context(), &ui.Printer{Stderr: io.Discard}, keyNamed("contact", storetest.Open(t).Keys(contactkey.Format{})), Options{File: name, Key: "contact", Now: time.Now}, p)
	if err != nil || p.largest == 0 || p.largest > flushBytes+200_000 {
		t.Errorf("up to %d bytes of cells were pending, %v", p.largest, err)
	}
}

func (p *pendingSize) end(*input) error { return nil }

// brokenAfter is an input that fails after its text.
type brokenAfter struct{ io.Reader }

var errBroken = errors.New("the connection broke")

func (b brokenAfter) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = errBroken
	}
	return n, err
}

func TestAnIncompleteImportSaysHowMuchWasImported(t *testing.T) {
	text := "contact\n" + strings.Repeat("ann\n", FlushLines*200)
	for apply, want := range map[bool]string{true: " were imported; import the whole file again", false: "nothing was imported"} {
		o := Options{File: "-", Stdin: brokenAfter{strings.NewReader(text)}, Key: "contact", Apply: apply, Now: time.Now}
		_, err := readRows(t.Context(), &ui.Printer{Stderr: io.Discard}, keyNamed("contact", storetest.Open(t).Keys(contactkey.Format{})), o, &pendingSize{})
		if !errors.Is(err, errBroken) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("with Apply %v: %v; want %q", apply, err, want)
		}
	}
}
