package logscan

// PageEvents is how many events a backtest reads at a time.
const PageEvents = pageEvents

// Limits are how much of a report is done at a time; 0 for as much as is good.
type Limits struct {
	Step                 int64
	Groups, Bytes, Batch int
}

// Limited is the options with other limits.
func (o ReportOptions) Limited(l Limits) ReportOptions {
	o.step, o.groups, o.bytes, o.batch = l.Step, l.Groups, l.Bytes, l.Batch
	return o
}

// InRuns is the options with so many events in a run.
func (o BacktestOptions) InRuns(events int64) BacktestOptions {
	o.run = events
	return o
}

// Folder is where the scratch file of the counts is.
func (r *Report) Folder() string { return r.counts.Folder() }
