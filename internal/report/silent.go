package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/console/view"
	"winnow/internal/ui"
	"winnow/store"
)

// silent is what the last review counted of messages without an answer, of the days that
// the report is about; nil when no review counted.
func (q *Query) silent(s *store.Store) (*view.Silent, error) {
	counted, err := s.SilentCounted()
	firstDay := q.store.Since - q.store.Since%hygiene.Instant(hygiene.Day.Microseconds())
	return app.Silent(&counted, firstDay, q.store.Until), err
}

// printSilent prints how many messages had no answer, by what of source and day the
// report is by. They are messages and not events, so they have a table of their own.
func (r *result) printSilent(w io.Writer) {
	if r.silent == nil {
		return
	}
	by := slices.DeleteFunc(slices.Clone(r.options.By), func(column string) bool { return column != "source" && column != "day" })
	text := ui.CountVerb(r.silent.Messages, "message", "had", "had") + " no answer " + r.silent.After + " after the sending, as counted at " + r.silent.AsOf.String()
	if r.silent.Messages == 0 || len(by) == 0 {
		fmt.Fprintln(w, text+".")
		return
	}
	rows := [][]string{{}}
	for _, column := range by {
		rows[0] = append(rows[0], strings.ToUpper(column))
	}
	rows[0] = append(rows[0], "SILENT")
	order, sums := sumSilent(r.silent.Days, by)
	for _, key := range order[max(0, len(order)-tableRows):] {
		rows = append(rows, append(strings.Split(key, "\x00"), ui.Number(sums[key])))
	}
	fmt.Fprintf(w, "%s; by the day of the sending:\n", text)
	ui.Table(w, rows)
}

// sumSilent adds up the days by source, day or both, in their order; keys are joined by
// U+0000.
func sumSilent(days []view.SilentDay, by []string) (order []string, sums map[string]int64) {
	sums = map[string]int64{}
	for i := range days {
		var parts []string
		for _, column := range by {
			part := days[i].Day
			if column == "source" {
				part = ui.Printable(days[i].Source)
			}
			parts = append(parts, part)
		}
		key := strings.Join(parts, "\x00")
		if _, there := sums[key]; !there {
			order = append(order, key)
		}
		sums[key] += days[i].Messages
	}
	slices.Sort(order)
	return order, sums
}
