package testfile

import (
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/provider"
	"winnow/hygiene/ruletest"
	"winnow/internal/config"
	"winnow/internal/yamldoc"
	"winnow/segments"
)

// defineNames collects the names that tests can use: those of the config.
func (r *reader) defineNames() {
	for _, s := range r.accounts {
		r.sources.Add(s.Name)
	}
	for _, reason := range slices.Concat(config.Reasons, r.config.Policy.Protected()) {
		r.reasons.Add(reason)
	}
	for i := range r.config.Policy.Rules {
		r.defineRule(&r.config.Policy.Rules[i])
	}
	for _, s := range r.config.Segments {
		r.segments.Add(s.Name)
		r.defineSegment(s)
	}
}

// defineReasons adds the reasons that operators give in the tests. Any reason is
// valid but one that looks like one of the config's.
func (r *reader) defineReasons(tests *yamldoc.Entry) {
	var reasons []string
	for _, test := range tests.Items() {
		for _, event := range test.Get("events").Items() {
			if reason := event.Get("suppress").Get("reason"); reason != nil {
				reasons = append(reasons, r.mentionReason(reason))
			}
		}
	}
	for _, reason := range reasons {
		r.reasons.Add(reason)
	}
}

// mentionReason reads a reason. Another word for a protected one is a problem: it is
// recorded as that.
func (r *reader) mentionReason(e *yamldoc.Entry) string {
	if is, other := r.otherWord(e); other {
		return is
	}
	return r.reasons.Mention(e, "reason")
}

// referToReason reads a reason that must be known.
func (r *reader) referToReason(e *yamldoc.Entry) string {
	if is, other := r.otherWord(e); other {
		return is
	}
	return r.reasons.Refer(e, "reason")
}

func (r *reader) otherWord(e *yamldoc.Entry) (is string, other bool) {
	if is, other = r.config.Policy.ReasonOf(e.Text()); other {
		e.Report("the reason "+yamldoc.Quote(e.Text())+" is another word for "+is, "write "+is)
	}
	return is, other
}

func (r *reader) defineRule(rule *hygiene.Rule) {
	r.rules.Add(rule.Name)
	if rule.Then.Suppress != nil {
		r.reasons.Add(rule.Then.Suppress.Reason)
	}
	for _, reason := range rule.Then.Release {
		r.reasons.Add(reason)
	}
	if rule.Then.Tag != "" {
		r.tags.Add(rule.Then.Tag)
	}
	if rule.When != nil {
		r.defineCodes(rule.When.Codes)
	}
	r.defineAsked(rule.Where)
}

func (r *reader) defineSegment(s segments.Segment) {
	if s.List != "" {
		r.lists.Add(s.List)
	}
	for _, column := range s.Columns {
		if attribute, ok := strings.CutPrefix(column.String(), "attributes."); ok {
			r.attributes.Add(attribute)
		}
	}
	r.defineAsked(s.Where)
}

func (r *reader) defineCodes(codes []string) {
	for _, code := range codes {
		r.codes.Add(code)
	}
}

// defineAsked collects the lists, attributes, reasons and codes that a
// condition asks for.
func (r *reader) defineAsked(c hygiene.Condition) {
	in := hygiene.InputsOf(c)
	for _, list := range in.Lists {
		r.lists.Add(list)
	}
	for _, attribute := range in.Attributes {
		r.attributes.Add(attribute)
	}
	for _, reason := range in.Reasons {
		r.reasons.Add(reason)
	}
	r.defineCodes(in.Codes)
}

// codesOf is the codes that a source can send with an event. Without an event it is
// all of them and the codes of rules; none when the source has no table.
func (r *reader) codesOf(s ruletest.Source, event string) (list []string) {
	for _, l := range s.Lines {
		if l.Code != "" && (event == "" || provider.NormalizeEvent(l.Event) == event) {
			list = append(list, l.Code)
		}
	}
	if event == "" && len(list) > 0 {
		list = append(list, r.codes.List()...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// inTable reports whether the source's table has a line for it.
func inTable(s ruletest.Source, event, code string) bool {
	for _, l := range s.Lines {
		if provider.NormalizeEvent(l.Event) == event && (l.Code == code || l.Code == "") {
			return true
		}
	}
	return false
}

// wordsOf is the events in a source's table.
func wordsOf(s ruletest.Source) []string {
	var list []string
	for _, l := range s.Lines {
		if !slices.Contains(list, provider.NormalizeEvent(l.Event)) {
			list = append(list, provider.NormalizeEvent(l.Event))
		}
	}
	return list
}
