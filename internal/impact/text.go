package impact

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"winnow/hygiene"
	"winnow/internal/ui"
)

// printText shows the plan to people.
func (p *Plan) printText(w io.Writer, path string) {
	if !p.HasChanges() {
		p.printNothing(w, path)
		return
	}
	fmt.Fprintf(w, "plan: %s; nothing was written\n", p.sentence())
	for _, rows := range [][][]string{p.meanings(), p.ruleRows(), p.segmentRows()} {
		if len(rows) > 0 {
			fmt.Fprintln(w)
			ui.Table(w, rows)
		}
	}
	fmt.Fprintln(w)
	for _, line := range p.advice(path) {
		fmt.Fprintln(w, line)
	}
}

func (p *Plan) printNothing(w io.Writer, path string) {
	text := fmt.Sprintf("plan: nothing changes: judged again by %s, all %s stand as they do", path, ui.Count(p.Contacts, "contact"))
	if p.Restated > 0 {
		text += fmt.Sprintf(", %s of them suppressed by a rule that reads otherwise now, with the same effect", ui.Number(p.Restated))
	}
	fmt.Fprintln(w, text)
	if p.Unswept > 0 {
		fmt.Fprintln(w, p.unswept())
	}
	if p.outcomes {
		fmt.Fprintln(w, storedOutcomes)
	}
}

// storedOutcomes is what a plan does not know.
const storedOutcomes = "outcomes of a source are others than in force: stored events keep theirs, and are not in the plan, until winnow reclassify"

// sentence is the plan in one: 1,204 contacts to suppress, 17 to release, …
func (p *Plan) sentence() string {
	text := fmt.Sprintf("%s to suppress, %s to release, %s to retry", ui.Count(p.Suppressed, "contact"), ui.Number(p.Released), ui.Number(p.Retries))
	if p.otherwise > 0 {
		text += fmt.Sprintf(", %s to change otherwise", ui.Number(p.otherwise))
	}
	var changed, entered, left int64
	for _, s := range p.Segments {
		if s.hasChanges() {
			changed, entered, left = changed+1, entered+s.Entered, left+s.Left
		}
	}
	switch changed {
	case 0:
		return text + "; no segment changes"
	case 1:
		return text + fmt.Sprintf("; 1 segment changes (+%s −%s)", ui.Number(entered), ui.Number(left))
	}
	return text + fmt.Sprintf("; %s segments change (+%s −%s)", ui.Number(changed), ui.Number(entered), ui.Number(left))
}

// meanings says of each kind of change what it means.
func (p *Plan) meanings() (rows [][]string) {
	tell := func(name string, n int64, meaning string) {
		if n > 0 {
			rows = append(rows, []string{name, ui.Number(n), meaning})
		}
	}
	tell("suppressed", p.Suppressed, "a rule suppresses them; "+countPhrase(p.newlySuppressed, p.Suppressed,
		"they can be texted today", "they are suppressed for another reason already", "%s of them can be texted today, the others are suppressed for another reason already"))
	tell("released", p.Released, "the rule that suppressed them is gone, says otherwise now or is undone by another; "+countPhrase(p.noLongerSuppressed, p.Released,
		"they can be texted again", "they stay suppressed for another reason", "%s of them can be texted again, the others stay suppressed for another reason"))
	tell("  opted out", p.OptedOut, "of the released had opted out: make sure that they may be texted")
	tell("retries", p.Retries, "a retry is set, or at another time than now")
	tell("dropped retries", p.DroppedRetries, "a retry is called off")
	tell("prolonged", p.Prolonged, "a suppression lasts longer")
	tell("shortened", p.Shortened, "a suppression ends earlier")
	tell("tagged", p.Tagged, "a rule tags them")
	tell("untagged", p.Untagged, "the rule that tagged them is gone, says otherwise now or is undone by another")
	tell("reopened", p.Reopened, "a rule of the review that reads otherwise now had suppressed them: judging again lifts that, the next review suppresses them again")
	tell("restated", p.Restated, "a rule that reads otherwise now suppresses them, with the same effect")
	return rows
}

// countPhrase says what is true of n of all: of each, of none, or of some.
func countPhrase(n, all int64, each, none, some string) string {
	switch n {
	case all:
		return each
	case 0:
		return none
	}
	return fmt.Sprintf(some, ui.Number(n))
}

// ruleRows are the rules of which something changes.
func (p *Plan) ruleRows() (rows [][]string) {
	kinds := p.kindsShown()
	for i := range p.Rules {
		r := &p.Rules[i]
		row, some := []string{r.title()}, int64(0)
		for _, k := range kinds {
			row, some = append(row, ui.Number(r.count.kinds[k])), some+r.count.kinds[k]
		}
		if some > 0 {
			rows = append(rows, append(row, r.samples(kinds)))
		}
	}
	if rows == nil {
		return nil
	}
	head := []string{"RULE"}
	for _, k := range kinds {
		head = append(head, plannedKinds[k].head)
	}
	return slices.Insert(rows, 0, append(head, "SAMPLES"))
}

// kindsShown are the kinds of the first sentence, and those of which there is
// something, but for what has no effect.
func (p *Plan) kindsShown() (kinds []hygiene.PlannedKind) {
	for k := range hygiene.PlannedRestatement {
		if mainKinds.has(k) || slices.ContainsFunc(p.Rules, func(r plannedRule) bool { return r.count.kinds[k] > 0 }) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// title is the rule's name, with how it reads and when it acts.
func (r *plannedRule) title() string {
	var marks []string
	if r.Reading != readsSame {
		marks = append(marks, string(r.Reading))
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

func (r *plannedRule) samples(kinds []hygiene.PlannedKind) string {
	var parts []ui.LabeledSample
	for _, k := range kinds {
		parts = append(parts, ui.LabeledSample{Label: strings.ReplaceAll(plannedKinds[k].name, "_", " "), Keys: r.count.samples[k]})
	}
	return ui.FormatSamples(parts...)
}

// segmentRows are the segments that someone enters or leaves. How many were in
// one is only known of those that read otherwise.
func (p *Plan) segmentRows() (rows [][]string) {
	for _, s := range p.Segments {
		if !s.hasChanges() {
			continue
		}
		before, title := "", s.Name
		if s.Reading != readsSame {
			before, title = ui.Number(*s.Before), marked(s.Name, string(s.Reading))
		}
		rows = append(rows, []string{title, before, ui.Number(s.Entered), ui.Number(s.Left), ui.FormatSamples(ui.LabeledSample{Label: "entered", Keys: s.Came}, ui.LabeledSample{Label: "left", Keys: s.Gone})})
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

// advice says what becomes of the plan.
func (p *Plan) advice(path string) (lines []string) {
	if p.Unswept > 0 {
		lines = append(lines, p.unswept())
	}
	if p.atOnce > 0 {
		how := "once in force, " + path + " judges what comes from then on"
		if p.Policy == p.InForce {
			how = path + " is in force and judges what comes"
		}
		lines = append(lines, how+"; what came before is judged by it only when you run: winnow rejudge --apply -c "+path)
	}
	if p.AtReview > 0 {
		lines = append(lines, fmt.Sprintf("%s by rules of the review: they change with the first review under %s, not by judging again", ui.Count(p.AtReview, "contact"), path))
	}
	if p.outcomes {
		lines = append(lines, storedOutcomes)
	}
	if slices.ContainsFunc(p.Segments, func(s plannedSegment) bool { return s.Reading != readsSame && s.hasChanges() }) {
		lines = append(lines, "segments that are new, changed or gone are so from the next export on")
	}
	return lines
}

func (p *Plan) unswept() string {
	if p.Unswept == 1 {
		return "1 event waits for the next sweep and is not in the plan"
	}
	return ui.Number(p.Unswept) + " events wait for the next sweep and are not in the plan"
}
