package ruletest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
)

// offset writes a time of a test: hours for the first days, then days and the rest.
func offset(d time.Duration) string {
	if d%time.Hour == 0 && d < 100*time.Hour {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return instant.FormatDuration(d)
}

// offsetOf writes an instant as a time of the test. What was before the start stays
// a date.
func offsetOf(t hygiene.Instant) string {
	if t < Start {
		return t.String()
	}
	return offset(t.Sub(Start))
}

// String is when it happened, as a time of the test.
func (s *TimelineEntry) String() string { return offset(s.At) }

func (s *TimelineEntry) add(rule string, text hygiene.Phrase) {
	s.Notes = append(s.Notes, Note{rule, text.Format(offsetOf)})
}

// with adds what each rule made of it and did, and then the changes that no rule
// made.
func (s TimelineEntry) with(changes []hygiene.Change, rules []hygiene.RuleTrace) TimelineEntry {
	added := map[int]bool{}
	for i := range rules {
		r := &rules[i]
		var did []string
		for i := range changes {
			if c := &changes[i]; byRule(c) && c.Rule == r.Rule {
				did, added[i] = append(did, changeText(c)), true
			}
		}
		switch {
		case len(did) > 0:
			s.add(r.Rule, hygiene.Phrase{strings.Join(did, "; "), "; ", r.Why()})
		case r.Holds:
			s.add(r.Rule, hygiene.Phrase{"holds and changes nothing: ", r.NoEffect()})
		default:
			s.add(r.Rule, hygiene.Phrase{"no: ", r.Why()})
		}
	}
	for i := range changes {
		if !added[i] {
			s.add("", hygiene.Phrase{changeText(&changes[i])})
		}
	}
	return s
}

// eventText is the event's outcome, and the provider's words for it where they
// differ.
func eventText(e *hygiene.Event, ownMessage bool) string {
	words := slices.DeleteFunc([]string{e.Name, e.Code}, func(s string) bool { return s == "" || s == e.Outcome.String() })
	text := e.Outcome.String()
	if len(words) > 0 {
		text += " (" + strings.Join(words, " ") + ")"
	}
	if !ownMessage {
		text += " of message " + e.MessageID
	}
	if e.Outcome == hygiene.Unrecognized {
		text += ": the outcomes of source " + e.Source + " have no line for it"
	}
	return text
}

// instructionText is what an operator did.
func instructionText(in *hygiene.Instruction) string {
	switch {
	case in.Kind == hygiene.Suppress:
		return "operator: suppress for " + in.Reason + " " + untilText(in.Until)
	case in.Reason == "":
		return "operator: allow, all reasons that need no naming"
	default:
		return "operator: allow " + in.Reason
	}
}

func untilText(t hygiene.Instant) string {
	if t == 0 {
		return "permanently"
	}
	return "until " + offsetOf(t)
}

func changeText(c *hygiene.Change) string {
	switch c.Act {
	case hygiene.Suppressed:
		return "suppresses for " + c.Reason + " " + untilText(c.Until)
	case hygiene.Renewed:
		return "suppresses for " + c.Reason + " longer, " + untilText(c.Until)
	case hygiene.Released:
		return "releases " + c.Reason
	case hygiene.RetrySet:
		return fmt.Sprintf("retry %d is due at %s", c.Attempt, offsetOf(c.Until))
	case hygiene.RetryEnded:
		return fmt.Sprintf("retry %d ends", c.Attempt)
	case hygiene.GaveUp:
		return fmt.Sprintf("gives up; the list has no retry %d", c.Attempt)
	case hygiene.Tagged:
		return "tags " + c.Reason
	case hygiene.Untagged:
		return "removes the tag " + c.Reason
	default:
		return "what happened before no longer counts"
	}
}
