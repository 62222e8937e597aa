package command

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// helpVerbs are the imperative verbs that help begins with. Add another freely.
var helpVerbs = strings.Fields(`Erase Accept Add Also Append Apply Back Check Compare Confirm Copy Count Deliver Discard Do Draw Exit Explain Fill Find Give Import Keep Lift List Load Manage Measure
	Merge Pin Play Print Publish Pull Put Read Receive Record Remove Repeat Restore Revert Review Run Select Send Show Split Spread Start Suppress Sweep Take Undo Use Verify Write`)

// stilted are words and phrases that help does without.
var stilted = regexp.MustCompile(`(?i)\b(whom|whomever|whoever|is no|are no|is none|at once|by hand|for good|hardly|come again|is told|are told|not said)\b`)

func TestHelpIsImperativeAndNamesDefaults(t *testing.T) {
	texts := 0
	check := func(where, text string, imperative bool) {
		t.Helper()
		texts++
		verb, _, _ := strings.Cut(text, " ")
		if imperative && !slices.Contains(helpVerbs, strings.TrimRight(verb, ".:,")) {
			t.Errorf("%s: help begins with %q and not with an imperative verb: %s", where, verb, text)
		}
		if !strings.HasSuffix(text, ".") || stilted.MatchString(text) {
			t.Errorf("%s: help is not in plain sentences: %s", where, text)
		}
	}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		where := n.FullPath()
		if n.Type == kong.CommandNode {
			check(where, n.Help, true)
		}
		if stilted.MatchString(n.Detail) {
			t.Errorf("%s: the details are not in plain English: %s", where, n.Detail)
		}
		for _, arg := range n.Positional {
			check(where+" "+arg.Summary(), arg.Help, false)
		}
		for _, flag := range n.Flags {
			check(where+" --"+flag.Name, flag.Help, true)
			if flag.Default != "" && !flag.IsBool() && !strings.Contains(flag.Help, "(default: "+flag.Default+")") {
				t.Errorf("%s --%s: help does not name the default %q: %s", where, flag.Name, flag.Default, flag.Help)
			}
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(newParser(&grammar{}).Model.Node)
	if texts < 100 {
		t.Errorf("only %d help texts were found", texts)
	}
}
