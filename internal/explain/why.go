package explain

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// seconds is a time in whole seconds, which is what people can use.
func seconds(at hygiene.Instant) string { return (at - at%1_000_000).String() }

// moment is a time for a sentence: 2026-11-24T00:02:16Z (5 days ago).
func (e *Explanation) moment(at hygiene.Instant) string {
	return fmt.Sprintf("%s (%s)", seconds(at), ui.Ago(e.AsOf.Sub(at)))
}

// statusReason says as of when the contact has its status, and why. It follows
// "KEY is STATUS" in a sentence.
func (e *Explanation) statusReason(cfg *config.Config) string {
	text := " as of " + seconds(e.AsOf)
	switch {
	case e.is(hygiene.IsSuppressed):
		text += " and must not be texted: " + e.openSuppressions()[0].Why
		if others := e.otherReasons(); others != "" {
			text += "; also " + others
		}
		return text + e.whereExcepted(cfg)
	case e.is(hygiene.Cooling):
		return text + ": may be retried from " + e.moment(e.Retry.DueAt) + ", " + e.retrySentence(e.Retry)
	case e.is(hygiene.RetryDue):
		return text + ": may be retried since " + e.moment(e.Retry.DueAt) + ", " + e.retrySentence(e.Retry)
	}
	if e.isNumber() {
		return text + ": nothing stands on it"
	}
	return text + e.whereTexted(cfg)
}

// openSuppressions lists the suppressions that are in effect, the one that lasts
// longest first. An opt-out comes before other permanent ones.
func (e *Explanation) openSuppressions() []*view.Suppression {
	end := func(s *view.Suppression) hygiene.Instant {
		switch {
		case s.Until != nil:
			return *s.Until
		case e.policy.Protects(s.Reason):
			return math.MaxInt64
		}
		return math.MaxInt64 - 1
	}
	var list []*view.Suppression
	for i := range e.Suppressions {
		if s := &e.Suppressions[i]; s.Held == 0 {
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b *view.Suppression) int { return cmp.Compare(end(b), end(a)) })
	return list
}

func (e *Explanation) otherReasons() string {
	var others []string
	for _, s := range e.openSuppressions()[1:] {
		others = append(others, fmt.Sprintf("%s (%s)", s.Reason, e.opener(s)))
	}
	return ui.JoinFirst(others, 3)
}

// suppressionSentence says why the suppression is open: "hard_bounce since T,
// permanently, by rule R, on the hard bounce of message m (code 1400), 4 days ago".
func suppressionSentence(s *view.Suppression, now hygiene.Instant) string {
	text := s.Summary
	if evidence := describeEvidence(s); evidence != "" {
		text += ", on " + evidence
	}
	if s.Note != "" {
		text += fmt.Sprintf(" (%s)", ui.Shorten(s.Note, maxWidth))
	}
	if s.Since > now && s.Held == 0 {
		return fmt.Sprintf("%s; its time lies ahead of the clock (%s), and it is in force all the same", text, ui.Ago(now.Sub(s.Since)))
	}
	return text + ", " + ui.Ago(now.Sub(s.Since))
}

func describeEvidence(s *view.Suppression) string {
	n := len(s.Evidence)
	switch {
	case n == 0 && s.Whose != "":
		return s.Whose + "word"
	case n == 0:
		return ""
	case s.Events == nil && n == 1:
		return fmt.Sprintf("%sevent %d, no longer in the log", s.Whose, s.Evidence[0])
	case s.Events == nil:
		return fmt.Sprintf("%s no longer in the log", countEvents(s))
	case n == 1:
		return describeEvent(&s.Events[0], s.Whose)
	}
	return fmt.Sprintf("%s, the latest being %s", countEvents(s), describeEvent(&s.Events[len(s.Events)-1], ""))
}

// countEvents says how many events were counted, and whose the first of them is if it is
// another contact's.
func countEvents(s *view.Suppression) string {
	n := len(s.Evidence)
	text := ui.Count(int64(n), "event")
	switch {
	case s.Whose == "":
		return text
	case n == 1:
		return strings.TrimSpace(s.Whose) + " event"
	}
	return text + ", the first of them " + strings.TrimSpace(s.Whose)
}

// describeEvent is "the hard bounce of message m (code 1400)", or "crm-2's hard bounce".
func describeEvent(e *view.Event, whose string) string {
	o, _ := hygiene.ParseOutcome(e.Outcome)
	text := fmt.Sprintf("%s%s of message %s", cmp.Or(whose, "the "), o.Noun(), ui.Shorten(e.MessageID, maxWidth/2))
	if code := codeText(e); code != "" {
		text += fmt.Sprintf(" (code %s)", ui.Shorten(code, maxWidth/5))
	}
	return text
}

// codeText is the provider's code; empty for none.
func codeText(e *view.Event) string {
	if e.Code == nil {
		return ""
	}
	return fmt.Sprint(e.Code)
}

// summary says since when and until when the suppression holds, and who opened it.
func (r *evidenceReader) summary(s *hygiene.Suppression) string {
	text := s.Reason + " since " + seconds(s.Since.At)
	if s.Until != 0 {
		text += " until " + seconds(s.Until)
	} else {
		text += ", permanently"
	}
	origin := manualOrigin(s.Origin, s.By)
	if s.Rule != "" {
		origin = r.ruleName(&s.Cause)
	}
	if origin != "" {
		text += ", by " + origin
	}
	if number := r.SaidOf(s); number != "" {
		text += ", said of its number " + number
	}
	if s.Renewal.At.At != 0 {
		text += fmt.Sprintf(", renewed at %s %s", seconds(s.Renewal.At.At), r.renewedBy(s))
	}
	return text
}

// renewedBy says who extended the suppression, which is the last rule or the last
// operator that did.
func (r *evidenceReader) renewedBy(s *hygiene.Suppression) string {
	if s.Renewal.Rule != "" {
		return "by " + r.ruleName(&s.Renewal.Cause)
	}
	for _, l := range r.ledger {
		if l.Act != hygiene.Renewed || l.At != s.Renewal.At.At || l.Reason != s.Reason || l.Origin != s.Origin {
			continue
		}
		text := "by " + manualOrigin(l.Origin, l.By)
		if l.Note != "" {
			text += ", noting " + strconv.Quote(l.Note)
		}
		return text
	}
	return "manually"
}

// manualOrigin names who did what no rule did.
func manualOrigin(hand hygiene.Origin, by string) string {
	switch {
	case hand != hygiene.ByImport:
		return by
	case by == "":
		return "an import"
	}
	return "an import of " + by
}

// ruleName names the rule that acted, and says when the config has it in another
// form or no longer.
func (r *evidenceReader) ruleName(g *hygiene.Cause) string {
	text := "rule " + g.Rule
	switch {
	case r.policy.RuleOf(g) != nil:
	case slices.ContainsFunc(r.policy.Rules, func(rule hygiene.Rule) bool { return rule.Name == g.Rule }):
		text += " (edited since)"
	default:
		text += " (no longer in the config)"
	}
	if rule := r.policy.RuleOf(g); g.Review && (rule == nil || rule.When == nil) {
		text += " in a review"
	}
	return text
}

// retrySentence says what the retry follows: "attempt 1 of 3 after the soft bounce
// of message m (code 1404) at T, by rule R".
func (e *Explanation) retrySentence(r *view.Retry) string {
	text := attemptText(r)
	switch {
	case r.Bounce != nil:
		text += fmt.Sprintf(" after %s at %s", describeEvent(r.Bounce, ""), e.moment(r.Bounce.At))
	case r.MessageID != "":
		text += " after a bounce of message " + ui.Shorten(r.MessageID, maxWidth/2)
	}
	return text + ", by rule " + r.Rule
}

// attemptText is "attempt 1 of 3".
func attemptText(r *view.Retry) string {
	if r.Attempts == 0 {
		return fmt.Sprintf("attempt %d", r.Attempt)
	}
	return fmt.Sprintf("attempt %d of %d", r.Attempt, r.Attempts)
}

// nextSteps says what ends the status or, for an active contact, what was decided
// last; and what can be done about suppressions that a breaker holds.
func (e *Explanation) nextSteps(p *hygiene.Policy, c *hygiene.Contact) (steps []string) {
	switch {
	case e.is(hygiene.IsSuppressed):
		steps = append(steps, e.suppressionEnd(p))
	case e.Retry != nil:
		steps = append(steps, fmt.Sprintf("The retry lapses at %s; a delivery, another message or a suppression ends it sooner", e.moment(e.Retry.LapsesAt)))
	default:
		// An entry that a breaker holds has decided nothing yet.
		i := slices.IndexFunc(e.ledger, func(d decision) bool { return d.At <= e.AsOf && d.Held == 0 })
		if i >= 0 {
			steps = append(steps, "Last decision: "+e.describeDecision(&e.ledger[i], c))
		}
	}
	for i := range e.Suppressions {
		if s := &e.Suppressions[i]; s.Held != 0 {
			steps = append(steps, fmt.Sprintf("%s since %s has no effect until trip %d is reviewed: winnow breaker release %d puts it into effect, winnow breaker discard %d drops it",
				s.Reason, e.moment(s.Since), s.Held, s.Held, s.Held))
		}
	}
	return steps
}

// suppressionEnd says until when the contact is suppressed, and how to end it.
func (e *Explanation) suppressionEnd(p *hygiene.Policy) string {
	open := e.openSuppressions()
	until, release := open[0].Until, e.releasingRule(p)
	switch {
	case len(open) > 1 && until != nil:
		return fmt.Sprintf("The last of these ends on %s", e.moment(*until))
	case len(open) > 1:
		return "They last until someone lifts them: " + e.allAllowCommands()
	case until != nil && release != "":
		return fmt.Sprintf("It ends on %s, or when rule %s releases it", e.moment(*until), release)
	case until != nil:
		return fmt.Sprintf("It ends on %s", e.moment(*until))
	case release != "":
		return fmt.Sprintf("It lasts until rule %s releases it or someone lifts it: %s", release, e.allAllowCommands())
	}
	return "It lasts until someone lifts it: " + e.allAllowCommands()
}

// releasingRule names the rule that would lift the only open suppression; empty
// when there are several, or when none would. Rules do not lift what an operator
// or an import opened.
func (e *Explanation) releasingRule(p *hygiene.Policy) string {
	open := e.openSuppressions()
	if len(open) > 1 || open[0].Hand != hygiene.ByRule.String() {
		return ""
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; slices.Contains(r.Then.Release, open[0].Reason) {
			return r.Name
		}
	}
	return ""
}

// allAllowCommands are the commands that lift all permanent suppressions.
func (e *Explanation) allAllowCommands() string {
	var commands []string
	for _, s := range e.openSuppressions() {
		if s.Until == nil {
			commands = append(commands, e.allowCommands(s)...)
		}
	}
	slices.Sort(commands)
	return strings.Join(slices.Compact(commands), "; ")
}

// describeDecision says what a ledger entry did to a contact that is active now.
func (e *Explanation) describeDecision(l *decision, c *hygiene.Contact) string {
	at := " at " + e.moment(l.At)
	if l.number != "" {
		at = " on its number" + at
	}
	switch {
	case l.Rule != "":
		at += " by rule " + l.Rule
	case l.By != "":
		at += " by " + l.By
	}
	if l.Note != "" {
		at += fmt.Sprintf(" (%s)", ui.Shorten(l.Note, maxWidth))
	}
	switch l.Act {
	case hygiene.Suppressed, hygiene.Renewed, hygiene.Confirmed:
		if l.Until == 0 {
			return "suppressed for " + l.Reason + at + ", and lifted since"
		}
		return "suppressed for " + l.Reason + at + ", ended on " + e.moment(l.Until)
	case hygiene.Released:
		return "released from " + l.Reason + at
	case hygiene.RetrySet:
		text := fmt.Sprintf("retry %d set%s, due at %s", l.Attempt, at, e.moment(l.Until))
		if c.Retry != nil {
			text += ", lapsed at " + e.moment(c.Retry.LapsesAt)
		}
		return text
	case hygiene.RetryEnded:
		return fmt.Sprintf("retry %d ended%s", l.Attempt, at)
	case hygiene.GaveUp:
		return fmt.Sprintf("no more retries after bounce %d%s", l.Attempt, at)
	}
	return strings.TrimSpace(string(l.Act)+" "+l.Reason) + at
}
