package command

import (
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/exports"
	"winnow/internal/ui"
	"winnow/segments"
)

// releaseCommand publishes a run that the guard held, or shows what it would change.
type releaseCommand struct {
	RunName string `arg:"" name:"run" placeholder:"EXPORT[/RUN]" help:"Run to publish, like nightly/2026-11-23T020000Z. Without the run: the newest that is held."`
	Show    bool   `help:"Show who would come and go, with samples, and publish nothing."`
	Stale   bool   `help:"Publish the run even if it is out of date."`
}

// Run publishes the run, and prints what readers have now.
func (x releaseCommand) Run(c *invocation) error {
	export, name, named := strings.Cut(x.RunName, "/")
	at, err := time.Parse(segments.RunLayout, name)
	switch {
	case named && err != nil:
		return ui.Usagef("%q is not a run: write the export and the run's folder, like nightly/2026-11-23T020000Z", x.RunName)
	case x.Show && x.Stale:
		return ui.Usagef("--stale publishes the run, and --show publishes nothing: write one of them")
	}
	how := writing(toJudge)
	if x.Show {
		how = toRead
	}
	return c.open(how, func(a *app.App) error {
		exporter, done := c.exporter(a, "file")
		scheduled, err := x.scheduled(exporter, export, at)
		switch {
		case err != nil:
			return err
		case x.Show:
			return exporter.ShowHeld(c.Printer, export, scheduled)
		}
		return exporter.ReleaseAndPrint(c.ctx, c.Printer, export, scheduled, c.instant(), x.Stale, done)
	})
}

// scheduled is the time of the run, or of the newest held one if no run is named.
func (x releaseCommand) scheduled(exporter *exports.Exporter, export string, at time.Time) (hygiene.Instant, error) {
	if at.IsZero() {
		return exporter.NewestHeld(export)
	}
	return hygiene.InstantOf(at), nil
}
