// Package suggest finds the known word that a misspelled one probably stands for.
//
// Code that reports an unknown name asks it for the hint "did you mean ...?". How
// far a guess may go is decided in [Limit], and nowhere else.
package suggest

import (
	"fmt"
	"strings"
)

// Hint returns the hint for a word that is none of the known ones: the nearest of
// them, or all of them when none is near and they are few.
func Hint(word string, known []string) string {
	if meant := Nearest(word, known); meant != "" {
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

// Nearest returns the known word that differs in its case alone, or else is the fewest edits
// away from word. It is empty when all known words are more than [Limit] edits away.
func Nearest(word string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(k, word) {
			return k
		}
	}
	return Within(word, known, Limit(word))
}

// Limit returns how many edits are still taken for typing errors in a word of
// that length: between 1 and 3.
func Limit(word string) int {
	switch n := len(word); {
	case n <= 3:
		return 1
	case n <= 8:
		return 2
	default:
		return 3
	}
}

// Within is [Nearest] with a limit of the caller's choice. Of several words that
// are equally near the first one is returned. A word is never changed entirely:
// the limit is lowered to the length of word less one.
func Within(word string, known []string, limit int) string {
	var i Index
	for _, k := range known {
		i.Add(k)
	}
	return i.Within(word, limit)
}

// Distance returns how many bytes must be changed, inserted, deleted or swapped
// with their neighbor to turn a into b (the optimal string alignment distance).
func Distance(a, b string) int {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 0 || len(b) == 0 {
		return len(a) + len(b)
	}
	width := len(b) + 1
	var short [3 * 24]int // for most words: a config may have many that are compared
	rows := short[:]
	if 3*width > len(rows) {
		rows = make([]int, 3*width)
	}
	before, row, next := rows[:width], rows[width:2*width], rows[2*width:3*width]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			changed := row[j]
			if a[i] != b[j] {
				changed++
			}
			next[j+1] = min(changed, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
