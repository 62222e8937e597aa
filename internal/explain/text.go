package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/ui"
)

// textWriter shows an explanation to people: all that decides on one screen, and
// everything when it is verbose. Verdicts are words, yes and no, in and out:
// they read well in any font, in a log and aloud.
type textWriter struct {
	io.Writer
	verbose bool
	colored bool // with the colours of a terminal
}

// What a screen that is not verbose shows at most, and how wide a cell is there.
const (
	shownSuppressions = 3
	shownEvents       = 4
	shownSegments     = 10
	maxWidth          = 100
)

// The colours, all of the same length, so that columns keep in line.
var colors = map[string]string{"active": "\x1b[32m", "cooling": "\x1b[33m", "retry": "\x1b[33m", "suppressed": "\x1b[31m",
	"in": "\x1b[32m", "out": "\x1b[31m"}

func (s *textWriter) color(word string) string {
	if !s.colored {
		return word
	}
	return colors[word] + word + "\x1b[0m"
}

// Print prints the explanation: one screen, or all of it when verbose, or the
// conditions of one segment.
func (e *Explanation) Print(out *ui.Printer, cfg *config.Config, segment string, verbose bool) {
	s := &textWriter{Writer: out.Stdout, verbose: verbose, colored: out.Color()}
	if segment != "" {
		s.tree(e, segment)
		return
	}
	s.show(e, cfg)
	if !verbose {
		fmt.Fprintf(out.Stdout, "\n%s shows the conditions, the ledger and the timeline\n", ui.CommandLine("winnow explain", e.Contact, "-v"))
	}
}

// PrintSummary writes what a support person needs, on one screen.
func (e *Explanation) PrintSummary(w io.Writer, cfg *config.Config) {
	(&textWriter{Writer: w}).show(e, cfg)
}

func (s *textWriter) show(e *Explanation, cfg *config.Config) {
	s.headline(e)
	ui.Table(s, s.facts(e))
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
func (s *textWriter) headline(e *Explanation) {
	fmt.Fprintln(s, ui.Printable(e.Contact)+" is "+s.color(e.Status)+ui.Printable(e.state))
	if e.next != "" {
		fmt.Fprintln(s, ui.Printable(e.next))
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
func (s *textWriter) facts(e *Explanation) [][]string {
	var rows [][]string
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, []string{"  " + name, s.cut(text, maxWidth)})
		}
	}
	add("phone", e.Phone)
	open := e.byWeight()
	for i, p := range open {
		if i == shownSuppressions && !s.verbose {
			rows = append(rows, []string{"", "and " + ui.Count(int64(len(open)-i), "more suppression")})
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
			s.cut(e.Retry.MessageID, maxWidth/2), e.Retry.DueAt, e.Retry.LapsesAt)})
	}
	add("tags", strings.Join(e.Tags, ", "))
	add("lists", strings.Join(e.Lists, ", "))
	for i := range e.Pins {
		add("pinned", e.Pins[i].describe())
	}
	var attributes []string
	for _, a := range e.Attributes {
		attributes = append(attributes, a.Name+" "+a.Value.String())
	}
	add("attributes", strings.Join(attributes, ", "))
	add("history", e.historyLine())
	return rows
}

// suppression is the lines of one: what it is, and the latest of the events that
// were counted.
func (s *textWriter) suppression(p *Suppression) [][]string {
	text := p.described
	if n := len(p.Evidence); n > 0 {
		text += ", on " + ui.Count(int64(n), "event")
	}
	if p.Policy != "" {
		text += ", policy " + p.Policy
	}
	if p.Note != "" {
		text += " (" + s.cut(p.Note, maxWidth) + ")"
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
		what := strings.TrimSpace(h.Outcome + " " + s.cut(h.code(), maxWidth/5))
		rows = append(rows, []string{"", fmt.Sprintf("  %s  %s  message %s, event %d", h.At, what, s.cut(h.MessageID, maxWidth/2), h.Seq)})
	}
	if gone := p.gone(); gone != "" {
		rows = append(rows, []string{"", "  " + s.cut(gone, maxWidth)})
	}
	return rows
}

// gone says which of the counted events the log no longer has.
func (s *Suppression) gone() string {
	var gone []string
	for _, seq := range s.Evidence {
		if !slices.ContainsFunc(s.Events, func(h Event) bool { return h.Seq == seq }) {
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

// historyLine is the history on one line.
func (e *Explanation) historyLine() string {
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

func (h OutcomeHistory) count() string {
	if h.More {
		return fmt.Sprint(h.Count, "+")
	}
	return fmt.Sprint(h.Count)
}

// segments is one line for each, with the shortest reason.
func (s *textWriter) segments(e *Explanation, cfg *config.Config) {
	var rows [][]string
	var rest []string
	for _, segment := range cfg.Segments {
		f := e.Conditions[segment.Name]
		if len(rows) == shownSegments {
			rest = append(rest, inOrOut(f.Holds)+" "+segment.Name)
			continue
		}
		rows = append(rows, []string{"  " + s.color(inOrOut(f.Holds)), segment.Name, s.cut(f.Why, maxWidth)})
	}
	ui.Table(s, rows)
	if rest != nil {
		fmt.Fprintf(s, "  and %s: %s\n", ui.Count(int64(len(rest)), "more segment"), s.cut(strings.Join(rest, ", "), maxWidth))
	}
}

func inOrOut(in bool) string {
	if in {
		return "in"
	}
	return "out"
}

// tree is the conditions of one segment, each with its verdict and what it saw.
func (s *textWriter) tree(e *Explanation, segment string) {
	f := e.Conditions[segment]
	of := ""
	if !f.Holds {
		of = " of"
	}
	fmt.Fprintf(s, "%s is %s%s %s: %s\n", ui.Printable(e.Contact), s.color(inOrOut(f.Holds)), of, segment, f.Why)
	ui.Table(s, branches(nil, f.Parts, 1))
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
			rows = append(rows, []string{indent + verdict + ui.Shorten(f.Test, maxWidth), f.Why})
			continue
		}
		word, _, _ := strings.Cut(strings.TrimPrefix(f.Test, "{"), ":")
		rows = branches(append(rows, []string{indent + verdict + word}), f.Parts, depth+1)
	}
	return rows
}

// cut shortens a text that would need more lines of a screen than it is worth.
func (s *textWriter) cut(text string, most int) string {
	if s.verbose {
		return ui.Printable(text)
	}
	return ui.Shorten(ui.Printable(text), most)
}

// printLedger writes what was decided, the latest first.
func (e *Explanation) printLedger(w io.Writer) {
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
		rows = append(rows, []string{l.At.String(), string(l.Act), what, ui.Printable(strings.TrimSpace(by + " " + l.Note))})
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
}

func (e *Explanation) printHistory(w io.Writer) {
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
	ui.Table(w, rows)
	rows = [][]string{{"AT", "SEQ", "OUTCOME", "CODE", "MESSAGE"}}
	for _, t := range slices.Backward(e.Timeline) {
		rows = append(rows, []string{t.At.String(), fmt.Sprint(t.Seq), t.Outcome, ui.Printable(t.code()), ui.Printable(t.MessageID)})
		if len(rows) > 20 {
			break
		}
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
}
