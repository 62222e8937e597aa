package ui

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Table prints rows with aligned columns, separated by two spaces.
func Table(w io.Writer, rows [][]string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

// Count formats a number with its noun: "1 event", "1,204 events".
func Count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// CountVerb formats a number with its noun and the verb that agrees with it: "1 event
// was", "2 events were". An empty noun is left out.
func CountVerb(n int64, noun, one, many string) string {
	text, verb := Number(n), many
	if noun != "" {
		text = Count(n, noun)
	}
	if n == 1 {
		verb = one
	}
	return text + " " + verb
}

// JoinFirst joins up to most texts with commas and counts the rest: "a, b and 3 more".
func JoinFirst(texts []string, most int) string {
	if len(texts) <= most {
		return strings.Join(texts, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), len(texts)-most)
}

// Printable replaces characters that are not printable, such as control characters.
// Text from outside (message ids, codes, attributes) could otherwise control the
// terminal it is printed on.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
}

// Shorten cuts a text to at most most characters, the last of them an ellipsis.
func Shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
