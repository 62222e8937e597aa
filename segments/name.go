package segments

import (
	"regexp"
	"strings"
	"time"

	"winnow/hygiene"
)

// RunLayout is the layout of a run's name, as package time has it.
const RunLayout = "2006-01-02T150405Z"

// RunName returns the name of a run, which is also that of its folder: the
// scheduled time in UTC, to the second.
func RunName(scheduled hygiene.Instant) string { return scheduled.Time().Format(RunLayout) }

// IsRunName reports whether the name is that of a run.
func IsRunName(name string) bool {
	t, err := time.Parse(RunLayout, name)
	return err == nil && t.Format(RunLayout) == name
}

// runDay is the day of a run's name, in UTC.
func runDay(name string) string {
	day, _, _ := strings.Cut(name, "T")
	return day
}

var (
	exportName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)
	fileName   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}(\.[a-z0-9]+)+$`)
)

// IsExportName reports whether the name may be that of an export, and so that of
// a folder.
func IsExportName(name string) bool { return exportName.MatchString(name) }

// IsFileName reports whether the name may be that of a file in a run. Such a name
// leads out of no folder.
func IsFileName(name string) bool { return fileName.MatchString(name) }
