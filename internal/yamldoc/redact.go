package yamldoc

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// redaction is what problems must not show of a document: values of secret keys, of
// keys that the file's shape does not know, and text that looks like a token.
type redaction struct {
	secrets  []span
	isSecret map[*yaml.Node]bool
	expanded map[*yaml.Node]string // the values of variables in text that is not secret
	// secretFrom is the first secret whose end is not known; the rest of the file is
	// hidden.
	secretFrom *yaml.Node
	// noTree is set after a syntax error: without a tree it is not known what is
	// secret.
	noTree bool
	keys   map[string]bool // see harmless
	shown  [][]rune        // the lines without secrets, set when all secrets are known
}

// plainVariable is a secret that may be shown: the name of a variable. A default may
// be a secret itself.
var plainVariable = regexp.MustCompile(`^(\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\})?$`)

// markSecret marks the scalars in a node as secrets, which no problem shows.
func (d *Document) markSecret(n *yaml.Node) {
	for _, part := range n.Content {
		d.markSecret(part)
	}
	named := n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 // the name may be the secret
	if n.Kind != yaml.ScalarNode || !named && plainVariable.MatchString(n.Value) || d.isSecret[n] {
		return
	}
	d.isSecret[n] = true
	if at, ok := d.spanOf(n); ok {
		d.secrets = append(d.secrets, at)
	} else if first := d.secretFrom; first == nil || cmp.Or(n.Line-first.Line, n.Column-first.Column) < 0 {
		d.secretFrom = n
	}
}

// markUnknown marks the values under a key that does not belong where it is: all of
// them if the file has no such key at all, or one for a secret.
func (d *Document) markUnknown(key string, n *yaml.Node) {
	switch {
	case n.Kind == yaml.MappingNode:
		for inner, value := range pairs(n) {
			if d.harmless()[key] {
				d.markUnknown(inner.Value, value)
			} else {
				d.markUnknown("", value)
			}
		}
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			d.markUnknown(key, item)
		}
	case !d.harmless()[key] && n.ShortTag() != "!!bool":
		d.markSecret(n)
	}
}

// harmless is the keys of the file's shape that hold no secret at any place.
func (d *Document) harmless() map[string]bool {
	if d.keys != nil {
		return d.keys
	}
	d.keys = map[string]bool{}
	d.shape.Walk(func(s *Shape) {
		for _, f := range s.Fields {
			shown, seen := d.keys[f.Key]
			d.keys[f.Key] = !f.Shape.holdsSecret() && (shown || !seen)
		}
	})
	return d.keys
}

// markIfToken marks the scalars in a value that is wrong if they may be tokens.
func (d *Document) markIfToken(n *yaml.Node) {
	for _, part := range n.Content {
		d.markIfToken(part)
	}
	if n.Kind == yaml.ScalarNode && mayBeToken.MatchString(n.Value) && strings.ContainsAny(n.Value, "0123456789") && strings.ToUpper(n.Value) != strings.ToLower(n.Value) {
		d.markSecret(n)
	}
}

var mayBeToken = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]{16,}$`)

// userInURL is the user and password in a URL at any place, queryInURL a parameter.
var (
	userInURL  = regexp.MustCompile(`://[^\s"'@/]*:[^\s"'@]*@`)
	queryInURL = regexp.MustCompile(`://[^\s"'?]*\?[^\s"',}\]]+`)
)

// redacted is the lines of the file with secrets replaced by stars.
func (d *Document) redacted() [][]rune {
	lines := make([][]rune, len(d.lines))
	for i, line := range d.lines {
		text := string(line)
		lines[i] = []rune(starURLs(starTokens(text)))
	}
	for _, s := range d.secrets {
		for i := s.line; i <= s.toLine; i++ {
			from, to := 0, len(lines[i])
			if i == s.line {
				from = s.from
			}
			if i == s.toLine {
				to = s.to
			}
			star(lines[i][from:to])
		}
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

func starAll(text string) string {
	r := []rune(text)
	star(r)
	return string(r)
}

// starURLs stars out the password and the parameters of URLs.
func starURLs(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	text = userInURL.ReplaceAllStringFunc(text, starAll)
	return queryInURL.ReplaceAllStringFunc(text, func(url string) string {
		at := strings.IndexByte(url, '?') + 1
		return url[:at] + starAll(url[at:])
	})
}

// wordsLikeTokens finds what may look like a token: long runs of letters and digits,
// also with the characters of base64 between them. A fingerprint is public.
var wordsLikeTokens = regexp.MustCompile(`(SHA256:)?[A-Za-z0-9+/_-]{16,}`)

// starTokens stars out what looks like a token.
func starTokens(text string) string {
	return wordsLikeTokens.ReplaceAllStringFunc(text, func(word string) string {
		if strings.HasPrefix(word, "SHA256:") || !looksLikeToken(word) {
			return word
		}
		return starAll(word)
	})
}

// looksLikeToken reports whether a word is made by a machine: letters and digits are
// mixed in a run that no name has, or change all the time.
func looksLikeToken(word string) bool {
	kind := func(c byte) int {
		switch {
		case c >= '0' && c <= '9':
			return 0
		case c >= 'a' && c <= 'z':
			return 1
		case c >= 'A' && c <= 'Z':
			return 2
		}
		return 3
	}
	var count [4]int
	changes, run, runDigits := 0, 0, 0
	for i := range len(word) {
		k := kind(word[i])
		count[k]++
		if i > 0 && k != kind(word[i-1]) {
			changes++
		}
		if k == 3 {
			run, runDigits = 0, 0
			continue
		}
		run++
		if k == 0 {
			runDigits++
		}
		if run >= 16 && runDigits >= 3 && run-runDigits >= 3 {
			return true
		}
	}
	return count[0] >= 3 && count[1]+count[2] >= 3 && changes*9 >= len(word)*4
}

// hide removes from a problem what must not be shown, and adds its line.
func (d *Document) hide(p *Problem) {
	if n := p.at; n != nil {
		if d.isSecret[n] {
			p.Text, p.Hint = without(p.Text, n.Value, "***"), without(p.Hint, n.Value, "***")
		}
		if value := d.expanded[n]; value != "" {
			p.Text, p.Hint = without(p.Text, value, n.Value), without(p.Hint, value, n.Value)
		}
	}
	p.Text, p.Hint, p.Path = starURLs(starTokens(p.Text)), starURLs(starTokens(p.Hint)), starTokens(p.Path)
	if !d.noTree || !d.mayHoldSecret(p.Line) {
		p.snip(d.shown[p.Line-1])
	}
}

// without replaces a value in a message, also where the message shortens it.
func without(message, value, by string) string {
	for _, n := range []int{len(value), 80, 60, 40} {
		if short := Shorten(value, n); len(short) >= 3 {
			message = strings.ReplaceAll(message, short, by)
		}
	}
	return message
}

var (
	secretWord = regexp.MustCompile(`(?i)token|pass|pwd|key|secret|auth|bearer|cred|url|dsn|://`)
	keyOfLine  = regexp.MustCompile(`^[\s-]*["']?([A-Za-z_]+)["']?\s*:`)
)

// mayHoldSecret reports whether a line may contain a secret, judged without a tree: it
// has a word like token or a key that the shape does not know, or belongs to a line
// above it that does.
func (d *Document) mayHoldSecret(line int) bool {
	lines := d.shown
	if lines == nil {
		lines = d.lines
	}
	indent := indentOf(lines[line-1])
	owned := keyOfLine.MatchString(string(lines[line-1]))
	for i := line - 1; i >= 0; i-- {
		text := string(lines[i])
		key := keyOfLine.FindStringSubmatch(text)
		above := i == line-1 || !owned && key != nil || indentOf(lines[i]) < indent && strings.TrimSpace(text) != ""
		if above && (secretWord.MatchString(text) || key != nil && !d.harmless()[key[1]]) {
			return true
		}
		if above {
			indent = min(indent, indentOf(lines[i]))
		}
		owned = owned || key != nil
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

// Redacted is the whole text of the entry's file, which has no problems, with every secret
// replaced by [Withheld]. Nothing else in it is changed.
func (e *Entry) Redacted() []byte {
	d := e.doc
	if len(d.secrets) == 0 {
		return d.text
	}
	var b bytes.Buffer
	text := bytes.TrimPrefix(d.text, []byte("\ufeff"))
	b.Write(d.text[:len(d.text)-len(text)])
	raw := bytes.SplitAfter(text, []byte("\n")) // the lines of d.lines with their ends
	line, col := 0, 0                           // col counts bytes
	copyTo := func(toLine, toCol int) {
		for ; line < toLine; line, col = line+1, 0 {
			b.Write(raw[line][col:])
		}
		b.Write(raw[line][col:toCol])
	}
	bytesBefore := func(line, col int) int { return len(string(d.lines[line][:col])) }
	for _, s := range slices.SortedFunc(slices.Values(d.secrets), func(a, b span) int { return cmp.Or(a.line-b.line, a.from-b.from) }) {
		copyTo(s.line, bytesBefore(s.line, s.from))
		b.WriteString(`"` + Withheld + `"`)
		line, col = s.toLine, bytesBefore(s.toLine, s.to)
	}
	copyTo(len(raw)-1, len(raw[len(raw)-1]))
	return b.Bytes()
}

// Withheld stands for a secret in [Entry.Redacted]. A secret that reads so is as one
// whose variable is not set.
const Withheld = "***"
