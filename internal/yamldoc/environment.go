package yamldoc

import (
	"fmt"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(:-(.*))?$`)

// expand replaces ${NAME} and ${NAME:-default} in a value. As in a shell, the
// default also replaces an empty variable. It works on values after parsing, so the
// content of a variable never becomes structure of the file. unset is the first
// variable that has neither a value nor a default.
func expand(text string, lookup func(string) (string, bool)) (expanded, unset string, err error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), unset, nil
		}
		inside, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", "", fmt.Errorf(`"${" without a closing "}"`)
		}
		m := variable.FindStringSubmatch(inside)
		if m == nil {
			return "", "", fmt.Errorf("%s is not a variable: write ${NAME} or ${NAME:-default}", Quote("${"+inside+"}"))
		}
		value, ok := lookup(m[1])
		switch {
		case m[2] != "" && value == "":
			value = m[3]
		case !ok && unset == "":
			unset = m[1]
		}
		b.WriteString(value)
		text = after
	}
}
