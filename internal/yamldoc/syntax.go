package yamldoc

import (
	"errors"
	"fmt"
	"strings"

	yaml4 "go.yaml.in/yaml/v4"
)

// syntaxError is a complaint of the parser, and its problem and hint.
type syntaxError struct {
	complaint  string
	text, hint string
	opening    bool // the place is the start of the construct, not where the rest is missing
}

var syntaxErrors = []syntaxError{
	{"did not find expected key", "expected a key here", "check the indentation", false},
	{"did not find expected '-' indicator", "expected the next \"- \" of the list, or a key with less indentation", "check the indentation", false},
	{"did not find expected ',' or '}'", "the { here is not closed", "close it with }, and put commas between its keys", true},
	{"did not find expected ',' or ']'", "the [ here is not closed", "close it with ], and put commas between its items", true},
	{"found unexpected end of stream", "the quote here is not closed", "close it with the same quote", true},
	{"found unexpected document indicator", "the quote here is not closed", "close it with the same quote", true},
	{"could not find expected ':'", "expected a key and a colon", "write it as key: value", true},
	{"mapping values are not allowed", "a colon is not allowed here", "put the text in quotes, or start a new line", false},
	{"found a tab character", "tabs are not allowed for indentation", "use spaces", false},
	{"found unknown escape character", "unknown escape sequence in quoted text", "write \\\\ for \\, or use single quotes", false},
	{"block sequence entries are not allowed", "a list cannot start here", "start it on a new line", false},
	{"did not find expected node content", "expected a value here", "", false},
	{"unknown anchor", "aliases are not supported", "write the value out", false},
}

// reportSyntax reports why the text is not valid YAML. yaml.v3 often reports a wrong
// line, so the position comes from yaml.v4.
func (d *Document) reportSyntax(text []byte, cause error) {
	complaint := strings.TrimPrefix(cause.Error(), "yaml: ")
	line, col, openLine, openCol := 1, 1, 0, 0
	var tree yaml4.Node
	var placed *yaml4.LoadError
	if errors.As(yaml4.Load(text, &tree), &placed) {
		complaint = placed.Message
		line, col = placed.Mark.Line, placed.Mark.Column
		openLine, openCol = placed.ContextMark.Line, placed.ContextMark.Column
	}
	d.noTree = true
	line, col = d.inText(line, col)
	if d.reportMistake(line, col, complaint) {
		return
	}
	if strings.Contains(complaint, "cannot start any token") {
		d.reportStart(line, col)
		return
	}
	for _, a := range syntaxErrors {
		if !strings.Contains(complaint, a.complaint) {
			continue
		}
		if a.opening && openLine > 0 {
			line, col = openLine, openCol
		}
		d.reportAt(line, col, 1, "", a.text, a.hint)
		return
	}
	if d.mayHoldSecret(min(max(line, 1), len(d.lines))) {
		complaint = "check this line; it is not shown because it may contain a secret" // and so may the complaint
	}
	d.reportAt(line, col, 1, "", "invalid YAML: "+complaint, "")
}

// inText is the position, or the end of the text for a position after it.
func (d *Document) inText(line, col int) (int, int) {
	last := len(d.lines)
	for last > 1 && len(d.lines[last-1]) == 0 {
		last--
	}
	if line <= last {
		return line, col
	}
	return last, len(d.lines[last-1]) + 1
}

// reportStart reports a character that cannot start a value.
func (d *Document) reportStart(line, col int) {
	if line < 1 || col < 1 || col > len(d.lines[line-1]) || d.lines[line-1][col-1] == '\t' {
		d.reportAt(line, col, 1, "", "tabs are not allowed for indentation", "use spaces")
		return
	}
	d.reportAt(line, col, 1, "", fmt.Sprintf("a value cannot start with %c", d.lines[line-1][col-1]), "put the value in quotes")
}
