package command

import (
	"fmt"
	"time"

	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/impact"
	"winnow/internal/ui"
)

// planCommand shows what a rejudge under this config would change.
type planCommand struct {
	Backtest         string `placeholder:"SPAN" help:"Also replay the events of this span before now, like 90d: show what the rules would have done, and regret."`
	DetailedExitcode bool   `help:"Exit with status 2 if there are changes."`
}

// Run makes and prints the plan. It writes nothing.
func (x planCommand) Run(c *invocation) error {
	span, err := x.span()
	if err != nil {
		return err
	}
	collectRarely()
	return c.open(toJudge, func(a *app.App) error {
		p, err := impact.MakePlan(c.ctx, c.Printer, a, span, c.instant())
		if err != nil {
			return err
		}
		if err := p.Print(c.Printer, c.config); err != nil {
			return err
		}
		if x.DetailedExitcode && p.HasChanges() {
			return errChanges
		}
		return nil
	})
}

// span is how far the backtest goes back; 0 for none.
func (x planCommand) span() (time.Duration, error) {
	if x.Backtest == "" {
		return 0, nil
	}
	span, err := instant.ParseDuration(x.Backtest)
	if err == nil && span == 0 {
		err = fmt.Errorf("duration must be positive, not %q: write for example 90d", x.Backtest)
	}
	if err != nil {
		return 0, ui.Usagef("--backtest: %w", err)
	}
	return span, nil
}
