package ui

import (
	"regexp"
	"slices"
	"strings"
)

var plainArgument = regexp.MustCompile(`^[A-Za-z0-9_.:@+,/=%-]+$`)

// ShellQuote quotes a word for a POSIX shell if it needs quotes.
func ShellQuote(word string) string {
	if plainArgument.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// CommandLine returns the shell command line for a command with one argument; flags
// are written as given. An argument that starts with a dash goes last, after --.
func CommandLine(command, argument, flags string) string {
	words := []string{command, ShellQuote(argument), flags}
	if strings.HasPrefix(argument, "-") {
		words = []string{command, flags, "--", ShellQuote(argument)}
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}
