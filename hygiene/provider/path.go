package provider

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// origin is where a path begins.
type origin uint8

const (
	ofEvent origin = iota
	ofAround
	ofBody
)

// step is one step of a path: into the member of that name, or, without a name, to the
// element of an array at that place.
type step struct {
	name  string
	index int // of an element; everyElement for all of them
}

// everyElement is the index of a step to each element of an array.
const everyElement = -1

// path is a path as it is looked for.
type path struct {
	from  origin
	steps []step // none: the value that the path begins at
}

// CheckPath says what is wrong with a path of a [Shape]; nil when it is right.
func CheckPath(text string) error {
	_, err := parsePath(text)
	return err
}

// CheckEach says what is wrong with the place of events in a [Shape]; nil when it is right.
func CheckEach(text string) error {
	_, err := parseEach(text)
	return err
}

func parsePath(text string) (path, error) {
	p := path{}
	rest := text
	switch {
	case text == ".":
		return p, nil
	case strings.HasPrefix(text, "/"):
		p.from, rest = ofBody, text[1:]
	case strings.HasPrefix(text, "^."):
		p.from, rest = ofAround, text[2:]
	}
	steps, err := parseSteps(rest)
	if err != nil {
		return path{}, fmt.Errorf("%q is not a path: %w; write for example reason.code, errors[0].code, /batch_id or ^.status", text, err)
	}
	p.steps = steps
	for _, s := range p.steps {
		if s.index == everyElement && s.name == "" {
			return path{}, fmt.Errorf("%q goes to every element of an array, which only each does; write the place of one, such as [0]", text)
		}
	}
	return p, nil
}

// parseEach reads the place of the events. A [] at its beginning says nothing: a body
// that is an array is read element by element in any case.
func parseEach(text string) ([]step, error) {
	if text == "." || text == "[]" {
		return nil, nil
	}
	steps, err := parseSteps(strings.TrimPrefix(text, "[]."))
	if strings.HasPrefix(text, "^.") || strings.HasPrefix(text, "/") {
		err = errors.New("it begins at the body in any case")
	}
	if err != nil {
		return nil, fmt.Errorf("%q is not a place of events: %w; write for example results[], or . for the body itself", text, err)
	}
	for _, s := range steps {
		if s.name == "" && s.index != everyElement {
			return nil, fmt.Errorf("%q names one element of an array; write [] for all of them", text)
		}
	}
	return steps, nil
}

// parseSteps reads dotted names, each with places in arrays behind it.
func parseSteps(text string) (steps []step, err error) {
	for part := range strings.SplitSeq(text, ".") {
		name, places, inArray := strings.Cut(part, "[")
		if isFieldName(part) {
			name, inArray = part, false
		}
		if name == "" || strings.ContainsAny(part, " \t\r\n") {
			return nil, errors.New("a name between its dots is missing, or has a blank")
		}
		steps = append(steps, step{name: name})
		for inArray {
			place, rest, closed := strings.Cut(places, "]")
			index := everyElement
			if place != "" {
				if index, err = strconv.Atoi(place); err != nil || index > 999 {
					return nil, errors.New("the place in an array is a number from 0 to 999")
				}
			}
			if !closed || rest != "" && !strings.HasPrefix(rest, "[") {
				return nil, errors.New("a bracket is not closed, or is not at the end of a name")
			}
			steps = append(steps, step{index: index})
			places, inArray = strings.CutPrefix(rest, "[")
		}
	}
	return steps, nil
}

// isFieldName reports whether a name with brackets is that of a form's field, such as
// price[amount]: what is in them is not the place of an element.
func isFieldName(name string) bool {
	_, inside, found := strings.Cut(name, "[")
	inside, closed := strings.CutSuffix(inside, "]")
	return found && closed && inside != "" && !strings.ContainsAny(inside, "[]0123456789")
}
