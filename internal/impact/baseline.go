package impact

import (
	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/config"
	"winnow/internal/ui"
	"winnow/segments"
)

// baseline is what the contacts were judged by until now.
type baseline struct {
	inForce *config.Config    // nil when there is none, or when this version cannot read it
	judged  []*hygiene.Policy // all that ever judged; nil when this version cannot read one of them
}

// readBaseline reads the policies that the store keeps. One that this version
// cannot read counts as different in every rule: the plan is right, but slower.
func readBaseline(out *ui.Printer, a *app.App) (*baseline, error) {
	b := &baseline{}
	var err error
	if b.inForce, err = a.ConfigInForce(); app.IsProblems(err) {
		out.Warn("this version of winnow cannot read the config in force; all rules and segments count as new")
	} else if err != nil {
		return nil, err
	}
	b.judged, err = a.AppliedPolicies()
	return b, err
}

// policy is the policy in force; nil for none.
func (b *baseline) policy() *hygiene.Policy {
	if b.inForce == nil {
		return nil
	}
	return b.inForce.Policy
}

// segments are those of the config in force.
func (b *baseline) segments() []segments.Segment {
	if b.inForce == nil {
		return nil
	}
	return b.inForce.Segments
}
