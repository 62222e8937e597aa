package segments

import (
	"fmt"
	"math"
	"strconv"
)

// Guard holds back a run that changes too much. A limit that is not set holds
// nothing back.
//
// A list that is being built up grows by large shares day after day, and a base
// that stays behind would hold every later run too. So growth passes until the
// segment was published on After different days. A shrink is measured from the
// second run on.
type Guard struct {
	MaxChange    map[string]float64 // by segment, growth or shrink, as a share: 0.3 is 30 %
	MaxChangeAll float64            // for segments that are not in MaxChange; 0 for no limit
	MaxGrowth    map[string]float64 // by segment, if only growth or
	MaxShrink    map[string]float64 // only shrink matters, or their limits differ
	After        int                // days; see [RunSegment]
	MinRows      map[string]int64   // by segment
}

// Objection is a reason of the guard to hold a run: one segment is beyond one
// limit.
type Objection struct {
	Segment     string
	Before, Now int64 // rows; Before only where the size changed too much

	MinRows       int64   // the limit that Now is under; 0 where the size changed too much
	Change, Limit float64 // the change and its limit, as shares of the size before, both positive

	// Earlier is how the segment was in the held run before this one.
	Earlier EarlierHeld
}

// EarlierHeld is a segment in an earlier run that is held.
type EarlierHeld struct {
	Run   string // by name; empty for none
	Rows  int64
	Stays bool // it is beyond the same limit, in this run and all held runs since
}

// leastBase is the smallest size that a change is measured against: in a
// segment of ten, four more contacts do not matter.
const leastBase = 100

// Error says what is beyond which limit.
func (o Objection) Error() string {
	if o.MinRows > 0 {
		return fmt.Sprintf("segment %q has %d rows now, and its min_rows is %d%s", o.Segment, o.Now, o.MinRows, o.Earlier.text())
	}
	verb, sign, few := "grow", "+", ""
	if o.Now < o.Before {
		verb, sign = "shrink", "-"
	}
	if o.Before < leastBase {
		few = fmt.Sprintf("; fewer than %d rows are taken as %[1]d", leastBase)
	}
	return fmt.Sprintf("segment %q would %s: %d → %d rows (%s%s, allowed %s%s)%s",
		o.Segment, verb, o.Before, o.Now, sign, percent(o.Change), percent(o.Limit), few, o.Earlier.text())
}

func (e EarlierHeld) text() string {
	switch {
	case e.Run == "":
		return ""
	case e.Stays:
		return fmt.Sprintf("; the change stays, since held run %s with %d rows", e.Run, e.Rows)
	}
	return fmt.Sprintf("; held run %s had %d rows", e.Run, e.Rows)
}

// objections lists the reasons to hold the run, one for each segment and limit.
// A segment without a base has not changed, so only its MinRows counts.
func (g *Guard) objections(p *Plan, parts []RunSegment) []error {
	var list []error
	for _, part := range parts {
		if base, ok := p.Bases[part.Segment]; ok {
			beyond := func(rows int64) (Objection, bool) { return g.changeOf(&base, rows) }
			if o, is := beyond(part.Rows); is {
				o.Earlier = earlier(p.Held, part.Segment, func(rows int64) bool {
					other, is := beyond(rows)
					return is && (other.Now > other.Before) == (o.Now > o.Before)
				})
				list = append(list, o)
			}
		}
		if least, ok := g.MinRows[part.Segment]; ok && part.Rows < least {
			o := Objection{Segment: part.Segment, Now: part.Rows, MinRows: least}
			o.Earlier = earlier(p.Held, part.Segment, func(rows int64) bool { return rows < least })
			list = append(list, o)
		}
	}
	return list
}

// changeOf measures the change since the base, and reports whether it is over its
// limit.
func (g *Guard) changeOf(base *Base, rows int64) (o Objection, over bool) {
	o = Objection{Segment: base.Segment, Before: base.Rows, Now: rows}
	limit, limited := g.limit(base.Segment, rows > base.Rows)
	difference, before := math.Abs(float64(o.Now-o.Before)), float64(max(o.Before, leastBase))
	o.Change, o.Limit = difference/before, limit
	if rows > base.Rows && base.Days < int64(g.After) {
		return o, false
	}
	const rounding = 1e-6 // rows: a limit like 12.3% has no exact binary form
	return o, limited && difference > limit*before+rounding
}

// limit is how much the segment may grow, or shrink.
func (g *Guard) limit(segment string, grows bool) (share float64, ok bool) {
	oneWay := g.MaxShrink
	if grows {
		oneWay = g.MaxGrowth
	}
	if share, ok = oneWay[segment]; ok {
		return share, true
	}
	if share, ok = g.MaxChange[segment]; ok {
		return share, true
	}
	return g.MaxChangeAll, g.MaxChangeAll > 0
}

// earlier finds the segment in the held runs, the latest first: in the earliest of
// those that are beyond the same limit without a gap, or else in the latest.
func earlier(held []HeldRun, segment string, beyond func(rows int64) bool) (e EarlierHeld) {
	for i, run := range held {
		rows, whole := run.Rows[segment]
		switch {
		case whole && beyond(rows):
			e = EarlierHeld{Run: run.Name, Rows: rows, Stays: true}
			continue
		case whole && i == 0:
			e = EarlierHeld{Run: run.Name, Rows: rows}
		}
		break
	}
	return e
}

// percent rounds up to two digits, so that what is over a limit never reads as
// the limit.
func percent(share float64) string {
	return strconv.FormatFloat(max(math.Ceil(share*1e4-1e-6)/100, 0), 'f', -1, 64) + "%"
}
