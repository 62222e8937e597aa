package report

import (
	"fmt"
	"slices"

	"winnow/hygiene"
	"winnow/store/logscan"
)

// FailedOutcomes are the outcomes that count against deliverability: the message is
// known not to have reached the recipient.
var FailedOutcomes = slices.Collect(hygiene.FailedOutcomes().All())

// columnOutcomes are the outcomes with a column of their own; the rest is counted as
// "other".
var columnOutcomes = []hygiene.Outcome{hygiene.Sent, hygiene.Delivered, hygiene.HardBounce, hygiene.SoftBounce,
	hygiene.CarrierViolation, hygiene.UnknownDelivery, hygiene.InvalidNumber, hygiene.Dropped, hygiene.SenderFault,
	hygiene.Blocked, hygiene.Unrecognized}

// number is one number of a row.
type number struct {
	name  string
	count int64
	total int64 // of which count is a share; 0 when it is not one
	// percent makes the number the percentage itself, absent when total is 0. Any
	// other number with a total has its percentage beside it in the table.
	percent bool
}

// numbers returns the numbers of a row of the table. The last one is a percentage.
func (r *result) numbers(row *logscan.ReportRow) []number {
	list := []number{{name: "events", count: row.Events}}
	if slices.Contains(r.options.By, "outcome") {
		return append(list, number{"share", row.Events, row.Group, true})
	}
	other := row.Events
	for _, o := range columnOutcomes {
		n := number{name: o.String(), count: row.Outcomes[o]}
		if slices.Contains(FailedOutcomes, o) {
			n.total = attempted(row)
		}
		list = append(list, n)
		other -= row.Outcomes[o]
	}
	return append(list, number{name: "other", count: other},
		number{"deliverability", row.Outcomes[hygiene.Delivered], attempted(row), true})
}

// allNumbers returns the numbers of a row of CSV and JSON, where the shares of
// failures are numbers of their own.
func (r *result) allNumbers(row *logscan.ReportRow) []number {
	list := r.numbers(row)
	if slices.Contains(r.options.By, "outcome") {
		return list
	}
	for _, o := range FailedOutcomes {
		list = append(list, number{o.String() + "_share", row.Outcomes[o], attempted(row), true})
	}
	return list
}

// attempted is the number of events of a row that say delivered or failed.
func attempted(row *logscan.ReportRow) int64 {
	sum := row.Outcomes[hygiene.Delivered]
	for _, o := range FailedOutcomes {
		sum += row.Outcomes[o]
	}
	return sum
}

// header returns the names of the columns: those of By, then those of the numbers.
func (r *result) header(numbers func(*logscan.ReportRow) []number) []string {
	names := slices.Clone(r.options.By)
	for _, n := range numbers(&logscan.ReportRow{Outcomes: make([]int64, len(hygiene.OutcomeNames())+1)}) {
		names = append(names, n.name)
	}
	return names
}

// percentage is the share in percent; total must not be 0.
func (n number) percentage() float64 { return 100 * float64(n.count) / float64(n.total) }

// String returns the number as CSV and JSON have it: a percentage to a hundredth,
// without a sign, empty when it is absent.
func (n number) String() string {
	switch {
	case !n.percent:
		return fmt.Sprint(n.count)
	case n.total == 0:
		return ""
	}
	return fmt.Sprintf("%.2f", n.percentage())
}
