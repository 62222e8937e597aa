package explain

import (
	"fmt"

	"winnow/internal/app"
)

// retry is when the retry is due and, if its unique_args are not known, why.
func (w *textWriter) retry(e *Explanation) [][]string {
	r := e.Retry
	rows := [][]string{{"  retry", fmt.Sprintf("%s, message %s: due %s, lapses %s", attemptText(r), w.shorten(r.MessageID, maxWidth/2), e.moment(r.DueAt), e.moment(r.LapsesAt))}}
	if len(r.Pruned) > 0 {
		rows = append(rows, []string{"", "exports leave its unique_args out: retention deleted " + app.DescribePruned(r.Pruned)})
	}
	return rows
}

// printPruned says what the timeline, and an answer for a time in the past, may lack.
func (w *textWriter) printPruned(e *Explanation) {
	if text := app.PrunedText(e.Pruned); text != "" {
		fmt.Fprintln(w, text)
	}
}
