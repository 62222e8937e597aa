package store

import (
	"context"

	"winnow/hygiene/forecast"
	"winnow/store/logscan"
)

// Report counts events of the log; see [logscan.NewReport]. Its scratch files are
// in the folder that the variable TMPDIR names, or beside the store.
func (s *Store) Report(ctx context.Context, o logscan.ReportOptions) (*logscan.Report, error) {
	if as := s.args.Load(); as != nil {
		o.Args = *as
	}
	return logscan.NewReport(ctx, s.engine, s.ScratchFolder(), o)
}

// Backtest replays the log to all tests; see [logscan.Backtest]. Its scratch file
// is in the folder that the variable TMPDIR names, or beside the store.
func (s *Store) Backtest(ctx context.Context, o logscan.BacktestOptions, tests ...*forecast.Backtest) (logscan.BacktestResult, error) {
	return logscan.Backtest(ctx, s.engine, s.ScratchFolder(), o, tests...)
}
