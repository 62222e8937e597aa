package regret

import (
	"winnow/hygiene"
	"winnow/store/engine"
)

// Figures are what one rule, reading the same, did within a span of days.
type Figures struct {
	Rule      string
	Digest    uint64 // of the rule's content, see [hygiene.Rule.Digest]
	Acted     int64  // suppressions that it opened
	Right     int64  // those of them that a later failure found right
	Regretted int64  // those of them that a later delivery proved wrong
}

// Measured is how many of the suppressions something speaks for or against.
func (f *Figures) Measured() int64 { return f.Right + f.Regretted }

// Unmeasured is how many of the suppressions nothing speaks for or against.
func (f *Figures) Unmeasured() int64 { return f.Acted - f.Measured() }

// Share is which share of the suppressions is regretted, 0 to 1; 0 when there are none. Of
// what is unmeasured some may be wrong as well: it is at least that.
func (f *Figures) Share() float64 {
	if f.Acted == 0 {
		return 0
	}
	return float64(f.Regretted) / float64(f.Acted)
}

// Read sums up the 90 days that end with that of now, by rule and digest.
func Read(q engine.Querier, now hygiene.Instant) (list []Figures, err error) {
	r := q.Query(`SELECT rule, digest, sum(unmeasured + found_right + regretted), sum(found_right), sum(regretted) FROM regret
		WHERE day > ? AND day <= ? GROUP BY rule, digest
		HAVING sum(unmeasured + found_right + regretted) > 0 ORDER BY rule, digest`, DayOf(now.Add(-hygiene.RegretFor)), DayOf(now))
	for r.Next() {
		list = append(list, Figures{Rule: r.Text(0), Digest: uint64(r.Int(1)), Acted: r.Int(2), Right: r.Int(3), Regretted: r.Int(4)})
	}
	return list, r.Close()
}

// readRule sums up what the rule, reading the same, opened within the 90 days that end with
// that of now, and after the day of since; 0 for all of them.
func readRule(q engine.Querier, of *hygiene.Rule, since, now hygiene.Instant) (f Figures, err error) {
	f = Figures{Rule: of.Name, Digest: of.Digest()}
	r := q.Query(`SELECT coalesce(sum(unmeasured + found_right + regretted), 0), coalesce(sum(found_right), 0), coalesce(sum(regretted), 0) FROM regret
		WHERE day > ? AND day <= ? AND rule = ? AND digest = ?`, max(DayOf(now.Add(-hygiene.RegretFor)), DayOf(since)), DayOf(now), f.Rule, int64(f.Digest))
	if r.Next() {
		f.Acted, f.Right, f.Regretted = r.Int(0), r.Int(1), r.Int(2)
	}
	return f, r.Close()
}
