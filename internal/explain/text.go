package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// textWriter prints an explanation for people: what decides on one screen, or
// everything when it is verbose. Verdicts are words, yes and no, in and out: they
// read well in any font, in a log and aloud.
type textWriter struct {
	io.Writer
	verbose bool
	colored bool // with the colors of a terminal
}

// The limits of a screen that is not verbose, and of the timeline.
const (
	maxSuppressions = 3
	maxEvents       = 4 // of a suppression
	maxSegments     = 10
	maxTimeline     = 20
	maxWidth        = 100 // of a cell
)

// colors are all of the same length, so columns stay aligned.
var colors = map[string]string{"active": "\x1b[32m", "cooling": "\x1b[33m", "retry": "\x1b[33m", "suppressed": "\x1b[31m",
	"in": "\x1b[32m", "out": "\x1b[31m"}

func (w *textWriter) color(word string) string {
	if !w.colored {
		return word
	}
	return colors[word] + word + "\x1b[0m"
}

// Print prints the explanation: one screen, or everything when verbose. With a
// segment it prints only the conditions of that segment.
func (e *Explanation) Print(out *ui.Printer, cfg *config.Config, segment string, verbose bool) {
	w := &textWriter{Writer: out.Stdout, verbose: verbose, colored: out.Color()}
	if segment != "" {
		w.printConditions(e, segment)
		return
	}
	w.print(e, cfg)
	if !verbose {
		fmt.Fprintf(out.Stdout, "\n%s shows the conditions, the ledger and the timeline\n", ui.CommandLine("winnow explain", e.name(), "-v"+e.flags))
	}
}

// PrintStatus prints who, status and why, and what happens next.
func (e *Explanation) PrintStatus(out *ui.Printer) {
	(&textWriter{Writer: out.Stdout, colored: out.Color()}).printStatus(e)
}

// PrintSummary prints one screen without colors.
func (e *Explanation) PrintSummary(w io.Writer, cfg *config.Config) {
	(&textWriter{Writer: w}).print(e, cfg)
}

func (w *textWriter) print(e *Explanation, cfg *config.Config) {
	w.printStatus(e)
	ui.Table(w, w.facts(e))
	w.printAllSegments(e, cfg)
	if !w.verbose {
		return
	}
	w.printLedger(e)
	w.printHistory(e)
	w.printTimeline(e)
}

// printAllSegments prints which segments a contact is in; numbers are in none.
func (w *textWriter) printAllSegments(e *Explanation, cfg *config.Config) {
	if e.isNumber() || len(cfg.Segments) == 0 {
		return
	}
	fmt.Fprintln(w)
	if !w.verbose {
		w.printSegments(e, cfg)
		return
	}
	for _, segment := range cfg.Segments {
		w.printConditions(e, segment.Name)
	}
}

// printStatus prints who, status and why, and below it what happens next.
func (w *textWriter) printStatus(e *Explanation) {
	if e.AskedAs != "" {
		fmt.Fprintf(w, "%s was merged into %s\n", ui.Printable(e.AskedAs), ui.Printable(e.Contact))
	}
	ui.WriteStyled(w.Writer, ui.Printable(e.name())+" is "+w.color(e.Status)+ui.Printable(e.reason)+"\n")
	if e.next != "" {
		fmt.Fprintln(w, ui.Printable(e.next))
	}
	later := int64(0)
	for _, event := range e.Timeline {
		if event.At > e.AsOf {
			later++
		}
	}
	if strings.Contains(e.flags, "--as-of") {
		w.printPruned(e)
	}
	if later > 0 {
		fmt.Fprintf(w, "%s later than that; what follows includes later changes\n", ui.CountVerb(later, "event", "is", "are"))
	}
}

// facts is what is known of the contact, a line each.
func (w *textWriter) facts(e *Explanation) [][]string {
	var rows [][]string
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, []string{"  " + name, w.shorten(text, maxWidth)})
		}
	}
	add("merged", strings.Join(e.MergedFrom, ", "))
	if !e.isNumber() {
		add("phone", e.Phone)
	}
	open := e.openSuppressions()
	for i, s := range open {
		if i == maxSuppressions && !w.verbose {
			rows = append(rows, []string{"", "and " + ui.Count(int64(len(open)-i), "more suppression")})
			break
		}
		rows = append(rows, w.suppression(s)...)
	}
	for i := range e.Suppressions {
		if e.Suppressions[i].Held != 0 {
			rows = append(rows, w.suppression(&e.Suppressions[i])...)
		}
	}
	if e.Retry != nil {
		rows = append(rows, w.retry(e)...)
	}
	add("tags", strings.Join(e.Tags, ", "))
	add("lists", strings.Join(e.Lists, ", "))
	for i := range e.Pins {
		add("pinned", e.describePin(&e.Pins[i]))
	}
	var attributes []string
	for _, a := range e.Attributes {
		attributes = append(attributes, a.Name+" "+a.Value.String())
	}
	add("attributes", strings.Join(attributes, ", "))
	if history := e.historyLine(); history != "" {
		rows = append(rows, []string{"  history", ui.Printable(history)}) // a line that is cut would hide an outcome
	}
	return rows
}

// suppression is the lines of one suppression: what it is, and the latest of the
// events that were counted.
func (w *textWriter) suppression(s *view.Suppression) [][]string {
	text := s.Summary
	if len(s.Evidence) > 0 {
		text += ", on " + countEvents(s)
	}
	switch {
	case s.By != ByNumber && s.Number != "":
		text += ", on the contact and on its number " + s.Number
	case s.Number != "" && s.Whose == "" && s.From != "":
		text += ", on its number " + s.Number
	}
	if s.Policy != "" {
		text += ", policy " + s.Policy
	}
	if s.Note != "" {
		text += " (" + w.shorten(s.Note, maxWidth) + ")"
	}
	rows := [][]string{{"  suppressed", text}}
	if s.Held != 0 {
		rows[0] = []string{"  held", text + fmt.Sprintf("; waits for the review of breaker trip %d", s.Held)}
	}
	events := s.Events
	if len(events) > maxEvents && !w.verbose {
		events = events[len(events)-maxEvents:]
		rows = append(rows, []string{"", fmt.Sprintf("  the latest %d of these:", maxEvents)})
	}
	for _, e := range events {
		outcome := strings.TrimSpace(e.Outcome + " " + w.shorten(codeText(&e), maxWidth/5))
		rows = append(rows, []string{"", fmt.Sprintf("  %s  %s  message %s, event %d", w.time(e.At), outcome, w.shorten(e.MessageID, maxWidth/2), e.Seq)})
	}
	if missing := missingEvents(s); missing != "" {
		rows = append(rows, []string{"", "  " + w.shorten(missing, maxWidth)})
	}
	return rows
}

// missingEvents says which of the counted events are no longer in the log.
func missingEvents(s *view.Suppression) string {
	var missing []string
	for _, seq := range s.Evidence {
		if !slices.ContainsFunc(s.Events, func(e view.Event) bool { return e.Seq == seq }) {
			missing = append(missing, fmt.Sprint(seq))
		}
	}
	switch len(missing) {
	case 0:
		return ""
	case 1:
		return "event " + missing[0] + " is no longer in the log"
	}
	return "events " + strings.Join(missing, ", ") + " are no longer in the log"
}

func (e *Explanation) describePin(p *view.Pin) string {
	text := p.Pin + " " + p.Segment
	if !p.Acts {
		text += ", without effect,"
	}
	text += fmt.Sprintf(" by %s since %s", p.By, e.moment(p.At))
	if p.Note != "" {
		text += " (" + p.Note + ")"
	}
	return text
}

// historyLine is the history on one line.
func (e *Explanation) historyLine() string {
	var counts []string
	var latestAt hygiene.Instant
	latest := ""
	for _, name := range hygiene.OutcomeNames() {
		h, ok := e.History[name]
		if !ok {
			continue
		}
		counts = append(counts, countText(h)+" "+name)
		if h.LastAt >= latestAt {
			latest, latestAt = name, h.LastAt
		}
	}
	if counts == nil {
		return ""
	}
	return fmt.Sprintf("latest %s at %s; %s", latest, e.moment(latestAt), strings.Join(counts, ", "))
}

// countText is the count, with a plus when older ones were dropped.
func countText(h view.OutcomeHistory) string {
	if h.More {
		return fmt.Sprint(h.Count, "+")
	}
	return fmt.Sprint(h.Count)
}

// printSegments prints one line for each segment, with the shortest reason.
func (w *textWriter) printSegments(e *Explanation, cfg *config.Config) {
	var rows [][]string
	var rest []string
	for _, segment := range cfg.Segments {
		f := e.Conditions[segment.Name]
		if len(rows) == maxSegments {
			rest = append(rest, inOrOut(f.Holds)+" "+segment.Name)
			continue
		}
		rows = append(rows, []string{"  " + inOrOut(f.Holds), segment.Name, w.shorten(w.why(&f), maxWidth)})
	}
	ui.StyledTable(w.Writer, rows, func(column int, cell string) string {
		if column > 0 {
			return cell
		}
		return "  " + w.color(strings.TrimSpace(cell))
	})
	if rest != nil {
		fmt.Fprintf(w, "  and %s: %s\n", ui.Count(int64(len(rest)), "more segment"), w.shorten(strings.Join(rest, ", "), maxWidth))
	}
}

func inOrOut(in bool) string {
	if in {
		return "in"
	}
	return "out"
}

// printConditions prints the conditions of one segment as a tree, each with its
// verdict and what it saw.
func (w *textWriter) printConditions(e *Explanation, segment string) {
	f := e.Conditions[segment]
	where := w.color(inOrOut(f.Holds))
	if !f.Holds {
		where += " of"
	}
	ui.WriteStyled(w.Writer, fmt.Sprintf("%s is %s %s: %s\n", ui.Printable(e.Contact), where, ui.Printable(segment), ui.Printable(w.why(&f))))
	ui.Table(w, w.conditionRows(nil, f.Parts, 1))
}

func (w *textWriter) conditionRows(rows [][]string, parts []hygiene.Finding, depth int) [][]string {
	for i := range parts {
		f := &parts[i]
		verdict := "no   "
		if f.Holds {
			verdict = "yes  "
		}
		indent := strings.Repeat("     ", depth)
		if f.Operator == "" {
			rows = append(rows, []string{indent + verdict + ui.Shorten(f.Test, maxWidth), w.why(f)})
			continue
		}
		rows = w.conditionRows(append(rows, []string{indent + verdict + f.Operator}), f.Parts, depth+1)
	}
	return rows
}

// time writes a time of a table: in whole seconds, or exactly when it is verbose.
func (w *textWriter) time(at hygiene.Instant) string {
	if w.verbose {
		return at.String()
	}
	return seconds(at)
}

// why is the reason of a verdict.
func (w *textWriter) why(f *hygiene.Finding) string { return f.Why.Format(w.time) }

// shorten makes a text safe to print, and cuts it unless everything is shown.
func (w *textWriter) shorten(text string, most int) string {
	if w.verbose {
		return ui.Printable(text)
	}
	return ui.Shorten(ui.Printable(text), most)
}

// printLedger prints what was decided, the latest first.
func (w *textWriter) printLedger(e *Explanation) {
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
		if l.number != "" {
			what = strings.TrimSpace(what + " on " + l.number)
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

func (w *textWriter) printHistory(e *Explanation) {
	if len(e.History) == 0 {
		return
	}
	rows := [][]string{{"OUTCOME", "COUNT", "FIRST", "LAST"}}
	for _, name := range hygiene.OutcomeNames() {
		if h, ok := e.History[name]; ok {
			rows = append(rows, []string{name, countText(h), h.FirstAt.String(), h.LastAt.String()})
		}
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
}

// printTimeline prints the events, the latest first.
func (w *textWriter) printTimeline(e *Explanation) {
	if len(e.History) == 0 {
		return
	}
	rows := [][]string{{"AT", "SEQ", "OUTCOME", "CODE", "MESSAGE"}}
	for i := range slices.Backward(e.Timeline) {
		if len(rows) > maxTimeline {
			break
		}
		event := &e.Timeline[i]
		rows = append(rows, []string{event.At.String(), fmt.Sprint(event.Seq), event.Outcome, ui.Printable(codeText(event)), ui.Printable(event.MessageID) + toNumber(event)})
	}
	fmt.Fprintln(w)
	ui.Table(w, rows)
	w.printPruned(e)
}
