package logscan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/store/engine"
)

// Each visits the rows in order of their values. A row holds until visit
// returns. When the outcome is not among the columns, a row has the events of
// all outcomes.
func (r *Report) Each(visit func(row *ReportRow) error) error {
	if r.outcome >= 0 {
		return r.eachOutcome(visit)
	}
	return r.eachGroup(visit)
}

// Rows is how many rows there are.
func (r *Report) Rows() (int64, error) {
	columns := strings.Join(r.columns[:r.by], ", ")
	return r.counts.Number("SELECT count(*) FROM (SELECT DISTINCT " + columns + " FROM counts) AS found")
}

// eachOutcome visits rows of one outcome each, with the sum of their group.
func (r *Report) eachOutcome(visit func(*ReportRow) error) error {
	columns := strings.Join(r.columns[:r.by], ", ")
	group := strings.Join(r.groupColumns(), ", ")
	if group != "" {
		group = "PARTITION BY " + group
	}
	q := r.counts.Query(fmt.Sprintf("SELECT %s, n, sum(n) OVER (%s) FROM counts ORDER BY %s", columns, group, columns))
	for q.Next() {
		row := &ReportRow{Values: r.values(q), Events: q.Int(r.by), Group: q.Int(r.by + 1)}
		if err := visit(row); err != nil {
			return errors.Join(err, q.Close())
		}
	}
	return r.counts.Explain(q.Close())
}

// groupColumns are the columns that do not depend on the outcome: a code has one
// outcome, and alone in its group would always be all of it.
func (r *Report) groupColumns() (columns []string) {
	for i, name := range r.asked {
		if name != "outcome" && name != "code" {
			columns = append(columns, r.columns[i])
		}
	}
	return columns
}

// eachGroup visits rows that add up all outcomes, which lie one after the other.
func (r *Report) eachGroup(visit func(*ReportRow) error) error {
	columns := strings.Join(r.columns, ", ")
	q := r.counts.Query(fmt.Sprintf("SELECT %s, n FROM counts ORDER BY %s", columns, columns))
	var row *ReportRow
	for q.Next() {
		values := r.values(q)
		if row != nil && !slices.Equal(row.Values, values) {
			if err := visit(row); err != nil {
				return errors.Join(err, q.Close())
			}
			row = nil
		}
		if row == nil {
			row = &ReportRow{Values: values, Outcomes: make([]int64, len(hygiene.OutcomeNames())+1)}
		}
		o, err := hygiene.ParseOutcome(q.Text(r.by))
		if err != nil {
			return errors.Join(fmt.Errorf("read the log: %w", err), q.Close())
		}
		n := q.Int(r.by + 1)
		row.Outcomes[o] += n
		row.Events, row.Group = row.Events+n, row.Group+n
	}
	if err := q.Close(); err != nil || row == nil {
		return r.counts.Explain(err)
	}
	return visit(row)
}

func (r *Report) values(q engine.Rows) []string {
	values := make([]string, r.by)
	for i := range values {
		values[i] = q.Text(i)
	}
	return values
}
