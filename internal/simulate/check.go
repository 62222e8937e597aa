package simulate

import (
	"context"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/simulate/answered"
	"winnow/internal/ui"
)

// Verify compares what a run elsewhere had answered with the store of a config, whose daemon
// may be running.
func Verify(ctx context.Context, out *ui.Printer, config, file string) error {
	ledger, began, err := answered.Load(file)
	if err != nil {
		return err
	}
	a, err := app.Open(app.Options{Path: config, Fallback: app.WhenBroken})
	if err != nil {
		return err
	}
	defer a.Close()
	after, err := answered.LineAt(a.Store, began.Add(-clocksApart))
	if err != nil {
		return err
	}
	is, err := compare(ctx, out, ledger, a, after)
	if err != nil {
		return err
	}
	if out.JSON {
		err = out.PrintJSON(is)
	} else {
		is.Print(out, app.ConfigFlag(config))
	}
	if err == nil && !is.OK() {
		err = ui.ErrReported
	}
	return err
}

// clocksApart is how far the clocks of the two hosts may be apart.
const clocksApart = time.Hour

// compare compares with the log of a store after a line.
func compare(ctx context.Context, out *ui.Printer, l *answered.Ledger, a *app.App, after int64) (*answered.Check, error) {
	readers, err := app.Readers(a.Config, nil)
	if err != nil {
		return nil, err
	}
	show, done := out.Progress("line")
	defer done()
	return l.Compare(ctx, answered.Comparison{Log: a.Store, After: after, Show: show,
		IsFirst: func(source, name, code string) bool { return isFirst(readers[source], name, code) }})
}

// isFirst reports whether an event of that name and code is the one before the last one of
// its message.
func isFirst(r *provider.Reader, name, code string) bool {
	if r == nil {
		return false
	}
	o := r.Outcome(name, code)
	return o == hygiene.Sent || o == hygiene.Scheduled
}
