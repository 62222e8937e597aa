package ui

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// SampleSize is the number of keys in a sample.
const SampleSize = 5

// Sample holds the first [SampleSize] of all keys added, in byte order.
type Sample []string

// Add adds a key if it is among the first.
func (s *Sample) Add(key string) {
	if len(*s) == SampleSize && key > (*s)[SampleSize-1] {
		return // the common case in a long list, without a search
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

// LabeledSample is a sample with its label, such as "entered".
type LabeledSample struct {
	Label string
	Keys  []string
}

// sampleWidth is the room for samples in a table row, in characters.
const sampleWidth = 72

// FormatSamples joins the samples to a text of about sampleWidth characters, with
// some keys of each. Labels are written when more than one sample has keys.
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

// joinWithin joins as many keys as fit into width, and at least the first, shortened
// if need be.
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
