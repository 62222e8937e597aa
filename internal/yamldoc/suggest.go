package yamldoc

import (
	"fmt"

	"winnow/internal/suggest"
)

// Unknown is the problem that a word is none of the known ones, and the hint for
// which was meant.
func Unknown(noun, word string, known []string) (text, hint string) {
	return fmt.Sprintf("unknown %s %s", noun, Quote(word)), suggest.Hint(word, known)
}
