package config

import (
	"slices"

	"winnow/hygiene"
	"winnow/hygiene/reason"
	"winnow/internal/suggest"
	"winnow/internal/yamldoc"
)

// Reasons are the reasons that are known without a rule that gives them.
var Reasons = []string{"hard_bounce", "soft_bounce", hygiene.OptedOut, "dormant"}

// readProtected reads the reasons that are a person's word beside those that always are,
// and those that the file says are not any more.
func (r *reader) readProtected(rulebook *yamldoc.Entry) (protected, unprotected []string) {
	for _, item := range rulebook.Get("protected").Items() {
		name := item.Text()
		if is, other := reason.Of(name); other {
			item.Report(yamldoc.Quote(name)+" is another word for "+is, is+" is always protected; remove it")
		} else if same, other := reason.Of(name, protected...); other || slices.Contains(protected, name) {
			item.Report("duplicate reason "+yamldoc.Quote(name), yamldoc.Quote(same)+" is protected already")
		} else {
			protected = append(protected, name)
		}
	}
	for _, item := range rulebook.Get("unprotected").Items() {
		is, _ := reason.Of(item.Text(), protected...)
		switch {
		case is == hygiene.OptedOut || is == hygiene.Complaint:
			item.Report(is+" is always protected", "remove it")
		case slices.Contains(protected, is):
			item.Report(yamldoc.Quote(item.Text())+" is both protected and unprotected", "keep one of them")
		}
		unprotected = append(unprotected, is)
	}
	return protected, unprotected
}

// reasonIn is the reason that an entry names. Another word for a protected reason is a
// problem, for people would take it for another reason; earlier versions accepted it.
func (r *reader) reasonIn(e *yamldoc.Entry) string {
	is, other := reason.Of(e.Text(), r.protected...)
	if other {
		e.ReportNew("the reason "+yamldoc.Quote(e.Text())+" is another word for "+is, "write "+is)
	}
	return is
}

// readOwnReason reads a reason that a rule gives. Any reason is valid but one that
// looks like a protected one: people would take it for that, and a release could lift it
// without naming it.
func (r *reader) readOwnReason(e *yamldoc.Entry) string {
	is := r.reasonIn(e)
	if is != e.Text() || slices.Contains(r.protected, is) {
		return is
	}
	looks := func(like string) (text, hint string) {
		return "the reason " + yamldoc.Quote(is) + " looks like " + like, "did you mean " + yamldoc.Quote(like) + "?"
	}
	switch {
	case is == hygiene.OptedOut || is == hygiene.Complaint:
	case suggest.Within(is, []string{hygiene.OptedOut}, 2) != "":
		e.Report(looks(hygiene.OptedOut))
	case suggest.Within(is, []string{hygiene.Complaint}, 1) != "":
		e.ReportNew(looks(hygiene.Complaint))
	default:
		if like := suggest.Within(is, r.protected, 1); like != "" {
			e.Report(looks(like))
		}
	}
	return is
}

// mentionReason reads a reason that the file need not give itself.
func (r *reader) mentionReason(e *yamldoc.Entry) string {
	if is := r.reasonIn(e); is != e.Text() {
		return is
	}
	return r.reasons.Mention(e, "reason")
}
