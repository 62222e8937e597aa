package explain

import (
	"fmt"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/segments"
)

// whereTexted says of an active contact whether a file will have it: which segments for
// texting it is in, or what those want that it does not have.
func (e *Explanation) whereTexted(cfg *config.Config) string {
	var in, out []string
	for _, s := range textingSegments(cfg) {
		if e.Segments[s.Name] {
			in = append(in, s.Name)
		} else if s.Where != nil && !wantsAnother(s.Where, hygiene.Active) {
			out = append(out, e.missingFor(s.Name))
		}
	}
	switch {
	case len(in) > 0:
		return ": nothing prevents texting it; it is in " + ui.JoinFirst(in, 3)
	case len(out) == 0:
		return ": nothing prevents texting it"
	}
	text := ", but in no segment for texting: " + strings.Join(out[:min(2, len(out))], "; ")
	if more := len(out) - 2; more > 0 {
		text += "; and " + ui.Count(int64(more), "more segment")
	}
	return text
}

// textingSegments are the segments of contacts to text: those that leave suppressed
// contacts out, and that an export writes if there are exports.
func textingSegments(cfg *config.Config) (list []segments.Segment) {
	for _, s := range cfg.Segments {
		written := len(cfg.Exports) == 0 || slices.ContainsFunc(cfg.Exports, func(x segments.Export) bool { return slices.Contains(x.Segments, s.Name) })
		if s.Suppressed == segments.Exclude && written {
			list = append(list, s)
		}
	}
	return list
}

// wantsAnother reports whether a condition can't hold for contacts of that status.
func wantsAnother(c hygiene.Condition, status hygiene.Status) bool {
	switch c := c.(type) {
	case hygiene.StatusTest:
		return !slices.Contains(c, status)
	case hygiene.All:
		return slices.ContainsFunc(c, func(part hygiene.Condition) bool { return wantsAnother(part, status) })
	}
	return false
}

// missingFor says what a segment wants that the contact does not have.
func (e *Explanation) missingFor(segment string) string {
	f := e.Conditions[segment]
	for i := range e.Pins {
		if e.Pins[i].Segment == segment {
			return fmt.Sprintf("%s has it pinned out, by %s since %s", segment, e.Pins[i].By, e.moment(e.Pins[i].At))
		}
	}
	var wants []string
	for _, part := range failing(&f) {
		wants = append(wants, fmt.Sprintf("%s (%s)", part.Test, part.Why.Format(seconds)))
	}
	return segment + " wants " + strings.Join(wants, " and ")
}

// failing lists the demands of a segment that do not hold, without those that consist of
// others which must all hold.
func failing(f *hygiene.Finding) (list []*hygiene.Finding) {
	for i := range f.Parts {
		part := &f.Parts[i]
		switch {
		case part.Holds:
		case part.Operator == "all":
			list = append(list, failing(part)...)
		default:
			list = append(list, part)
		}
	}
	return list
}

// whereExcepted says of a suppressed contact which segments have it all the same, because
// what it is suppressed for does not count for them.
func (e *Explanation) whereExcepted(cfg *config.Config) string {
	var in, reasons []string
	for _, s := range cfg.Segments {
		if s.Except != nil && e.Segments[s.Name] {
			in = append(in, s.Name)
			reasons = append(reasons, s.Except...)
		}
	}
	if in == nil {
		return ""
	}
	slices.Sort(reasons)
	return fmt.Sprintf("; it is in %s all the same, where %s does not count", ui.JoinFirst(in, 3), ui.AndList(slices.Compact(reasons)))
}
