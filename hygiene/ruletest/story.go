package ruletest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"winnow/hygiene"
)

// offset writes a time of a test the way people do: hours for a few days, then
// days and what is left.
func offset(d time.Duration) string {
	if d%time.Hour == 0 && d < 100*time.Hour {
		return fmt.Sprintf("%dh", d/time.Hour)
	}
	return hygiene.FormatDuration(d)
}

// offsetOf writes an instant as a time of the test.
func offsetOf(t hygiene.Instant) string { return offset(t.Sub(Start)) }

// String is when it happened, as a time of the test.
func (s *Scene) String() string { return offset(s.At) }

// add adds a note, with the times in it as times of the test.
func (s *Scene) add(rule, text string) {
	s.Notes = append(s.Notes, Note{rule, inOffsets(text)})
}

// fullTime is a time as the engine's words have it. What stands in quotes is a
// value, and stays.
var fullTime = regexp.MustCompile(`(^|[^"0-9T:-])(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z)`)

// inOffsets writes the times in the engine's words as times of the test.
func inOffsets(text string) string {
	return fullTime.ReplaceAllStringFunc(text, func(found string) string {
		m := fullTime.FindStringSubmatch(found)
		t, err := time.Parse(time.RFC3339, m[2])
		if err != nil || hygiene.InstantOf(t) < Start {
			return found
		}
		return m[1] + offsetOf(hygiene.InstantOf(t))
	})
}

// with adds what each rule thought and did, and what came of it by itself.
func (s Scene) with(changes []hygiene.Change, thoughts []hygiene.Thought) Scene {
	told := map[int]bool{}
	for _, t := range thoughts {
		var did []string
		for i := range changes {
			if c := &changes[i]; acts(c) && c.Rule == t.Rule {
				did, told[i] = append(did, changeOf(c)), true
			}
		}
		switch {
		case len(did) > 0:
			s.add(t.Rule, strings.Join(did, "; ")+"; "+t.Why)
		case t.Holds:
			s.add(t.Rule, "holds and changes nothing: "+t.Idle)
		default:
			s.add(t.Rule, "no: "+t.Why)
		}
	}
	for i := range changes {
		if !told[i] {
			s.add("", changeOf(&changes[i]))
		}
	}
	return s
}

// nameOf is what people call the event: its outcome, and how the provider said
// it, if in other words.
func nameOf(e *hygiene.Event, own bool) string {
	said := slices.DeleteFunc([]string{e.Name, e.Code}, func(s string) bool { return s == "" || s == e.Outcome.String() })
	words := e.Outcome.String()
	if len(said) > 0 {
		words += " (" + strings.Join(said, " ") + ")"
	}
	if !own {
		words += " of message " + e.MessageID
	}
	if e.Outcome == hygiene.Unrecognized {
		words += ": no line of the outcomes of " + e.Source + " names it"
	}
	return words
}

// actOf is what an operator did.
func actOf(in *hygiene.Instruction) string {
	switch {
	case in.Kind == hygiene.Suppress:
		return "by hand: suppress for " + in.Reason + ", " + untilWords(in.Until)
	case in.Reason == "":
		return "by hand: allow, all but " + hygiene.OptedOut
	default:
		return "by hand: allow " + in.Reason
	}
}

func untilWords(t hygiene.Instant) string {
	if t == 0 {
		return "for good"
	}
	return "until " + offsetOf(t)
}

// changeOf is a change in words.
func changeOf(c *hygiene.Change) string {
	switch c.Act {
	case hygiene.Suppressed:
		return "suppresses for " + c.Reason + ", " + untilWords(c.Until)
	case hygiene.Renewed:
		return "suppresses for " + c.Reason + " longer, " + untilWords(c.Until)
	case hygiene.Released:
		return "lifts " + c.Reason
	case hygiene.RetrySet:
		return fmt.Sprintf("retry %d is due at %s", c.Attempt, offsetOf(c.Until))
	case hygiene.RetryEnded:
		return fmt.Sprintf("retry %d ends", c.Attempt)
	case hygiene.GaveUp:
		return fmt.Sprintf("gives up, the list has no retry %d", c.Attempt)
	case hygiene.Tagged:
		return "tags " + c.Reason
	case hygiene.Untagged:
		return "takes the tag " + c.Reason + " off"
	default:
		return "what happened before no longer counts"
	}
}
