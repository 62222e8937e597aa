package command

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/internal/config"
)

// screen shows an explanation to people: all that decides on one screen, and
// everything when it is verbose. Verdicts are words, yes and no, in and out:
// they read well in any font, in a log and aloud.
type screen struct {
	io.Writer
	verbose bool
	paint   bool // with the colours of a terminal
}

// What a screen that is not verbose shows at most, and how wide a cell is there.
const (
	shownSuppressions = 3
	shownEvents       = 4
	shownSegments     = 10
	wide              = 100
)

// inColour tells whether who looks at the answer has colours and wants them.
func (c *call) inColour() bool {
	w := c.Stdout
	if checked, ok := w.(*checkedWriter); ok {
		w = checked.Writer
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && isTerminal(w)
}

// The colours, all of the same length, so that columns keep in line.
var colours = map[string]string{"active": "\x1b[32m", "cooling": "\x1b[33m", "retry": "\x1b[33m", "suppressed": "\x1b[31m",
	"in": "\x1b[32m", "out": "\x1b[31m"}

func (s *screen) colour(word string) string {
	if !s.paint {
		return word
	}
	return colours[word] + word + "\x1b[0m"
}

// print writes the explanation for a support person: one screen.
func (e *explanation) print(w io.Writer, cfg *config.Config) { (&screen{Writer: w}).show(e, cfg) }

func (s *screen) show(e *explanation, cfg *config.Config) {
	s.headline(e)
	table(s, s.facts(e))
	if len(cfg.Segments) > 0 {
		fmt.Fprintln(s)
	}
	if !s.verbose {
		s.segments(e, cfg)
		return
	}
	for _, segment := range cfg.Segments {
		s.tree(e, segment.Name)
	}
	e.printLedger(s)
	e.printHistory(s)
}

// headline is who, status and why, and below it what happens next.
func (s *screen) headline(e *explanation) {
	is := e.Contact + " is "
	fmt.Fprintln(s, printable(is)+s.colour(e.Status)+printable(strings.TrimPrefix(e.state, is+e.Status)))
	if e.next != "" {
		fmt.Fprintln(s, printable(e.next))
	}
	later := 0
	for _, h := range e.Timeline {
		if h.At > e.AsOf {
			later++
		}
	}
	if later > 0 {
		fmt.Fprintf(s, "Of its events %d came later than that, and what they changed is shown as it is now\n", later)
	}
}

// facts is what is known of the contact, a line each.
func (s *screen) facts(e *explanation) [][]string {
	var rows [][]string
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, []string{"  " + name, s.cut(text, wide)})
		}
	}
	add("phone", e.Phone)
	open := e.byWeight()
	for i, p := range open {
		if i == shownSuppressions && !s.verbose {
			rows = append(rows, []string{"", "and " + plural(int64(len(open)-i), "more suppression")})
			break
		}
		rows = append(rows, s.suppression(p)...)
	}
	for i := range e.Suppressions {
		if e.Suppressions[i].Held != 0 {
			rows = append(rows, s.suppression(&e.Suppressions[i])...)
		}
	}
	if e.Retry != nil {
		rows = append(rows, []string{"  retry", fmt.Sprintf("%s, message %s: due %s, lapses %s", e.Retry.count(),
			s.cut(e.Retry.MessageID, wide/2), e.Retry.DueAt, e.Retry.LapsesAt)})
	}
	add("tags", strings.Join(e.Tags, ", "))
	add("lists", strings.Join(e.Lists, ", "))
	for i := range e.Pins {
		add("pinned", e.Pins[i].words())
	}
	var attributes []string
	for _, a := range e.Attributes {
		attributes = append(attributes, a.Name+" "+a.Value.String())
	}
	add("attributes", strings.Join(attributes, ", "))
	add("history", e.seen())
	return rows
}

// suppression is the lines of one: what it is, and the latest of the events that
// were counted.
func (s *screen) suppression(p *suppression) [][]string {
	text := p.stands
	if n := len(p.Evidence); n > 0 {
		text += ", on " + plural(int64(n), "event")
	}
	if p.Policy != "" {
		text += ", policy " + p.Policy
	}
	if p.Note != "" {
		text += " (" + s.cut(p.Note, wide) + ")"
	}
	rows := [][]string{{"  suppressed", text}}
	if p.Held != 0 {
		rows[0] = []string{"  held", text + fmt.Sprintf("; trip %d of the breaker waits for review", p.Held)}
	}
	events := p.Events
	if len(events) > shownEvents && !s.verbose {
		events = events[len(events)-shownEvents:]
		rows = append(rows, []string{"", "  the latest " + fmt.Sprint(shownEvents) + " of these:"})
	}
	for _, h := range events {
		what := strings.TrimSpace(h.Outcome + " " + s.cut(h.code(), wide/5))
		rows = append(rows, []string{"", fmt.Sprintf("  %s  %s  message %s, event %d", h.At, what, s.cut(h.MessageID, wide/2), h.Seq)})
	}
	if gone := p.gone(); gone != "" {
		rows = append(rows, []string{"", "  " + s.cut(gone, wide)})
	}
	return rows
}

// gone says which of the counted events the log no longer has.
func (s *suppression) gone() string {
	var gone []string
	for _, seq := range s.Evidence {
		if !slices.ContainsFunc(s.Events, func(h happening) bool { return h.Seq == seq }) {
			gone = append(gone, fmt.Sprint(seq))
		}
	}
	switch len(gone) {
	case 0:
		return ""
	case 1:
		return "event " + gone[0] + " is no longer in the log"
	}
	return "events " + strings.Join(gone, ", ") + " are no longer in the log"
}

// seen is the history on one line.
func (e *explanation) seen() string {
	var seen []string
	latest, of := hygiene.Instant(0), ""
	for _, name := range hygiene.OutcomeNames() {
		h, ok := e.History[name]
		if !ok {
			continue
		}
		seen = append(seen, h.count()+" "+name)
		if h.LastAt >= latest {
			latest, of = h.LastAt, name
		}
	}
	if seen == nil {
		return ""
	}
	return fmt.Sprintf("the latest is %s of %s; %s", of, latest, strings.Join(seen, ", "))
}

func (h outcomeSeen) count() string {
	if h.More {
		return fmt.Sprint(h.Count, "+")
	}
	return fmt.Sprint(h.Count)
}

// segments is one line for each, with the shortest reason.
func (s *screen) segments(e *explanation, cfg *config.Config) {
	var rows [][]string
	var rest []string
	for _, segment := range cfg.Segments {
		f := e.Conditions[segment.Name]
		if len(rows) == shownSegments {
			rest = append(rest, inOrOut(f.Holds)+" "+segment.Name)
			continue
		}
		rows = append(rows, []string{"  " + s.colour(inOrOut(f.Holds)), segment.Name, s.cut(f.Why.String(), wide)})
	}
	table(s, rows)
	if rest != nil {
		fmt.Fprintf(s, "  and %s: %s\n", plural(int64(len(rest)), "more segment"), s.cut(strings.Join(rest, ", "), wide))
	}
}

func inOrOut(in bool) string {
	if in {
		return "in"
	}
	return "out"
}

// tree is the conditions of one segment, each with its verdict and what it saw.
func (s *screen) tree(e *explanation, segment string) {
	f := e.Conditions[segment]
	of := ""
	if !f.Holds {
		of = " of"
	}
	fmt.Fprintf(s, "%s is %s%s %s: %s\n", printable(e.Contact), s.colour(inOrOut(f.Holds)), of, segment, f.Why)
	table(s, branches(nil, f.Parts, 1))
}

func branches(rows [][]string, parts []hygiene.Finding, depth int) [][]string {
	for i := range parts {
		f := &parts[i]
		verdict := "no   "
		if f.Holds {
			verdict = "yes  "
		}
		indent := strings.Repeat("     ", depth)
		if f.Parts == nil {
			rows = append(rows, []string{indent + verdict + shortened(f.Test, wide), f.Why.String()})
			continue
		}
		word, _, _ := strings.Cut(strings.TrimPrefix(f.Test, "{"), ":")
		rows = branches(append(rows, []string{indent + verdict + word}), f.Parts, depth+1)
	}
	return rows
}

// cut shortens a text that would need more lines of a screen than it is worth.
func (s *screen) cut(text string, most int) string {
	if s.verbose {
		return printable(text)
	}
	return shortened(printable(text), most)
}

// printable takes out what would act on a terminal: message ids, codes and
// attributes are written by strangers.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
}

func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// printLedger writes what was decided, the latest first.
func (e *explanation) printLedger(w io.Writer) {
	if len(e.ledger) == 0 {
		return
	}
	rows := [][]string{{"DECIDED", "WHAT", "", "BY"}}
	for _, l := range e.ledger {
		what := l.Reason
		if l.Attempt > 0 {
			what = fmt.Sprintf("attempt %d", l.Attempt)
		}
		if l.Until != 0 {
			what = strings.TrimSpace(what + " until " + l.Until.String())
		}
		if l.Held != 0 {
			what = strings.TrimSpace(fmt.Sprintf("%s, held by trip %d", what, l.Held))
		}
		by := l.By
		if l.Rule != "" {
			by = "rule " + l.Rule
		}
		rows = append(rows, []string{l.At.String(), string(l.Act), what, printable(strings.TrimSpace(by + " " + l.Note))})
	}
	fmt.Fprintln(w)
	table(w, rows)
}

func (e *explanation) printHistory(w io.Writer) {
	if len(e.History) == 0 {
		return
	}
	rows := [][]string{{"OUTCOME", "COUNT", "FIRST", "LAST"}}
	for _, name := range hygiene.OutcomeNames() {
		if h, ok := e.History[name]; ok {
			rows = append(rows, []string{name, h.count(), h.FirstAt.String(), h.LastAt.String()})
		}
	}
	fmt.Fprintln(w)
	table(w, rows)
	rows = [][]string{{"AT", "SEQ", "OUTCOME", "CODE", "MESSAGE"}}
	for _, t := range slices.Backward(e.Timeline) {
		rows = append(rows, []string{t.At.String(), fmt.Sprint(t.Seq), t.Outcome, printable(t.code()), printable(t.MessageID)})
		if len(rows) > 20 {
			break
		}
	}
	fmt.Fprintln(w)
	table(w, rows)
}
