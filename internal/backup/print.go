package backup

import (
	"fmt"
	"io"

	"winnow/internal/ui"
)

// Print prints what a backup holds.
func Print(w io.Writer, b Made) error {
	_, err := fmt.Fprintf(w, "%s: as of %s, %s through seq %s, swept through %s, %s; %s in %s\n", ui.Printable(b.Path), b.TakenAt, ui.Count(b.Events, "event"),
		ui.Number(b.LastSeq), ui.Number(b.Cursor), ui.Count(b.Contacts, "contact"), Size(b.Bytes()), ui.Count(int64(len(b.Files)), "file"))
	return err
}

// Size is a number of bytes for people.
func Size(bytes int64) string {
	const unit = 1024
	if bytes < unit {
		return ui.Count(bytes, "byte")
	}
	value, name := float64(bytes), 0
	for ; value >= unit; name++ {
		value /= unit
	}
	return fmt.Sprintf("%.1f %ciB", value, " KMGTPE"[name])
}
