package config

import (
	"fmt"
	"time"

	"winnow/hygiene"
	"winnow/internal/yamldoc"
)

var breaker = &yamldoc.Shape{Kind: yamldoc.Object, Min: 1, Expect: "a breaker like {outcome: hard_bounce, share: 20%, window: 1h, min: 500}",
	Hints: yamldoc.Hints{Scalar: "remove the key to have no breaker"}, Fields: []yamldoc.Field{
		{Key: "outcome", Shape: OutcomeShape, Required: true, Doc: "The outcome to limit."},
		{Key: "share", Shape: &yamldoc.Shape{Kind: yamldoc.Percent, Expect: "a percentage like 20%", Max: 100}, Required: true, Doc: "The breaker trips at this share of a source's events in the window."},
		{Key: "window", Shape: &yamldoc.Shape{Kind: yamldoc.Duration, Expect: "a duration from 1m to 24h", MinDuration: time.Minute, MaxDuration: hygiene.Day,
			Because: "events are counted by the second: a shorter window shows too little, a longer one needs too much memory"}, Required: true, Doc: "How far back a source's events are counted, by the time they were received."},
		{Key: "min", Shape: positive, Required: true, Doc: "With fewer events in the window the breaker does not trip."},
	}}

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
		b := hygiene.Breaker{Share: item.Get("share").Share(), Min: item.Get("min").Int(), Window: item.Get("window").Duration()}
		b.Outcome, _ = hygiene.ParseOutcome(of.Text())
		list = append(list, b)
	}
	return list
}
