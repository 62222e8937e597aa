package yamldoc

import (
	"fmt"
	"strings"
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

// reach is how many typing errors are believed of a word of that length.
func reach(word string) int {
	switch n := len(word); {
	case n <= 3:
		return 1
	case n <= 8:
		return 2
	default:
		return 3
	}
}

// Nearest is the known word that was probably meant; empty for none.
func Nearest(word string, known []string) string { return nearest(word, known, reach(word)) }

// NearestWithin is the known word at the fewest typing errors, at most limit;
// empty for none.
func NearestWithin(word string, known []string, limit int) string { return nearest(word, known, limit) }

// nearest is the known word at the fewest typing errors, at most limit, or empty.
func nearest(word string, known []string, limit int) string {
	best := ""
	limit = min(limit, len(word)-1)
	for _, k := range known {
		if d := len(k) - len(word); d > limit || -d > limit {
			continue
		}
		if n := typingErrors(word, k); n <= limit {
			best, limit = k, n-1
		}
	}
	return best
}

// typingErrors counts the bytes to be changed, added, left out, or swapped with
// their neighbour to make b of a.
func typingErrors(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			change := row[j]
			if a[i] != b[j] {
				change++
			}
			next[j+1] = min(change, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

// Suggest is the hint for a word that is none of the known ones, for who reads
// one elsewhere than in a file.
func Suggest(word string, known []string) string { return suggest(word, known) }
