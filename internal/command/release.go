package command

import (
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
	"winnow/segments"
)

// releaseCommand publishes a run that the guard held.
type releaseCommand struct {
	RunName string `arg:"" name:"run" placeholder:"EXPORT/RUN" help:"Run to publish, like nightly/2026-11-23T020000Z."`
}

// Run publishes the run, and prints what readers have now.
func (x releaseCommand) Run(c *invocation) error {
	export, name, ok := strings.Cut(x.RunName, "/")
	scheduled, err := time.Parse(segments.RunLayout, name)
	if !ok || err != nil {
		return ui.Usagef("%q is not a run: write the export and the run's folder, like nightly/2026-11-23T020000Z", x.RunName)
	}
	return c.open(toJudge, func(a *app.App) error {
		exporter, done := c.exporter(a, "file")
		return exporter.ReleaseAndPrint(c.ctx, c.Printer, export, hygiene.InstantOf(scheduled), c.instant(), done)
	})
}
