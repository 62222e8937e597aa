package segments

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// leastBase is the smallest size that a change is measured against: in a
// segment of ten, four more contacts are no cause for alarm.
const leastBase = 100

// objections are the guard's reasons to hold the run back, one a segment and
// limit. A segment without a base has not changed, so for it only min_rows counts.
func (g *Guard) objections(parts []Part, bases map[string]Base) []error {
	var list []error
	for _, p := range parts {
		if base, ok := bases[p.Segment]; ok {
			list = appendTrouble(list, g.change(p, base.Rows))
		}
		if least, ok := g.MinRows[p.Segment]; ok && p.Rows < least {
			list = append(list, fmt.Errorf("segment %q has %d rows now, and its min_rows is %d", p.Segment, p.Rows, least))
		}
	}
	return list
}

// change is what is wrong with so great a change of the segment.
func (g *Guard) change(p Part, before int64) error {
	limit, ok := g.limit(p.Segment)
	difference, of := math.Abs(float64(p.Rows-before)), float64(max(before, leastBase))
	const rounding = 1e-6 // rows: a limit like 12.3% is no exact number
	if !ok || difference <= limit*of+rounding {
		return nil
	}
	counted := ""
	if before < leastBase {
		counted = fmt.Sprintf(" of %d, as fewer count as so many", leastBase)
	}
	return fmt.Errorf("segment %q had %d rows before and has %d now: a change of %s%s, and its max_change is %s",
		p.Segment, before, p.Rows, percent(difference/of), counted, percent(limit))
}

func (g *Guard) limit(segment string) (share float64, ok bool) {
	if share, ok := g.MaxChange[segment]; ok {
		return share, true
	}
	return g.MaxChangeAll, g.MaxChangeAll > 0
}

// percent rounds up to two digits, so that what is over a limit never reads as
// the limit.
func percent(share float64) string {
	return strconv.FormatFloat(max(math.Ceil(share*1e4-1e-6)/100, 0), 'f', -1, 64) + "%"
}

func appendTrouble(list []error, err error) []error {
	if err == nil {
		return list
	}
	return append(list, err)
}

// held tells what to do about a run that is held.
func (x *execution) held() []error {
	if len(x.objections) == 0 {
		return nil
	}
	i := max(0, slices.IndexFunc(x.replicas, func(r *replica) bool { return r.err == nil }))
	there := x.replicas[i].to
	return []error{fmt.Errorf("%s and readers keep the one before: look at %s/%s/held/%s, and publish it with winnow release %[3]s/%[4]s",
		soHeld, there, x.plan.Export.Name, x.plan.Run.Name)}
}

// soHeld begins what is to be done about a held run.
const soHeld = "so the run is held"

// WhyHeld is the error of a held run without what was to be done about it, which
// can't be done any more.
func WhyHeld(text string) string {
	why, _, _ := strings.Cut(text, "; "+soHeld)
	return why
}
