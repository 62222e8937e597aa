package segments

import (
	"fmt"
	"math"
	"strconv"
)

// Guard holds back a run that changes too much. A limit that is not set holds
// nothing back.
type Guard struct {
	MaxChange    map[string]float64 // by segment, as a share: 0.3 is 30 %
	MaxChangeAll float64            // for segments that are not in MaxChange; 0 for no limit
	MinRows      map[string]int64   // by segment
}

// Objection is a reason of the guard to hold a run: one segment is beyond one
// limit.
type Objection struct {
	Segment     string
	Before, Now int64 // rows; Before only where the size changed too much

	MinRows           int64   // the limit that Now is under; 0 where the size changed too much
	Change, MaxChange float64 // the change and its limit, as shares of the size before
}

// leastBase is the smallest size that a change is measured against: in a
// segment of ten, four more contacts do not matter.
const leastBase = 100

// Error says what is beyond which limit.
func (o Objection) Error() string {
	if o.MinRows > 0 {
		return fmt.Sprintf("segment %q has %d rows now, and its min_rows is %d", o.Segment, o.Now, o.MinRows)
	}
	measuredAgainst := ""
	if o.Before < leastBase {
		measuredAgainst = fmt.Sprintf(" of %d (fewer rows count as %[1]d)", leastBase)
	}
	return fmt.Sprintf("segment %q had %d rows before and has %d now: a change of %s%s, and its max_change is %s",
		o.Segment, o.Before, o.Now, percent(o.Change), measuredAgainst, percent(o.MaxChange))
}

// objections lists the reasons to hold the run, one for each segment and limit.
// A segment without a base has not changed, so only its MinRows counts.
func (g *Guard) objections(parts []RunSegment, bases map[string]Base) []error {
	var list []error
	for _, p := range parts {
		if base, ok := bases[p.Segment]; ok {
			if o := (Objection{Segment: p.Segment, Before: base.Rows, Now: p.Rows}); g.exceeded(&o) {
				list = append(list, o)
			}
		}
		if least, ok := g.MinRows[p.Segment]; ok && p.Rows < least {
			list = append(list, Objection{Segment: p.Segment, Now: p.Rows, MinRows: least})
		}
	}
	return list
}

// exceeded measures the change and reports whether it is over its limit.
func (g *Guard) exceeded(o *Objection) bool {
	limit, ok := g.MaxChange[o.Segment]
	if !ok {
		limit, ok = g.MaxChangeAll, g.MaxChangeAll > 0
	}
	difference, base := math.Abs(float64(o.Now-o.Before)), float64(max(o.Before, leastBase))
	o.Change, o.MaxChange = difference/base, limit
	const rounding = 1e-6 // rows: a limit like 12.3% has no exact binary form
	return ok && difference > limit*base+rounding
}

// percent rounds up to two digits, so that what is over a limit never reads as
// the limit.
func percent(share float64) string {
	return strconv.FormatFloat(max(math.Ceil(share*1e4-1e-6)/100, 0), 'f', -1, 64) + "%"
}
