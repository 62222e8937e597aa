// Package logscan makes passes over the whole log: it counts events for a report,
// and replays them to the rules of a backtest. It writes nothing but scratch
// files, and reads the log for a moment at a time, so that nothing piles up
// behind it.
//
// A report counts by columns: report_columns.go says which there are, and to add
// one is a line there. report_gather.go counts what does not fit in memory,
// report_rows.go reads the counts.
//
// The store's own package has the methods that call this one.
package logscan
