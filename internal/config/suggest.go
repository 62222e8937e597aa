package config

import (
	"fmt"
	"strings"

	similar "winnow/internal/suggest"
)

// unknown says that a word is none of the known ones, and which was meant.
func unknown(noun, word string, known []string) (text, hint string) {
	return fmt.Sprintf("unknown %s %s", noun, quote(word)), suggest(word, known)
}

// suggest is the hint for a word that is none of the known ones: the nearest,
// or all of them when none is near and they are few.
func suggest(word string, known []string) string {
	if meant := nearest(word, known, reach(word)); meant != "" {
		return fmt.Sprintf("did you mean %q?", meant)
	}
	switch {
	case len(known) == 0:
		return "there is none yet"
	case len(known) > 20:
		return ""
	default:
		return "known: " + strings.Join(known, ", ")
	}
}

// reach is how many typing errors are believed of the word.
func reach(word string) int { return similar.Limit(word) }

// nearest is the known word at the fewest typing errors, at most limit, or empty.
func nearest(word string, known []string, limit int) string {
	return similar.Within(word, known, limit)
}

// typingErrors counts the edits that make b of a.
func typingErrors(a, b string) int { return similar.Distance(a, b) }

// Suggest is the hint for a word that is none of the known ones, for who reads
// one elsewhere than in a file.
func Suggest(word string, known []string) string { return suggest(word, known) }
