package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// row measures something and adds lines to the report.
type row struct {
	name    string
	measure func(*bench, context.Context) error
}

// rows are all that can be measured, in the order of the table.
var rows = []row{
	{"callbacks", (*bench).callbacks},
	{"append", (*bench).append},
	{"sweep", (*bench).sweep},
	{"idle", (*bench).idle},
	{"plan", (*bench).plan},
	{"run", (*bench).run},
	{"imports", (*bench).imports},
	{"start", (*bench).start},
	{"beside", (*bench).beside},
}

// RowNames are the names of what can be measured.
func RowNames() (names []string) {
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

// Run measures the rows. When ctx ends, the report has those that were done.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	b, err := newBench(o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	for _, r := range rows {
		if len(o.Only) > 0 && !slices.Contains(o.Only, r.name) {
			continue
		}
		err := r.measure(b, ctx)
		if ctx.Err() != nil {
			return &b.report, ctx.Err() // a process that was ended has another error
		}
		if err != nil {
			return &b.report, fmt.Errorf("measuring %s: %w", r.name, err)
		}
	}
	b.report.addMemory()
	return &b.report, nil
}

// Check returns what is wrong with the options.
func Check(o Options) error {
	for _, name := range o.Only {
		if !slices.Contains(RowNames(), name) {
			return fmt.Errorf("there is no row %q: the rows are %s", name, strings.Join(RowNames(), ", "))
		}
	}
	if o.Contacts < segmentCount || o.Events < 1 || o.Rounds < 1 {
		return fmt.Errorf("%d contacts, %d events and %d rounds can't be measured: take at least %d, 1 and 1", o.Contacts, o.Events, o.Rounds, segmentCount)
	}
	return nil
}
