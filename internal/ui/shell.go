package ui

import (
	"regexp"
	"slices"
	"strings"
)

var plainArgument = regexp.MustCompile(`^[A-Za-z0-9_.:@+,/=%-]+$`)

// ShellQuote writes a word as a shell reads it.
func ShellQuote(word string) string {
	if plainArgument.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// CommandLine is the line to type in a shell for a command with one argument. An
// argument that begins like a flag stands last, after the mark that ends flags.
func CommandLine(command, argument, flags string) string {
	words := []string{command, ShellQuote(argument), flags}
	if strings.HasPrefix(argument, "-") {
		words = []string{command, flags, "--", ShellQuote(argument)}
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}
