package yamldoc

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

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

// reportMistake reports a mistake that explains why the text is not valid YAML at a
// position better than the parser does, and reports whether there is one. Lines and
// columns count from 1.
func (d *Document) reportMistake(line, col int, complaint string) bool {
	if at, ok := d.openQuote(line-1, col-1); ok {
		d.reportAt(at.line+1, at.col+1, 1, "", "the quote here is not closed on its line", "close it with the same quote")
		return true
	}
	text := ""
	if line >= 1 && line <= len(d.lines) {
		text = string(d.lines[line-1])
	}
	if at := bareVariable.FindStringIndex(text); at != nil && !quotedAt(text, at[0]) {
		d.reportVariable(line, len([]rune(text[:at[0]]))+1)
		return true
	}
	if !strings.Contains(complaint, "alphabetic or numeric character") {
		return false
	}
	hint := "put the value in quotes"
	if m := bareSchedule.FindStringSubmatch(text); m != nil {
		hint = `put the schedule in quotes: "` + strings.TrimRight(m[1], ",") + `"`
	}
	at := strings.IndexAny(text, "*&")
	if at < 0 {
		return false
	}
	d.reportAt(line, len([]rune(text[:at]))+1, 1, "", "a value cannot start with "+text[at:at+1], hint)
	return true
}

var (
	bareVariable = regexp.MustCompile(`\$\{`)
	bareSchedule = regexp.MustCompile(`[\s:,[{](\*[-*/0-9,]*( +[-*/0-9,]+){4})`)
)

// quotedAt reports whether the position of a line is inside quotes.
func quotedAt(line string, at int) bool {
	quote := rune(0)
	for i, r := range line {
		if i >= at {
			break
		}
		switch {
		case quote == r:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		}
	}
	return quote != 0
}

// reportVariable reports ${NAME} without quotes between braces or brackets, where YAML
// reads its braces.
func (d *Document) reportVariable(line, col int) {
	indent := indentOf(d.lines[line-1])
	for i := line - 2; i >= 0; i-- {
		if indentOf(d.lines[i]) >= indent || strings.TrimSpace(string(d.lines[i])) == "" {
			continue
		}
		indent = indentOf(d.lines[i])
		if key := keyOfLine.FindStringSubmatch(string(d.lines[i])); key != nil && d.isLiteral(key[1]) {
			d.reportAt(line, col, 2, "", "${…} is not expanded here", "write the value itself")
			return
		}
	}
	d.reportAt(line, col, 2, "", "${…} needs quotes here", `write "${NAME}"`)
}

// isLiteral reports whether variables are not expanded below the key.
func (d *Document) isLiteral(key string) bool {
	literal := false
	d.shape.Walk(func(s *Shape) {
		for _, f := range s.Fields {
			literal = literal || f.Literal && f.Key == key
		}
	})
	return literal
}

// openQuote finds a quote that is closed on a later line, near the position of a syntax
// error: it was to be closed on its own, and what follows is read the wrong way round.
func (d *Document) openQuote(line, col int) (open scanner, found bool) {
	s := scanner{lines: d.lines}
	previous := '\n'
	for s.line < line || s.line == line && s.col <= col {
		at := s
		r := s.next()
		switch {
		case r == 0:
			return open, found
		case r == '#' && (previous == '\n' || unicode.IsSpace(previous)):
			s.col = len(s.lines[s.line])
		case (r == '"' || r == '\'') && beginsValue(d.lines[at.line][:at.col]):
			closed := s.quoted(r)
			if s.line > at.line && closed && s.line >= line-1 {
				return at, true
			}
		}
		previous = r
	}
	return open, found
}

// beginsValue reports whether a quote after this part of a line begins a value.
func beginsValue(before []rune) bool {
	text := strings.TrimRight(string(before), " \t")
	if text == "" {
		return true
	}
	spaced := len(text) < len(string(before))
	switch text[len(text)-1] {
	case '[', '{', ',':
		return true
	case ':', '-', '?':
		return spaced
	}
	return false
}

// conflictMarker is a line that git writes where it could not merge two versions.
var conflictMarker = regexp.MustCompile(`^(<{7}|\|{7}|>{7})( |$)`)

// hasConflict reports whether git left a conflict in the file, and adds a problem for it.
func (d *Document) hasConflict() bool {
	for i, line := range d.lines {
		if len(line) >= 7 && conflictMarker.MatchString(string(line)) {
			d.noTree = true
			d.reportAt(i+1, 1, 7, "", "this is a conflict that git left in the file", "keep the lines of one version, and remove those of the other and the markers <<<<<<<, ======= and >>>>>>>")
			return true
		}
	}
	return false
}

// hasForeignSpace reports whether a line has a space that YAML does not know in its
// indentation or beside a sign of YAML, and adds a problem for the first. Within text it
// may be meant, and in a file that was in force it was.
func (d *Document) hasForeignSpace(line int, text []rune) bool {
	if d.options.WasInForce || !strings.ContainsFunc(string(text), isForeignSpace) {
		return false
	}
	indentation := true
	for i, r := range text {
		switch {
		case indentation && r == '#', r == '"', r == '\'':
			return false
		case isForeignSpace(r) && (indentation || strings.ContainsRune(":,-[{", text[i-1]) || i+1 < len(text) && text[i+1] == ':'):
			d.reportAt(line, i+1, 1, "", fmt.Sprintf("invisible character (U+%04X)", r), "replace it by a space, or remove it")
			d.problems[len(d.problems)-1].isNew = true
			return true
		}
		indentation = indentation && (r == ' ' || r == '-')
	}
	return false
}

func isForeignSpace(r rune) bool { return r != ' ' && unicode.In(r, unicode.Zs, unicode.Cf) }
