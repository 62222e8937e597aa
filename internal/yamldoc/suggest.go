package yamldoc

import (
	"fmt"
	"strings"

	similar "winnow/internal/suggest"
)

// Unknown is the problem that a word is none of the known ones, and the hint
// which was meant.
func Unknown(noun, word string, known []string) (text, hint string) {
	return fmt.Sprintf("unknown %s %s", noun, Quote(word)), suggest(word, known)
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

// Nearest is the known word that was probably meant; empty for none.
func Nearest(word string, known []string) string { return nearest(word, known, reach(word)) }

// NearestWithin is the known word at the fewest typing errors, at most limit;
// empty for none.
func NearestWithin(word string, known []string, limit int) string { return nearest(word, known, limit) }

// nearest is the known word at the fewest typing errors, at most limit, or empty.
func nearest(word string, known []string, limit int) string {
	return similar.Within(word, known, limit)
}

// typingErrors counts the edits that make b of a.
func typingErrors(a, b string) int { return similar.Distance(a, b) }

// Suggest is the hint for a word that is none of the known ones, for who reads
// one elsewhere than in a file.
func Suggest(word string, known []string) string { return suggest(word, known) }
