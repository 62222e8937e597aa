package store

import (
	"context"

	"winnow/hygiene"
	"winnow/store/logscan"
)

// What a report counts, and what a backtest goes over: see package logscan. The
// names stand here too, so that callers of the store need no other package.
type (
	// Report is what was counted.
	Report = logscan.Report
	// ReportOptions say which events a report counts, and by what.
	ReportOptions = logscan.ReportOptions
	// ReportRow is one row of a report.
	ReportRow = logscan.ReportRow
	// BacktestOptions are what a backtest needs to know, beside the policies.
	BacktestOptions = logscan.BacktestOptions
	// Backtested is what a backtest went over.
	Backtested = logscan.Backtested
)

// ReportColumns lists what a report can count by, beside unique_args.
func ReportColumns() []string { return logscan.ReportColumns() }

// CheckReportColumns says what is wrong with the columns that a report is to
// count by.
func CheckReportColumns(by []string) error { return logscan.CheckReportColumns(by) }

// Report counts events of the log; see [logscan.NewReport]. Its scratch files are
// in the folder that the variable TMPDIR names, or beside the store.
func (s *Store) Report(ctx context.Context, o ReportOptions) (*Report, error) {
	return logscan.NewReport(ctx, s.engine, s.scratchFolder(), o)
}

// Backtest replays the log to all tests; see [logscan.Backtest]. Its scratch file
// is in the folder that the variable TMPDIR names, or beside the store.
func (s *Store) Backtest(ctx context.Context, o BacktestOptions, tests ...*hygiene.Backtest) (Backtested, error) {
	return logscan.Backtest(ctx, s.engine, s.scratchFolder(), o, tests...)
}
