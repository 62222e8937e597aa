package pagedata

import (
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"winnow/hygiene"
	"winnow/hygiene/wording"
	"winnow/internal/console/view"
	"winnow/internal/ui"
)

// maxDiffLines is how many lines of a difference are shown.
const maxDiffLines = 2000

// diffOf is the difference of two texts, with a few lines around each change.
func diffOf(before, after string) (d view.Diff) {
	const head = 3 // lines that name the texts
	kinds := map[byte]view.DiffKind{' ': view.LineSame, '+': view.LineAdded, '-': view.LineRemoved, '@': view.LinePlace}
	n := 0
	for line := range strings.Lines(string(diff.Diff("a", []byte(before), "b", []byte(after)))) {
		if n++; n <= head {
			continue
		}
		if len(d.Lines) == maxDiffLines {
			d.More++
			continue
		}
		line = strings.TrimSuffix(line, "\n")
		kind, known := kinds[line[0]]
		if !known { // a text that does not end with a line's end
			continue
		}
		text := line[1:]
		if kind == view.LinePlace {
			text = line
		}
		d.Lines = append(d.Lines, view.DiffLine{Kind: kind, Text: ui.Printable(strings.ReplaceAll(strings.TrimSuffix(text, "\r"), "\t", "    "))})
	}
	return d
}

// ruleEdits are the rules that differ between two policies, in the order of the new one,
// then those that are gone. None differ from a policy that can't be read.
func ruleEdits(before, after *hygiene.Policy) (list []view.RuleEdit) {
	if before == nil || after == nil {
		return nil
	}
	words := map[string]string{}
	for i := range before.Rules {
		words[before.Rules[i].Name] = wording.Rule(&before.Rules[i])
	}
	for i := range after.Rules {
		r := &after.Rules[i]
		was, known := words[r.Name]
		delete(words, r.Name)
		switch {
		case !known:
			list = append(list, view.RuleEdit{Name: r.Name, Edit: "new", After: wording.Rule(r)})
		case !after.HasSameRule(before, r.Name):
			list = append(list, view.RuleEdit{Name: r.Name, Edit: "changed", Before: was, After: wording.Rule(r)})
		}
	}
	for i := range before.Rules {
		if was, gone := words[before.Rules[i].Name]; gone {
			list = append(list, view.RuleEdit{Name: before.Rules[i].Name, Edit: "gone", Before: was})
		}
	}
	return list
}
