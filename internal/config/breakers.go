package config

import (
	"fmt"

	"winnow/hygiene"
)

// readBreakers reads the breakers, each of another outcome: of two for the same
// nobody could tell which one a surge trips.
func (r *reader) readBreakers(e *entry) []hygiene.Breaker {
	var list []hygiene.Breaker
	first := map[string]int{} // lines, by outcome
	for _, item := range e.each() {
		b := r.readBreaker(item)
		if of := item.get("outcome"); of != nil {
			if line, taken := first[of.text]; taken {
				r.tellAt(of, "a breaker of "+of.text+" is there already", fmt.Sprintf("first on line %d; keep one of them", line))
			} else {
				first[of.text] = of.place.node.Line
			}
		}
		list = append(list, b)
	}
	return list
}

func (r *reader) readBreaker(e *entry) hygiene.Breaker {
	b := hygiene.Breaker{Window: e.get("window").duration()}
	b.Outcome, _ = hygiene.ParseOutcome(e.get("outcome").words())
	if share, least := e.get("share"), e.get("min"); share != nil && least != nil {
		b.Share, b.Min = share.share, int(least.number)
	}
	return b
}
