package imports

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/internal/ui"
)

// weighed is a taker that weighs what it is given between two flushes.
type weighed struct{ now, most int }

func (*weighed) columns([]string) error { return nil }

func (w *weighed) add(_ string, fields []string) error {
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
	_, err := readContacts(t.Context(), &ui.Printer{Stderr: io.Discard}, hygiene.KeyFormat{}, Options{File: name, Key: "contact", Now: time.Now}, w)
	if err != nil || w.most == 0 || w.most > groupBytes+200_000 {
		t.Errorf("%d bytes of fields were gathered, %v", w.most, err)
	}
}
