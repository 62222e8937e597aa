package scrub

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"winnow/internal/apptest"
	"winnow/internal/csvlist"
	"winnow/internal/listfile"
	"winnow/internal/ui"
)

func TestNoLineIsKeptThatWasNotJudged(t *testing.T) {
	a := apptest.Operations(t)
	list, err := listfile.Open(strings.NewReader("key\nann\nbob\n"), listfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var clean bytes.Buffer
	s := &scrubber{out: &ui.Printer{Stderr: io.Discard}, ctx: t.Context(), store: a.Store, list: list,
		seen: a.Store.NewKeySet(), clean: bufio.NewWriter(&clean), rejected: bufio.NewWriter(io.Discard)}
	s.openRows(csvlist.Disarmed)
	a.Store.Close()
	if err := s.run(); err == nil || strings.Contains(clean.String(), "ann") {
		t.Errorf("with the store closed it ends with %v and keeps %q", err, clean.String())
	}
}

func TestAReasonIsReadAsItWasWritten(t *testing.T) {
	for _, l := range []line{
		{verdict: Suppressed, detail: "hard_bounce|opted_out"},
		{verdict: Cooling},
		{verdict: Duplicate},
		{verdict: Invalid, detail: "not a key"},
		{verdict: Unreadable, detail: "line 9: not UTF-8"},
	} {
		v, reasons := ParseReason(l.reason())
		if v != l.verdict || v == Suppressed && reasons != l.detail {
			t.Errorf("%q was read as %s of %q", l.reason(), v, reasons)
		}
	}
	for _, cell := range []string{"opted_out", "suppressed", "kept", "kept: x", "", "invalid_number"} {
		if v, _ := ParseReason(cell); v != Kept {
			t.Errorf("%q was read as %s", cell, v)
		}
	}
}
