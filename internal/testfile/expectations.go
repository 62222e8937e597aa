package testfile

import (
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/hygiene/ruletest"
	"winnow/internal/yamldoc"
)

// readExpectation reads what is expected, at a time or never.
func (r *reader) readExpectation(e *yamldoc.Entry, at time.Duration) ruletest.Expectation {
	x := ruletest.Expectation{Line: e.Line(), At: at}
	x.Status, _ = hygiene.ParseStatus(e.Get("status").Text())
	x.Rule = r.rules.Refer(e.Get("rule"), "rule")
	x.Reasons = readSet(e.Get("reasons"), r.referToReason)
	x.Tags = readSet(e.Get("tags"), func(item *yamldoc.Entry) string { return r.tags.Refer(item, "tag") })
	readUntil(e.Get("until"), e.Has("at"), &x)
	x.Retry = readRetry(e.Get("retry"))
	for _, item := range e.Get("in").Items() {
		x.In = append(x.In, r.segments.Refer(item, "segment"))
	}
	for _, item := range e.Get("not_in").Items() {
		x.NotIn = append(x.NotIn, r.segments.Refer(item, "segment"))
	}
	r.readMembership(e.Get("segments"), &x)
	if e.Len() == 1 && e.Has("at") && e.Valid() {
		e.Report("no expectation is set", "write one of "+strings.Join(never.Keys(), ", "))
	}
	return x
}

// readSet reads names, sorted and without duplicates; an empty list is not nil.
func readSet(e *yamldoc.Entry, read func(*yamldoc.Entry) string) []string {
	if e == nil {
		return nil
	}
	set := []string{}
	for _, item := range e.Items() {
		set = append(set, read(item))
	}
	slices.Sort(set)
	return slices.Compact(set)
}

func readUntil(e *yamldoc.Entry, atATime bool, x *ruletest.Expectation) {
	if e == nil {
		return
	}
	if x.Permanent = e.Text() == "for good"; x.Permanent {
		return
	}
	until, err := instant.ParseDuration(e.Text())
	switch {
	case err != nil:
		e.Report("invalid until "+yamldoc.Quote(e.Text()), "write a time counted from the start, like 44h, or: for good")
	case until == 0 || atATime && until <= x.At:
		e.Report("this suppression would already be over", "until is counted from the start of the test, like at")
	}
	x.Until = until
}

func readRetry(e *yamldoc.Entry) *ruletest.Retry {
	if e == nil {
		return nil
	}
	var retry ruletest.Retry
	if attempt := e.Get("attempt"); attempt != nil {
		retry.Attempt = attempt.Int()
		retry.None = attempt.Int() == 0
	}
	if due := e.Get("due"); due != nil {
		after := due.Duration()
		retry.Due = &after
		if retry.None {
			due.Report("attempt 0 means no retry, which is never due", "the first attempt is 1")
		}
	}
	return &retry
}

func (r *reader) readMembership(e *yamldoc.Entry, x *ruletest.Expectation) {
	for _, item := range e.Items() {
		r.segments.ReferKey(e, item.Key(), "segment")
		if item.Bool() {
			x.In = append(x.In, item.Key())
		} else {
			x.NotIn = append(x.NotIn, item.Key())
		}
	}
}
