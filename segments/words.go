package segments

import (
	"strings"

	"winnow/hygiene/wording"
)

// Words says who is in the segment, as a sentence without its period.
func (s *Segment) Words() string {
	text := "Every contact"
	if s.Suppressed == Only {
		text = "Every suppressed contact"
	}
	var that []string
	if s.List != "" {
		that = append(that, "is on the static list "+s.List)
	}
	if s.Where != nil {
		that = append(that, wording.Condition(s.Where))
	}
	if that != nil {
		text += " that " + strings.Join(that, " and ")
	}
	switch {
	case s.Suppressed == Include:
		return text + ", also when suppressed"
	case s.Except != nil:
		return text + ", but not when suppressed, except for " + strings.Join(s.Except, " or ")
	case s.Suppressed == Exclude:
		return text + ", but not when suppressed"
	}
	return text
}
