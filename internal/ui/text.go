package ui

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table prints rows with aligned columns, separated by two spaces. Cells may be text
// from outside: they are made [Printable].
func Table(w io.Writer, rows [][]string) { StyledTable(w, rows, nil) }

// StyledTable is a [Table] whose cells are given to style, with the number of their
// column from 0, as the last thing before they are written: style may add sequences
// that color a cell.
func StyledTable(w io.Writer, rows [][]string, style func(column int, cell string) string) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(Printable(cell)))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = Printable(cell)
			styled := cell
			if style != nil {
				styled = style(i, cell)
			}
			line.WriteString(styled)
			if i < len(row)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
			}
		}
		WriteStyled(w, strings.TrimRight(line.String(), " ")+"\n")
	}
}

// WriteStyled writes text that has the control sequences of colors and, of text from
// outside, what is [Printable].
func WriteStyled(w io.Writer, text string) { io.WriteString(exact(w), text) }

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

// Shorten cuts a text to at most most characters, the last of them an ellipsis.
func Shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// AndList joins words: a, b and c.
func AndList(words []string) string { return joinList(words, "and") }

// OrList joins words: a, b or c.
func OrList(words []string) string { return joinList(words, "or") }

func joinList(words []string, last string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
	}
	return strings.Join(words, "")
}
