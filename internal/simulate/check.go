package simulate

import (
	"context"
	"sort"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/internal/app"
	"winnow/internal/simulate/traffic"
	"winnow/internal/ui"
)

// Verify compares what a run elsewhere had answered with the store of a config, whose daemon
// may be running.
func Verify(ctx context.Context, out *ui.Printer, config, file string) error {
	head, notes, err := loadAnswered(file)
	if err != nil {
		return err
	}
	a, err := app.Open(app.Options{Path: config, Fallback: app.WhenBroken})
	if err != nil {
		return err
	}
	defer a.Close()
	c := &checked{run: head.Run, steps: head.Steps, notes: notes}
	after, err := lineAt(a.Store, head.Began.Add(-clocksApart))
	if err != nil {
		return err
	}
	is, err := c.against(ctx, out, a, after)
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

// against compares with the log of a store after a line. Lines that were pulled from other
// hosts may be in another order than they were received, so when something is missing the
// whole log is read.
func (c *checked) against(ctx context.Context, out *ui.Printer, a *app.App, after int64) (*Check, error) {
	readers, err := app.Readers(a.Config, nil)
	if err != nil {
		return nil, err
	}
	c.isFirst = func(source, name, code string) bool { return isFirst(readers[source], name, code) }
	show, done := out.Progress("event")
	defer done()
	c.show = show
	for {
		if err := c.read(ctx, a.Store, after); err != nil {
			return nil, err
		}
		is := c.compare()
		if is.Missing == 0 || after == 0 {
			return is, nil
		}
		after = 0
	}
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

// lineAt is the line of the log after which what was received at a time or later may be.
func lineAt(l log, at hygiene.Instant) (int64, error) {
	last, err := l.LastLine()
	if err != nil {
		return 0, err
	}
	// The first line that was received then, if lines are in the order of their receipt.
	line := sort.Search(int(last), func(n int) bool {
		list, failed := l.Lines(int64(n), 1, 1)
		if failed != nil {
			err = failed
		}
		return failed != nil || len(list) == 0 || list[0].Event.ReceivedAt >= at
	})
	return int64(line), err
}

// number is the number of an event of a message.
func (c *checked) number(message int64, last bool) int64 {
	return traffic.Number(c.steps, message, last)
}
