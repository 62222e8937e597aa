package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
)

var breaker = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "a breaker like {outcome: hard_bounce, share: 20%, window: 1h, min: 500}", AnyOf: []string{"share", "rate"},
	Hints: yamldoc.Hints{Scalar: "remove the key to have no breaker"}, Fields: []yamldoc.Field{
		{Key: "outcome", Shape: OutcomeShape, Required: true, Doc: "The outcome to limit."},
		{Key: "share", Shape: &yamldoc.Shape{Kind: yamldoc.Percent, Expect: "a percentage like 20%", Max: 100}, Doc: "The breaker trips at this share of a source's events in the window. It needs min."},
		{Key: "window", Shape: &yamldoc.Shape{Kind: yamldoc.Duration, Expect: "a duration from 1m to 24h", MinDuration: time.Minute, MaxDuration: hygiene.Day,
			Because: "events are counted by the second: a shorter window shows too little, a longer one needs too much memory"}, Doc: "How far back a source's events are counted, by the time they were received. Default with a rate: its minute, hour or day."},
		{Key: "min", Shape: positive, Doc: "With fewer events in the window, the share does not trip the breaker."},
		{Key: "rate", Shape: &yamldoc.Shape{Kind: yamldoc.Text, Expect: "a rate like 500/h", Pattern: ratePattern, Max: 20, Hints: yamldoc.Hints{Number: "write %s/h for so many an hour"}}, Doc: "The breaker trips at so many events of the outcome from one source: by the minute (m), hour (h) or day (d). It needs no share and no min."},
		{Key: "then", Shape: &yamldoc.Shape{Kind: yamldoc.Choice, Expect: "hold or tell", Noun: "action", Words: []string{"hold", "tell"}}, Default: "hold", Doc: "hold: suppressions wait for a review. tell: an alarm, and nothing is held."},
	}}

var ratePattern = regexp.MustCompile(`^[1-9][0-9]{0,8}/[mhd]$`)

// readBreakers reads the breakers. Two for the same outcome are an error: it would
// not be clear which one a surge trips.
func readBreakers(e *yamldoc.Entry) []hygiene.Breaker {
	var list []hygiene.Breaker
	first := map[string]int{} // lines, by outcome
	for _, item := range e.Items() {
		of := item.Get("outcome")
		if line, taken := first[of.Text()]; taken {
			of.Report("duplicate breaker for "+of.Text(), fmt.Sprintf("first on line %d; keep one of them", line))
		} else if of != nil {
			first[of.Text()] = of.Line()
		}
		b := hygiene.Breaker{Share: item.Get("share").Share(), Min: item.Get("min").Int(), Window: item.Get("window").Duration(), Tell: item.Get("then").Text() == "tell"}
		b.Outcome, _ = hygiene.ParseOutcome(of.Text())
		readRate(item.Get("rate"), &b)
		checkBreaker(item)
		list = append(list, b)
	}
	return list
}

// readRate reads the rate, as events within the window.
func readRate(e *yamldoc.Entry, b *hygiene.Breaker) {
	count, unit, _ := strings.Cut(e.Text(), "/")
	n, err := strconv.Atoi(count)
	if !e.Valid() || err != nil {
		return
	}
	per := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": hygiene.Day}[unit]
	if b.Window == 0 {
		b.Window = per
	}
	b.Rate = max(1, int(int64(n)*int64(b.Window/time.Second)/int64(per/time.Second)))
}

// checkBreaker reports keys without which a breaker never trips.
func checkBreaker(e *yamldoc.Entry) {
	switch {
	case !e.Valid():
	case !e.Has("share") && !e.Has("rate"):
		e.ReportWhole(`"share" or "rate" is missing`, "write for example share: 20%, or rate: 500/h")
	case !e.Has("share") && e.Has("min"):
		e.ReportKey("min", `"min" has no effect without "share"`, "add share, or remove it")
	case e.Has("share") && !e.Has("min"):
		e.ReportWhole(`"min" is missing`, "it must be a whole number")
	case !e.Has("rate") && !e.Has("window"):
		e.ReportWhole(`"window" is missing`, "it must be a duration from 1m to 24h")
	}
}

var regretShape = &yamldoc.Shape{Kind: yamldoc.Object, Expect: "a limit like {max: 2%, min: 50}", Hints: yamldoc.Hints{Scalar: "remove the key to have no limit"}, Fields: []yamldoc.Field{
	{Key: "max", Shape: &yamldoc.Shape{Kind: yamldoc.Percent, Expect: "a percentage like 2%", Max: 100}, Required: true, Doc: "A rule of whose suppressions of the last 90 days more than this share was followed by a delivery only proposes."},
	{Key: "min", Shape: positive, Required: true, Doc: "A rule with fewer suppressions in the last 90 days is not doubted."},
}}

// readRegret reads how much of what a rule does may be regretted; nil for no limit.
func readRegret(e *yamldoc.Entry) *hygiene.RegretLimit {
	if !e.Valid() {
		return nil
	}
	return &hygiene.RegretLimit{Max: e.Get("max").Share(), Min: e.Get("min").Int()}
}
