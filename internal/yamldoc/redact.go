package yamldoc

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// redaction is what problems must not show of a document.
type redaction struct {
	secrets []secretSpan
	// secretFrom is the first secret whose source text differs from its value. Its
	// end is not known, so the rest of the file is hidden.
	secretFrom *yaml.Node
	// noTree is set after a syntax error: without a tree it is not known what is
	// secret.
	noTree bool
	shown  [][]rune // the lines without secrets, set when all secrets are known
}

// secretSpan is a part of a line.
type secretSpan struct{ line, from, to int } // line from 0

// plainVariable is a secret that may be shown: the name of a variable. A default may
// be a secret itself.
var plainVariable = regexp.MustCompile(`^(\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\})?$`)

// markSecret marks the scalars in a node as secrets, which no snippet shows.
func (d *Document) markSecret(n *yaml.Node) {
	for _, part := range n.Content {
		d.markSecret(part)
	}
	named := n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 // the name may be the secret
	if n.Kind != yaml.ScalarNode || !named && plainVariable.MatchString(n.Value) {
		return
	}
	if from, to, ok := d.extent(n); ok {
		d.secrets = append(d.secrets, secretSpan{n.Line - 1, from, to})
	} else if first := d.secretFrom; first == nil || cmp.Or(n.Line-first.Line, n.Column-first.Column) < 0 {
		d.secretFrom = n
	}
}

// userInURL is the user and password in a URL at any place.
var userInURL = regexp.MustCompile(`://[^\s"'@/]*:[^\s"'@]*@`)

// redacted is the lines of the file with secrets replaced by stars.
func (d *Document) redacted() [][]rune {
	lines := make([][]rune, len(d.lines))
	for i, line := range d.lines {
		lines[i] = slices.Clone(line)
		text := string(line)
		for _, at := range userInURL.FindAllStringIndex(text, -1) {
			star(lines[i][len([]rune(text[:at[0]])):len([]rune(text[:at[1]]))])
		}
	}
	for _, s := range d.secrets {
		star(lines[s.line][s.from:s.to])
	}
	if d.secretFrom == nil {
		return lines
	}
	first := lines[d.secretFrom.Line-1]
	star(first[min(d.secretFrom.Column-1, len(first)):])
	for _, line := range lines[d.secretFrom.Line:] {
		star(line)
	}
	return lines
}

func star(part []rune) {
	for i, r := range part {
		if r != ' ' && r != '"' && r != '\'' {
			part[i] = '*'
		}
	}
}

var (
	secretWord = regexp.MustCompile(`(?i)token|pass|key|url|://`)
	keyOfLine  = regexp.MustCompile(`^[\s-]*["']?[A-Za-z_]+["']?\s*:`)
)

// showLine sets the snippet of a problem to its line of the file, without secrets.
func (d *Document) showLine(p *Problem) {
	if !d.noTree || !mayHoldSecret(d.shown, p.Line) {
		p.snip(d.shown[p.Line-1])
	}
}

// mayHoldSecret reports whether a line may contain a secret, judged without a tree:
// it has a word like token, or belongs to a line above it that has one.
func mayHoldSecret(lines [][]rune, line int) bool {
	indent := indentOf(lines[line-1])
	owned := keyOfLine.MatchString(string(lines[line-1]))
	for i := line - 1; i >= 0; i-- {
		text := string(lines[i])
		key := keyOfLine.MatchString(text)
		above := i == line-1 || !owned && key || indentOf(lines[i]) < indent && strings.TrimSpace(text) != ""
		if above && secretWord.MatchString(text) {
			return true
		}
		if above {
			indent = min(indent, indentOf(lines[i]))
		}
		owned = owned || key
	}
	return false
}

func indentOf(line []rune) int {
	for i, r := range line {
		if r != ' ' && r != '\t' {
			return i
		}
	}
	return len(line)
}
