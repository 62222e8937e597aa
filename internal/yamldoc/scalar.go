package yamldoc

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/suggest"
)

var (
	plainInteger = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	shareText    = regexp.MustCompile(`^([0-9]{1,4}(\.[0-9]{1,9})?)%$`)
)

// scalar reads one value.
func (r *reader) scalar(e *Entry, s *Shape, literal bool) *Entry {
	n := e.place.node
	if n.Kind != yaml.ScalarNode {
		r.reportKind(e.place, s, literal)
		return nil
	}
	e.text, e.secret, e.open = n.Value, s.Kind == Secret, s.Kind == Text && s.Pattern == nil && !literal
	isText := n.ShortTag() == "!!str"
	if isText && !r.variables(e, s, literal) {
		return nil
	}
	if text, hint := e.read(s, n.ShortTag()); text != "" {
		if !literal {
			r.markIfToken(n)
		}
		r.report(n, e.place, text, hint)
		return nil
	}
	return e
}

// variables expands the environment's variables in text.
func (r *reader) variables(e *Entry, s *Shape, literal bool) bool {
	n := e.place.node
	switch {
	case s.Kind == Secret && n.Value == Withheld:
		return r.withheld(e, s)
	case !strings.Contains(n.Value, "${"):
		return true
	case literal:
		return r.fail(e, n, "${…} is not expanded here", "write the value itself")
	}
	expanded, unset, err := expand(n.Value, r.options.Env)
	switch {
	case err != nil && s.Kind == Secret:
		return r.fail(e, n, "invalid ${…} in this secret", "write ${NAME} or ${NAME:-default}")
	case err != nil:
		return r.fail(e, n, err.Error(), "")
	case unset == "":
		e.text = expanded
		if s.Kind != Secret {
			r.expanded[n] = expanded
		}
		return true
	case s.Kind == Secret && (r.options.RequireSecret == nil || !r.options.RequireSecret(s)):
		e.text, e.unset = "", true
		return true
	}
	hint := fmt.Sprintf("set it, or write ${%s:-default}", unset)
	if s.Kind == Secret {
		hint = "set it before starting winnow"
	}
	return r.fail(e, n, "environment variable "+unset+" is not set", hint)
}

// withheld reads a secret that [Entry.Redacted] replaced.
func (r *reader) withheld(e *Entry, s *Shape) bool {
	if r.options.RequireSecret != nil && r.options.RequireSecret(s) {
		return r.fail(e, e.place.node, "the secret is missing: only stars are here", "write it again")
	}
	e.text, e.unset = "", true
	return true
}

// read sets the value of the entry from its text, or returns what is wrong.
func (e *Entry) read(s *Shape, tag string) (problem, hint string) {
	switch s.Kind {
	case Integer:
		return e.readInteger(s, tag)
	case Bool:
		if tag != "!!bool" || e.text != "true" && e.text != "false" {
			return "expected true or false, found " + Quote(e.text), ""
		}
		e.truth = e.text == "true"
		return "", ""
	case Scalar:
		return e.readScalar(tag)
	case Code:
		return e.readCode(s, tag)
	}
	if tag != "!!str" {
		return "expected " + s.expects() + ", found " + kindOf(e.place.node), textHint(s, e.text)
	}
	switch s.Kind {
	case Duration:
		return e.readDuration(s)
	case Percent:
		return e.readShare(s)
	case Choice:
		if !slices.Contains(s.Words, e.text) && !slices.Contains(s.OtherWords, e.text) {
			return Unknown(s.Noun, e.text, s.Words)
		}
	case Text:
		return e.readText(s)
	}
	return "", ""
}

// textHint is what to do when text is expected and YAML reads something else.
func textHint(s *Shape, written string) string {
	switch {
	case s.Kind == Duration:
		return "add a unit: 30m, 4h, 7d or 2w"
	case s.Kind == Percent:
		return "write a percentage, like " + inPercent(written)
	case s.Kind == Choice:
		return suggest.Hint(written, s.Words)
	case s.Kind == Secret:
		return "put it in quotes"
	case s.Hints.Number != "" && plainInteger.MatchString(written):
		return fmt.Sprintf(s.Hints.Number, written)
	default:
		return `put it in quotes: "` + Shorten(written, 40) + `"`
	}
}

func (e *Entry) readText(s *Shape) (problem, hint string) {
	switch {
	case strings.TrimSpace(e.text) == "":
		return "expected " + s.expects() + ", found empty text", ""
	case s.Pattern != nil && !s.Pattern.MatchString(e.text):
		return Quote(e.text) + " is not " + s.expects(), nearly(s, e.text)
	case s.Max > 0 && len(e.text) > s.Max:
		return fmt.Sprintf("longer than %d bytes", s.Max), ""
	}
	return "", ""
}

// nearly is the hint for a text that would be right with other letters, or without what is
// around it.
func nearly(s *Shape, text string) string {
	for _, other := range []string{strings.ToUpper(text), strings.ToLower(text), strings.Trim(text, ": "), "/" + text} {
		if s.Kind == Text && s.Pattern.MatchString(other) {
			return "write " + Quote(other)
		}
	}
	return ""
}

func (e *Entry) readInteger(s *Shape, tag string) (problem, hint string) {
	if !plainInteger.MatchString(e.text) {
		if n, err := strconv.ParseInt(strings.ReplaceAll(e.text, "_", ""), 0, 64); err == nil {
			hint = fmt.Sprintf("write %d", n)
		}
		return "expected " + s.expects() + " in plain digits, found " + Quote(e.text), hint
	}
	if tag == "!!str" {
		return "expected " + s.expects() + ", found text", "remove the quotes"
	}
	n, err := strconv.ParseInt(e.text, 10, 64)
	switch {
	case s.Max > 0 && (err != nil || n < int64(s.Min) || n > int64(s.Max)):
		return fmt.Sprintf("must be from %d to %d", s.Min, s.Max), s.Because
	case err != nil:
		return "the number is too large", ""
	case n < int64(s.Min):
		return fmt.Sprintf("must be at least %d", s.Min), s.Because
	}
	e.number = n
	return "", ""
}

func (e *Entry) readDuration(s *Shape) (problem, hint string) {
	d, err := instant.ParseDuration(e.text)
	switch {
	case err != nil && len(e.text) > 60:
		return "expected " + s.expects() + ", found long text", ""
	case err != nil:
		return err.Error(), ""
	case s.MaxDuration > 0 && (d < s.MinDuration || d > s.MaxDuration):
		return "expected " + s.expects() + ", found " + e.text, s.Because
	case d == 0 && !s.ZeroAllowed:
		return "must be longer than 0", "write a longer duration, or remove the key"
	}
	e.duration = d
	return "", ""
}

func (e *Entry) readShare(s *Shape) (problem, hint string) {
	m := shareText.FindStringSubmatch(e.text)
	if m == nil {
		if meant := strings.TrimSuffix(strings.ReplaceAll(e.text, " ", ""), "%") + "%"; shareText.MatchString(meant) {
			hint = "write " + meant
		}
		return Quote(e.text) + " is not " + s.expects(), hint
	}
	f, err := strconv.ParseFloat(m[1], 64)
	switch {
	case !s.ZeroAllowed && (f == 0 || f > float64(s.Max)):
		return fmt.Sprintf("must be more than 0%% and at most %d%%", s.Max), ""
	case err != nil || f > float64(s.Max):
		return fmt.Sprintf("must be from 0%% to %d%%", s.Max), ""
	}
	e.share = f / 100
	return "", ""
}

// inPercent is the percentage that a number probably means: 30% for 0.3 and 30.
func inPercent(written string) string {
	f, err := strconv.ParseFloat(written, 64)
	switch {
	case err != nil || f <= 0 || f > 100:
		return "30%"
	case f < 1:
		return strconv.FormatFloat(f*100, 'g', 6, 64) + "%"
	default:
		return written + "%"
	}
}

// readCode accepts codes only in the form that events have.
func (e *Entry) readCode(s *Shape, tag string) (problem, hint string) {
	e.text = strings.TrimSpace(e.text)
	number := hygiene.ParseValue(e.text).Type == hygiene.Number
	switch {
	case e.text == "":
		return "expected " + s.expects() + ", found empty text", ""
	case (tag != "!!str" || number) && !plainInteger.MatchString(e.text):
		return "expected " + s.expects() + ", found " + Quote(e.text), "write it in plain digits, or put it in quotes"
	}
	return "", ""
}

func (e *Entry) readScalar(tag string) (problem, hint string) {
	switch tag {
	case "!!str", "!!timestamp":
		e.value = hygiene.Value{Type: hygiene.Text, Text: e.text}
		return "", ""
	}
	e.value = hygiene.ParseValue(e.text)
	if _, err := strconv.ParseFloat(e.text, 64); e.value.Type == hygiene.Text || errors.Is(err, strconv.ErrRange) {
		return Quote(e.text) + " is neither a plain number nor plain text", `if it is text, put it in quotes: "` + Shorten(e.text, 40) + `"`
	}
	return "", ""
}
