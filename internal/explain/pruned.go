package explain

import (
	"fmt"

	"winnow/internal/app"
)

// printPruned says what the timeline, and an answer for a time in the past, may lack.
func (w *textWriter) printPruned(e *Explanation) {
	if text := app.PrunedText(e.Pruned); text != "" {
		fmt.Fprintln(w, text)
	}
}
