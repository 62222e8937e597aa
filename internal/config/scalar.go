package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"winnow/hygiene"
)

var (
	plainWhole = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	shareText  = regexp.MustCompile(`^([0-9]{1,4}(\.[0-9]{1,9})?)%$`)
)

// scalar reads one value.
func (w *walker) scalar(e *entry, s *shape, literal bool) *entry {
	n := e.place.node
	if n.Kind != yaml.ScalarNode {
		w.expected(e.place, s)
		return nil
	}
	e.text = n.Value
	isText := n.ShortTag() == "!!str"
	if isText && !w.variables(e, s, literal) {
		return nil
	}
	if text, hint := e.read(s, n.ShortTag()); text != "" {
		w.at(n, e.place, text, hint)
		return nil
	}
	return e
}

// variables replaces the environment's variables in a text.
func (w *walker) variables(e *entry, s *shape, literal bool) bool {
	n := e.place.node
	switch {
	case !strings.Contains(n.Value, "${"):
		return true
	case literal:
		return w.fail(e, n, "${…} is not read in rules and segments", "write the value itself, so that the file shows what is done")
	}
	expanded, unset, err := expand(n.Value, w.lookup)
	switch {
	case err != nil && s.kind == secret:
		return w.fail(e, n, "the ${…} of this secret is not right", "write ${NAME} or ${NAME:-default}")
	case err != nil:
		return w.fail(e, n, err.Error(), "")
	case unset == "":
		e.text = expanded
		return true
	case s.kind == secret && (!w.demand || w.kept && s == hidden):
		e.text, e.unset = "", true
		return true
	}
	hint := fmt.Sprintf("set it, or write ${%s:-default}", unset)
	if s.kind == secret {
		hint = "set it before winnow starts"
	}
	return w.fail(e, n, "the environment has no "+unset, hint)
}

// read gives the entry the value that its text is, or says what is wrong.
func (e *entry) read(s *shape, tag string) (problem, hint string) {
	switch s.kind {
	case whole:
		return e.readWhole(s, tag)
	case truth:
		if tag != "!!bool" || e.text != "true" && e.text != "false" {
			return "expected true or false, found " + quote(e.text), ""
		}
		e.truth = e.text == "true"
		return "", ""
	case scalar:
		return e.readScalar(tag)
	case code:
		return e.readCode(s, tag)
	}
	if tag != "!!str" {
		return "expected " + s.says + ", found " + kindOf(e.place.node), textHint(s, e.text)
	}
	switch s.kind {
	case duration:
		return e.readDuration(s)
	case percent:
		return e.readShare(s)
	case choice:
		if !slices.Contains(s.words, e.text) && !slices.Contains(s.also, e.text) {
			return unknown(s.noun, e.text, s.words)
		}
	case text:
		return e.readText(s)
	}
	return "", ""
}

// textHint is what to do when a text was meant and YAML read something else.
func textHint(s *shape, written string) string {
	switch {
	case s.kind == duration:
		return "say the unit: 30m, 4h, 7d, 2w"
	case s.kind == percent:
		return "write it in percent, like " + inPercent(written)
	case s.kind == choice:
		return suggest(written, s.words)
	case s.kind == secret:
		return "put it in quotes"
	case s == address && plainWhole.MatchString(written):
		return `write ":` + written + `"`
	default:
		return `put it in quotes: "` + shorten(written, 40) + `"`
	}
}

func (e *entry) readText(s *shape) (problem, hint string) {
	switch {
	case strings.TrimSpace(e.text) == "":
		return "expected " + s.says + ", found an empty text", ""
	case s.pattern != nil && !s.pattern.MatchString(e.text):
		return quote(e.text) + " is not " + s.says, ""
	case s.max > 0 && len(e.text) > s.max:
		return fmt.Sprintf("it is longer than %d bytes", s.max), ""
	}
	return "", ""
}

func (e *entry) readWhole(s *shape, tag string) (problem, hint string) {
	if !plainWhole.MatchString(e.text) {
		if n, err := strconv.ParseInt(strings.ReplaceAll(e.text, "_", ""), 0, 64); err == nil {
			hint = fmt.Sprintf("write %d", n)
		}
		return "expected " + s.says + " in plain digits, found " + quote(e.text), hint
	}
	if tag == "!!str" {
		return "expected " + s.says + ", found a text", "write it without quotes"
	}
	n, err := strconv.ParseInt(e.text, 10, 64)
	switch {
	case s.max > 0 && (err != nil || n < int64(s.min) || n > int64(s.max)):
		return fmt.Sprintf("it must be from %d to %d", s.min, s.max), s.because
	case err != nil:
		return "the number is too large", ""
	case n < int64(s.min):
		return fmt.Sprintf("it must be at least %d", s.min), s.because
	}
	e.number = n
	return "", ""
}

func (e *entry) readDuration(s *shape) (problem, hint string) {
	d, err := hygiene.ParseDuration(e.text)
	switch {
	case err != nil && len(e.text) > 60:
		return "expected " + s.says + ", found a long text", ""
	case err != nil:
		return err.Error(), ""
	case s.longest > 0 && (d < s.shortest || d > s.longest):
		return "expected " + s.says + ", found " + e.text, s.because
	case d == 0 && !s.zero:
		return "it must be longer than nothing", "write a longer one, or leave the key out"
	}
	e.span = d
	return "", ""
}

func (e *entry) readShare(s *shape) (problem, hint string) {
	m := shareText.FindStringSubmatch(e.text)
	if m == nil {
		if meant := strings.TrimSuffix(strings.ReplaceAll(e.text, " ", ""), "%") + "%"; shareText.MatchString(meant) {
			hint = "write " + meant
		}
		return quote(e.text) + " is not " + s.says, hint
	}
	f, err := strconv.ParseFloat(m[1], 64)
	switch {
	case !s.zero && (f == 0 || f > float64(s.max)):
		return fmt.Sprintf("it must be over 0%% and at most %d%%", s.max), ""
	case err != nil || f > float64(s.max):
		return fmt.Sprintf("it must be from 0%% to %d%%", s.max), ""
	}
	e.share = f / 100
	return "", ""
}

// inPercent is what a plain number probably means: 0.3 and 30 are 30%.
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

// readCode takes codes in the one form that events bear.
func (e *entry) readCode(s *shape, tag string) (problem, hint string) {
	e.text = strings.TrimSpace(e.text)
	number := hygiene.ParseValue(e.text).Type == hygiene.Number
	switch {
	case e.text == "":
		return "expected " + s.says + ", found an empty text", ""
	case (tag != "!!str" || number) && !plainWhole.MatchString(e.text):
		return "expected " + s.says + ", found " + quote(e.text), "write it in plain digits, or a text in quotes"
	}
	return "", ""
}

func (e *entry) readScalar(tag string) (problem, hint string) {
	switch tag {
	case "!!str", "!!timestamp":
		e.scalar = hygiene.Value{Type: hygiene.Text, Text: e.text}
		return "", ""
	}
	e.scalar = hygiene.ParseValue(e.text)
	if _, err := strconv.ParseFloat(e.text, 64); e.scalar.Type == hygiene.Text || errors.Is(err, strconv.ErrRange) {
		return quote(e.text) + " is neither a plain number nor a plain text", `as a text, put it in quotes: "` + shorten(e.text, 40) + `"`
	}
	return "", ""
}
