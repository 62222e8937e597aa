package scrub

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"winnow/internal/apptest"
	"winnow/internal/csvlist"
	"winnow/internal/ui"
)

// Of a page that could not be judged nobody knows whom not to text.
func TestNobodyIsKeptWhoWasNotJudged(t *testing.T) {
	a := apptest.Operations(t)
	l, err := csvlist.OpenKeyed(strings.NewReader("key\nann\nbob\n"), csvlist.KeyColumn{Name: "key", Flag: "--column"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var clean bytes.Buffer
	s := &job{Printer: &ui.Printer{Stderr: io.Discard}, ctx: t.Context(), store: a.Store, list: l,
		seen: a.Store.NewSeen(), clean: bufio.NewWriter(&clean), rejected: bufio.NewWriter(io.Discard)}
	a.Store.Close()
	if err := s.run(); err == nil || strings.Contains(clean.String(), "ann") {
		t.Errorf("with the store gone it ends with %v and keeps %q", err, clean.String())
	}
}
