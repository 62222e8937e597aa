package impact

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/hygiene/forecast"
	"winnow/internal/ui"
)

// Print prints the plan. path is that of the config, for the commands to type.
func (p *Plan) Print(out *ui.Printer, path string) error {
	if out.JSON {
		return out.PrintJSON(p)
	}
	p.print(out.Stdout, path)
	if p.Backtest != nil {
		fmt.Fprintln(out.Stdout)
		p.Backtest.print(out.Stdout)
	}
	return nil
}

func (p *Plan) print(w io.Writer, path string) {
	if !p.HasChanges() {
		text := "plan: " + p.unchanged(path)
		if p.Restated > 0 {
			text += fmt.Sprintf(", %s of them suppressed by a changed rule with the same effect", ui.Number(p.Restated))
		}
		fmt.Fprintln(w, text)
		for _, note := range p.keptNotes(path) {
			fmt.Fprintln(w, note)
		}
		if p.Unswept > 0 {
			fmt.Fprintln(w, p.unsweptNote())
		}
		if p.Sharing > 0 {
			fmt.Fprintln(w, p.sharingNote())
		}
		if p.outcomesDiffer {
			fmt.Fprintln(w, outcomesNote)
		}
		return
	}
	fmt.Fprintf(w, "plan: %s; %s; nothing was written\n", p.counts("%s to suppress, %s to release, %s to retry"), p.segmentCounts())
	p.printTables(w)
	fmt.Fprintln(w)
	for _, warning := range p.Warnings {
		fmt.Fprintln(w, warning)
	}
	for _, line := range p.nextSteps(path) {
		fmt.Fprintln(w, line)
	}
}

// unchanged says that nothing changes.
func (p *Plan) unchanged(path string) string {
	return fmt.Sprintf("nothing changes: rejudged by %s, all %s stay as they are", path, ui.Count(p.Contacts, "contact"))
}

// outcomesNote says what a plan leaves out.
const outcomesNote = "the outcomes of a source differ from those in force: stored events keep theirs until winnow reclassify, and are not in this plan"

func (p *Plan) unsweptNote() string {
	if p.Unswept == 1 {
		return "1 event waits for the next sweep and is not in the plan"
	}
	return ui.Number(p.Unswept) + " events wait for the next sweep and are not in the plan"
}

// counts writes how many contacts are suppressed, released and retried into the
// format, and adds how many change in other ways only.
func (p *Plan) counts(format string) string {
	text := fmt.Sprintf(format, ui.Count(p.Suppressed, "contact"), ui.Number(p.Released), ui.Number(p.Retries))
	if p.otherChanges > 0 {
		text += fmt.Sprintf(", %s with other changes", ui.Number(p.otherChanges))
	}
	return text
}

func (p *Plan) segmentCounts() string {
	var changed, entered, left int64
	for _, s := range p.Segments {
		if s.hasChanges() {
			changed, entered, left = changed+1, entered+s.Entered, left+s.Left
		}
	}
	if changed == 0 {
		return "no segment changes"
	}
	return fmt.Sprintf("%s (+%s −%s)", ui.CountVerb(changed, "segment", "changes", "change"), ui.Number(entered), ui.Number(left))
}

// printTables prints the kinds of changes, the rules and the segments, each table
// after an empty line and only if it has rows.
func (p *Plan) printTables(w io.Writer) {
	for _, rows := range [][][]string{p.kindRows(), p.ruleRows(), p.segmentRows()} {
		if len(rows) > 0 {
			fmt.Fprintln(w)
			ui.Table(w, rows)
		}
	}
}

// kindRows explain each kind of change that occurs.
func (p *Plan) kindRows() (rows [][]string) {
	p.EachKind(func(name string, n int64, meaning string) {
		share := fmt.Sprintf("of %s (%s)", ui.Count(p.Contacts, "contact"), ui.PercentOf(n, p.Contacts))
		rows = append(rows, []string{name, ui.Number(n), share, meaning})
	})
	return rows
}

// Summary says in one sentence what changes.
func (p *Plan) Summary() string {
	if !p.HasChanges() {
		return "nothing changes: all " + ui.Count(p.Contacts, "contact") + " stay as they are"
	}
	return p.counts("%s to suppress, %s to release, %s to retry") + "; " + p.segmentCounts()
}

// Notes say what the plan leaves out; none if that is nothing.
func (p *Plan) Notes() (notes []string) {
	if p.Unswept > 0 {
		notes = append(notes, p.unsweptNote())
	}
	if p.Sharing > 0 {
		notes = append(notes, p.sharingNote())
	}
	if p.outcomesDiffer {
		notes = append(notes, outcomesNote)
	}
	return notes
}

// EachKind calls visit for each kind of change that occurs, with how many contacts have it
// and what it means.
func (p *Plan) EachKind(visit func(name string, n int64, meaning string)) {
	add := func(name string, n int64, meaning string) {
		if n > 0 {
			visit(name, n, meaning)
		}
	}
	add("suppressed", p.Suppressed, "a rule suppresses them; "+allNoneOrSome(p.newlySuppressed, p.Suppressed,
		"they can be texted today", "they are already suppressed for another reason", "%s of them can be texted today, the others are already suppressed for another reason"))
	add("released", p.Released, "the rule that suppressed them is gone, changed or overridden by another; "+allNoneOrSome(p.noLongerSuppressed, p.Released,
		"they can be texted again", "they stay suppressed for another reason", "%s of them can be texted again, the others stay suppressed for another reason"))
	if onlyOptOuts(p.liftedFor) {
		add("  opted out", p.OptedOut, "of the released had opted out; make sure that they may be texted")
	} else {
		add("  protected", p.OptedOut, "of the released were suppressed for "+ui.AndList(slices.Sorted(maps.Keys(p.liftedFor)))+"; make sure that they may be texted")
	}
	add("retries", p.Retries, "a retry is set, or moved to another time")
	add("dropped retries", p.DroppedRetries, "a retry is canceled")
	add("prolonged", p.Prolonged, "a suppression lasts longer")
	add("shortened", p.Shortened, "a suppression ends earlier")
	add("tagged", p.Tagged, "a rule tags them")
	add("untagged", p.Untagged, "the rule that tagged them is gone, changed or overridden by another")
	add("reopened", p.Reopened, "a changed rule of the review had suppressed them: rejudge lifts that, the next review suppresses them again")
	had := "had opted out"
	if !onlyOptOuts(p.keptFor) {
		had = "were suppressed for " + ui.AndList(slices.Sorted(maps.Keys(p.keptFor)))
	}
	add("kept", p.Kept, had+": they stay suppressed although no rule says so any more")
	add("restated", p.Restated, "a changed rule suppresses them, with the same effect")
}

// onlyOptOuts reports whether contacts were counted for no other protected reason.
func onlyOptOuts(byReason map[string]int64) bool {
	return len(byReason) == 0 || len(byReason) == 1 && byReason[hygiene.OptedOut] > 0
}

// allNoneOrSome picks the phrase for n of total.
func allNoneOrSome(n, total int64, all, none, some string) string {
	switch n {
	case total:
		return all
	case 0:
		return none
	}
	return fmt.Sprintf(some, ui.Number(n))
}

// ruleRows are the rules that change something, under a header.
func (p *Plan) ruleRows() (rows [][]string) {
	kinds := p.shownKinds()
	for i := range p.Rules {
		r := &p.Rules[i]
		row, total := []string{r.title()}, int64(0)
		for _, k := range kinds {
			row, total = append(row, ui.Number(r.tally.byKind[k])), total+r.tally.byKind[k]
		}
		if total > 0 {
			rows = append(rows, append(row, r.sampleText(kinds)))
		}
	}
	if rows == nil {
		return nil
	}
	header := []string{"RULE"}
	for _, k := range kinds {
		header = append(header, kindNames[k].column)
	}
	return slices.Insert(rows, 0, append(header, "SAMPLES"))
}

// shownKinds are the kinds that get a column: those of the first sentence, and
// others that occur. What is kept or restated has no effect and gets none.
func (p *Plan) shownKinds() (kinds []forecast.PlannedKind) {
	for k := range forecast.PlannedKept {
		if headlineKinds.has(k) || slices.ContainsFunc(p.Rules, func(r plannedRule) bool { return r.tally.byKind[k] > 0 }) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// title is the name of the rule, with how it was edited and when it acts.
func (r *plannedRule) title() string {
	var marks []string
	if r.Edit != editNone {
		marks = append(marks, string(r.Edit))
	}
	if r.AtReview {
		marks = append(marks, "at the next review")
	}
	return marked(r.Name, marks...)
}

func marked(name string, marks ...string) string {
	if len(marks) == 0 {
		return name
	}
	return name + " (" + strings.Join(marks, ", ") + ")"
}

func (r *plannedRule) sampleText(kinds []forecast.PlannedKind) string {
	var samples []ui.LabeledSample
	for _, k := range kinds {
		samples = append(samples, ui.LabeledSample{Label: strings.ReplaceAll(kindNames[k].key, "_", " "), Keys: r.tally.samples[k]})
	}
	return ui.FormatSamples(samples...)
}

// segmentRows are the segments that contacts enter or leave, under a header. The
// column of sizes is left out when no size is known.
func (p *Plan) segmentRows() (rows [][]string) {
	for _, s := range p.Segments {
		if !s.hasChanges() {
			continue
		}
		before, title := "", s.Name
		if s.Edit != editNone {
			before, title = ui.Number(*s.Before), marked(s.Name, string(s.Edit))
		}
		samples := ui.FormatSamples(ui.LabeledSample{Label: "entered", Keys: s.EnteredSample}, ui.LabeledSample{Label: "left", Keys: s.LeftSample})
		rows = append(rows, []string{title, before, ui.Number(s.Entered), ui.Number(s.Left), samples})
	}
	if rows == nil {
		return nil
	}
	rows = slices.Insert(rows, 0, []string{"SEGMENT", "BEFORE", "ENTERED", "LEFT", "SAMPLES"})
	if !slices.ContainsFunc(rows[1:], func(row []string) bool { return row[1] != "" }) {
		for i := range rows {
			rows[i] = slices.Delete(rows[i], 1, 2)
		}
	}
	return rows
}

// nextSteps say when the changes take effect, and what to do for it.
func (p *Plan) nextSteps(path string) (lines []string) {
	if p.Unswept > 0 {
		lines = append(lines, p.unsweptNote())
	}
	if p.Sharing > 0 {
		lines = append(lines, p.sharingNote())
	}
	if p.atRejudge > 0 {
		when := "once in force, " + path + " judges new events"
		if p.Policy == p.InForce {
			when = path + " is in force and judges new events"
		}
		lines = append(lines, when+", and all events of a contact when one of them arrives late or someone changes the contact; to apply it to all contacts: winnow rejudge --apply -c "+path)
	}
	if p.AtReview > 0 {
		lines = append(lines, fmt.Sprintf("%s by rules of the review: they change with the first review under %s, not before", ui.Count(p.AtReview, "contact"), path))
	}
	if p.outcomesDiffer {
		lines = append(lines, outcomesNote)
	}
	if slices.ContainsFunc(p.Segments, func(s plannedSegment) bool { return s.Edit != editNone && s.hasChanges() }) {
		lines = append(lines, "segments that are new, changed or gone take effect with the next export")
	}
	return lines
}
