package explain

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"winnow/hygiene"
	"winnow/internal/ui"
	"winnow/store"
)

// reason says as of when the contact has its status, and why: what follows "KEY is
// STATUS" in a sentence.
func (e *Explanation) reason() string {
	text := fmt.Sprintf(" as of %s: ", e.AsOf)
	switch {
	case e.is(hygiene.IsSuppressed):
		text += e.byWeight()[0].Why
		if others := e.otherReasons(); others != "" {
			text += "; also " + others
		}
	case e.is(hygiene.Cooling):
		text += "may be tried again from " + e.Retry.DueAt.String() + ", " + e.Retry.sentence()
	case e.is(hygiene.RetryDue):
		text += "may be tried again since " + e.Retry.DueAt.String() + ", " + e.Retry.sentence()
	default:
		text += "nothing stands against texting it"
	}
	return text
}

// byWeight lists the open suppressions as they decide for how long: an opt-out before
// what else is for good, then the one that ends last.
func (e *Explanation) byWeight() []*Suppression {
	weight := func(s *Suppression) hygiene.Instant {
		switch {
		case s.Until != nil:
			return *s.Until
		case s.Reason == hygiene.OptedOut:
			return math.MaxInt64
		}
		return math.MaxInt64 - 1
	}
	var list []*Suppression
	for i := range e.Suppressions {
		if e.Suppressions[i].Held == 0 {
			list = append(list, &e.Suppressions[i])
		}
	}
	slices.SortStableFunc(list, func(a, b *Suppression) int { return cmp.Compare(weight(b), weight(a)) })
	return list
}

func (e *Explanation) otherReasons() string {
	var others []string
	for _, s := range e.byWeight()[1:] {
		others = append(others, fmt.Sprintf("%s (by %s)", s.Reason, s.Hand))
	}
	return ui.FirstOf(others, 3)
}

// sentence is why the suppression is open: "hard_bounce since T, for good, by
// rule R, on the hard bounce of message m (code 1400)".
func (s *Suppression) sentence() string {
	text := s.described
	if on := s.on(); on != "" {
		text += ", on " + on
	}
	if s.Note != "" {
		text += fmt.Sprintf(" (%s)", ui.Shorten(s.Note, maxWidth))
	}
	return text
}

// on is what was counted, in words.
func (s *Suppression) on() string {
	n := len(s.Evidence)
	switch {
	case n == 0:
		return ""
	case s.Events == nil && n == 1:
		return fmt.Sprintf("event %d, which the log no longer has", s.Evidence[0])
	case s.Events == nil:
		return fmt.Sprintf("%s that the log no longer has", ui.Count(int64(n), "event"))
	}
	latest := s.Events[len(s.Events)-1].describe()
	if n > 1 {
		return fmt.Sprintf("%s, the latest %s", ui.Count(int64(n), "event"), latest)
	}
	return latest
}

// describe is the event as people say it: the hard bounce of message m (code 1400).
func (h *Event) describe() string {
	o, _ := hygiene.ParseOutcome(h.Outcome)
	text := fmt.Sprintf("the %s of message %s", o.Noun(), ui.Shorten(h.MessageID, maxWidth/2))
	if code := h.code(); code != "" {
		text += fmt.Sprintf(" (code %s)", ui.Shorten(code, maxWidth/5))
	}
	return text
}

// code is the provider's code as text; empty for none.
func (h *Event) code() string {
	if h.Code == nil {
		return ""
	}
	return fmt.Sprint(h.Code)
}

// describe says since when and until when the suppression holds, and who said so.
func (g *evidenceReader) describe(s *hygiene.Suppression) string {
	text := s.Reason + " since " + s.Since.At.String()
	if s.Until != 0 {
		text += " until " + s.Until.String()
	} else {
		text += ", for good"
	}
	if by := g.by(s); by != "" {
		text += ", by " + by
	}
	if s.Renewal.At.At != 0 {
		text += fmt.Sprintf(", renewed at %s by %s", s.Renewal.At.At, g.renewer(s))
	}
	return text
}

// renewer is who let the suppression hold longer.
func (g *evidenceReader) renewer(s *hygiene.Suppression) string {
	if s.Renewal.Rule != "" {
		return g.rule(&s.Renewal.Grounds)
	}
	for _, l := range g.ledger {
		if l.Act != hygiene.Renewed || l.At != s.Renewal.At.At || l.Reason != s.Reason || l.Hand != s.Hand {
			continue
		}
		who := g.by(&hygiene.Suppression{Hand: l.Hand, By: l.By})
		if l.Note != "" {
			who += ", saying " + strconv.Quote(l.Note)
		}
		return who
	}
	return "hand"
}

func (g *evidenceReader) by(s *hygiene.Suppression) string {
	switch {
	case s.Rule != "":
		return g.rule(&s.Grounds)
	case s.Hand == hygiene.ByImport:
		return strings.TrimSuffix("an import of "+s.By, " of ")
	}
	return s.By
}

// rule names the rule that acted, and says when today's config would surprise
// whoever looks it up there.
func (g *evidenceReader) rule(of *hygiene.Grounds) string {
	text := "rule " + of.Rule
	switch {
	case g.policy.RuleOf(of) != nil:
	case slices.ContainsFunc(g.policy.Rules, func(r hygiene.Rule) bool { return r.Name == of.Rule }):
		text += " (edited since)"
	default:
		text += " (no longer in the config)"
	}
	if of.Review {
		text += " in a review"
	}
	return text
}

// sentence is what the retry is of: "attempt 1 of 3 after the soft bounce of
// message m (code 1404) at T, by rule R".
func (r *Retry) sentence() string {
	text := r.count()
	switch {
	case r.Bounce != nil:
		text += fmt.Sprintf(" after %s at %s", r.Bounce.describe(), r.Bounce.At)
	case r.MessageID != "":
		text += " after a bounce of message " + ui.Shorten(r.MessageID, maxWidth/2)
	}
	return text + ", by rule " + r.Rule
}

// count is "attempt 1 of 3".
func (r *Retry) count() string {
	if r.Attempts == 0 {
		return fmt.Sprintf("attempt %d", r.Attempt)
	}
	return fmt.Sprintf("attempt %d of %d", r.Attempt, r.Attempts)
}

// whatNext says what ends the status, or, for who is active, what was decided
// last.
func (e *Explanation) whatNext(p *hygiene.Policy, c *hygiene.Contact) string {
	switch {
	case e.is(hygiene.IsSuppressed):
		return e.whenOver(p)
	case e.Retry != nil:
		return fmt.Sprintf("The retry lapses at %s; a delivery, another message or a suppression ends it sooner", e.Retry.LapsesAt)
	}
	// What a breaker holds decided nothing yet.
	i := slices.IndexFunc(e.ledger, func(l store.LedgerEntry) bool { return l.At <= e.AsOf && l.Held == 0 })
	if i < 0 {
		return ""
	}
	return "Last decided: " + lastDecision(&e.ledger[i], c)
}

// heldNote says what a breaker holds, and what to type; empty for nothing.
func (e *Explanation) heldNote() string {
	var texts []string
	for i := range e.Suppressions {
		if s := &e.Suppressions[i]; s.Held != 0 {
			texts = append(texts, fmt.Sprintf("%s since %s does not count until someone looks at the surge it came in: winnow breaker release %d lets it take effect, winnow breaker discard %d strikes it",
				s.Reason, s.Since, s.Held, s.Held))
		}
	}
	return strings.Join(texts, ". ")
}

// whenOver says until when the contact is suppressed, and how to end it.
func (e *Explanation) whenOver(p *hygiene.Policy) string {
	open := e.byWeight()
	until, release := open[0].Until, e.release(p)
	switch {
	case len(open) > 1 && until != nil:
		return fmt.Sprintf("All of these are over on %s", *until)
	case len(open) > 1:
		return "They last until someone lifts them: " + e.lift()
	case until != nil && release != "":
		return fmt.Sprintf("It is over on %s, or when %s", *until, release)
	case until != nil:
		return fmt.Sprintf("It is over on %s", *until)
	case release != "":
		release += " or "
	}
	return "It lasts until " + release + "someone lifts it: " + e.lift()
}

// release says which rule would lift the one suppression that is open. What an
// operator or an import opened no rule lifts.
func (e *Explanation) release(p *hygiene.Policy) string {
	open := e.byWeight()
	s := open[0]
	if len(open) > 1 || s.Hand != hygiene.ByRule.String() {
		return ""
	}
	for i := range p.Rules {
		if r := &p.Rules[i]; slices.Contains(r.Then.Release, s.Reason) {
			return fmt.Sprintf("rule %s releases it", r.Name)
		}
	}
	return ""
}

// lift is what to type to lift all that is for good.
func (e *Explanation) lift() string {
	var commands []string
	for _, s := range e.byWeight() {
		switch {
		case s.Until != nil:
		case s.Reason == hygiene.OptedOut:
			commands = append(commands, ui.CommandLine("winnow allow", e.Contact, "--reason "+hygiene.OptedOut))
		default:
			commands = append(commands, ui.CommandLine("winnow allow", e.Contact, ""))
		}
	}
	slices.Sort(commands)
	return strings.Join(slices.Compact(commands), "; ")
}

// lastDecision says what an entry of the ledger did to a contact that is active now.
func lastDecision(l *store.LedgerEntry, c *hygiene.Contact) string {
	by := ""
	switch {
	case l.Rule != "":
		by = " by rule " + l.Rule
	case l.By != "":
		by = " by " + l.By
	}
	if l.Note != "" {
		by += fmt.Sprintf(" (%s)", ui.Shorten(l.Note, maxWidth))
	}
	at := " at " + l.At.String() + by
	switch l.Act {
	case hygiene.Suppressed, hygiene.Renewed:
		return "suppressed for " + l.Reason + at + ", over on " + l.Until.String()
	case hygiene.Released:
		return "released from " + l.Reason + at
	case hygiene.RetrySet:
		text := fmt.Sprintf("retry %d set%s, due at %s", l.Attempt, at, l.Until)
		if c.Retry != nil {
			text += ", lapsed at " + c.Retry.Lapses.String()
		}
		return text
	case hygiene.RetryEnded:
		return fmt.Sprintf("retry %d ended%s", l.Attempt, at)
	case hygiene.GaveUp:
		return fmt.Sprintf("no more retries after bounce %d%s", l.Attempt, at)
	}
	return strings.TrimSpace(string(l.Act)+" "+l.Reason) + at
}
