package yamldoc

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"winnow/internal/ui"
)

// Problem is one thing that is wrong with a file, or a warning about it, at its
// place.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"` // from 1
	Col  int    `json:"col"`  // from 1, in characters
	Path string `json:"path"` // where in the file's own words; empty for the file as a whole
	Text string `json:"problem"`
	Hint string `json:"hint,omitempty"` // what to do about it; empty for none

	// Snippet is the line of the file with secrets starred out, or, of a very
	// long line, the part around the place. It is empty when the line is.
	Snippet string `json:"snippet,omitempty"`

	at           *yaml.Node // what it is about; nil for a place in the text
	warning      bool       // the file can be used, but probably means something else
	isNew        bool       // earlier versions accepted it
	caret, width int        // where the carets begin in Snippet, from 0, and how many they are
}

// Sentence is the problem on one line, for logs: file:line:col: path: problem
// (hint). A warning has "warning: " before the text.
func (p *Problem) Sentence() string {
	if p.Hint == "" {
		return p.head()
	}
	return p.head() + " (" + p.Hint + ")"
}

func (p *Problem) head() string {
	head := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Col)
	if p.Path != "" {
		head += p.Path + ": "
	}
	if p.warning {
		head += "warning: "
	}
	return head + p.Text
}

// String is the problem as file:line:col: path: problem, and below it the line of the
// file with carets under the place.
func (p *Problem) String() string {
	if p.Snippet == "" {
		return p.Sentence()
	}
	var b strings.Builder
	b.WriteString(p.head())
	fmt.Fprintf(&b, "\n%5d | %s\n%5s | %s%s", p.Line, p.Snippet, "", p.indent(), strings.Repeat("^", p.width))
	if p.Hint != "" {
		b.WriteString(" " + p.Hint)
	}
	return b.String()
}

// indent is the space before the carets, with tabs where the line has tabs, so the
// carets line up.
func (p *Problem) indent() string {
	blank := func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}
	return strings.Map(blank, string([]rune(p.Snippet)[:p.caret]))
}

// ByPlace orders problems as they come in the file.
func ByPlace(a, b Problem) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col)) }

// Problems is everything that is wrong with a file, in its order.
type Problems struct{ List []Problem }

// OnlyNew reports whether earlier versions accepted the file.
func (p *Problems) OnlyNew() bool {
	return !slices.ContainsFunc(p.List, func(p Problem) bool { return !p.isNew })
}

// shown is how many problems are printed. The rest is only counted.
const shown = 50

// Error is the problems, one below the other.
func (p *Problems) Error() string {
	var parts []string
	for i := range p.List {
		if i == shown {
			parts = append(parts, fmt.Sprintf("and %d more problems", len(p.List)-shown))
			break
		}
		parts = append(parts, p.List[i].String())
	}
	return strings.Join(parts, "\n")
}

// The longest snippet, and how much of it comes before the place when it is cut out
// of a longer line.
const (
	snippetWidth = 160
	snippetLead  = 60
)

// snip sets the snippet to the part of the line around the place.
func (p *Problem) snip(line []rune) {
	p.caret = p.Col - 1
	lead := ""
	if len(line) > snippetWidth {
		cut := max(0, min(p.caret-snippetLead, len(line)-snippetWidth))
		line = line[cut : cut+snippetWidth]
		if cut > 0 {
			lead = "…"
		}
		p.caret += len([]rune(lead)) - cut
	}
	text := lead + strings.Map(visible, string(line))
	if strings.TrimSpace(text) == "" {
		return
	}
	p.Snippet = text
	p.width = max(1, min(p.width, len([]rune(text))-p.caret))
}

// visible replaces a control character with a box, of the width that the carets need:
// a file must not control the terminal.
func visible(r rune) rune {
	if r != '\t' && ui.IsControl(r) {
		return '□'
	}
	return r
}

// Quote quotes text of the file in a message, shortened.
func Quote(s string) string { return `"` + Shorten(s, 60) + `"` }

// Shorten leaves out the middle of text of more than n characters.
func Shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(slices.Concat(r[:n/2], []rune("…"), r[len(r)-n/2:]))
}
