package ui

import (
	"strings"
	"testing"
)

func TestSamplesFitOnOneLine(t *testing.T) {
	long := strings.Repeat("ö", 200)
	text := FormatSamples(LabeledSample{"entered", []string{long, "b"}}, LabeledSample{"left", nil})
	if text != strings.Repeat("ö", sampleWidth)+"…" {
		t.Errorf("a long key is formatted as %q", text)
	}
	text = FormatSamples(LabeledSample{"entered", []string{"a", "b"}}, LabeledSample{"left", []string{"c"}})
	if text != "entered: a, b; left: c" {
		t.Errorf("two samples are formatted as %q", text)
	}
}
