package ui

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// SampleSize is how many keys a sample has.
const SampleSize = 5

// Sample is a few keys: the first in byte order, in whatever order they come.
type Sample []string

// Add adds a key, when it is one of the first.
func (s *Sample) Add(key string) {
	if len(*s) == SampleSize && key > (*s)[SampleSize-1] {
		return
	}
	if i, found := slices.BinarySearch(*s, key); !found {
		*s = slices.Insert(*s, i, key)
	}
	*s = (*s)[:min(len(*s), SampleSize)]
}

// AddAll adds the keys of another sample.
func (s *Sample) AddAll(keys Sample) {
	for _, key := range keys {
		s.Add(key)
	}
}

// LabeledSample is a sample of one kind.
type LabeledSample struct {
	Label string
	Keys  []string
}

// sampleWidth is about how many characters of samples fit beside the numbers.
const sampleWidth = 72

// FormatSamples writes as many samples as fit on a line, some of each kind; the
// kind is named when there are several.
func FormatSamples(samples ...LabeledSample) string {
	samples = slices.DeleteFunc(slices.Clone(samples), func(s LabeledSample) bool { return len(s.Keys) == 0 })
	var texts []string
	for _, s := range samples {
		text := joinWithin(s.Keys, sampleWidth/len(samples))
		if len(samples) > 1 {
			text = s.Label + ": " + text
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// joinWithin joins as many keys as fit, but at least one, cut if need be.
func joinWithin(keys []string, width int) string {
	text := fmt.Sprintf("%.*s", width, keys[0])
	if text != keys[0] {
		text += "…"
	}
	for _, key := range keys[1:] {
		if utf8.RuneCountInString(text)+2+utf8.RuneCountInString(key) > width {
			break
		}
		text += ", " + key
	}
	return text
}
