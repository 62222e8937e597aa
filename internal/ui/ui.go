// Package ui formats what winnow prints: numbers, tables, samples, long lists,
// progress, JSON. The words are the caller's; how numbers are grouped, how columns
// are aligned and what is safe to print on a terminal is decided here, once.
//
// Text from outside (keys, message ids, notes, errors of servers) goes through
// [Printable] before it is printed for people. Sentences with a number use [Count] or
// [CountVerb]. A suggested command line is built with [ShellQuote] or [CommandLine],
// so that it can be pasted.
package ui

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// Printer prints the result of a command.
type Printer struct {
	Stdout, Stderr io.Writer
	JSON           bool // print results as JSON
}

// PrintJSON prints one value as indented JSON.
func (p *Printer) PrintJSON(v any) error {
	e := json.NewEncoder(p.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Warn prints a line to stderr, prefixed with the program's name.
func (p *Printer) Warn(format string, args ...any) {
	fmt.Fprintf(p.Stderr, "winnow: "+format+"\n", args...)
}

// Color reports whether stdout is a terminal that shows colors and the user has not
// turned them off (NO_COLOR).
func (p *Printer) Color() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && IsTerminal(p.Stdout)
}

// Progress returns a function that shows on the terminal how many items are done, at
// most five times a second. show is nil when stderr is not a terminal. The caller
// calls done, which removes the line, before it prints anything else.
func (p *Printer) Progress(noun string) (show func(int64), done func()) {
	if !IsTerminal(p.Stderr) {
		return nil, func() {}
	}
	start, last := time.Now(), time.Now()
	show = func(n int64) {
		if now := time.Now(); now.Sub(last) > 200*time.Millisecond {
			last = now
			fmt.Fprintf(p.Stderr, "\r\033[K%s %ss, %s a second", Number(n), noun, Number(int64(float64(n)/now.Sub(start).Seconds())))
		}
	}
	return show, func() { fmt.Fprint(p.Stderr, "\r\033[K") }
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	if checked, ok := w.(*CheckedWriter); ok {
		w = checked.Writer
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// CheckedWriter records the first write error, so that commands can print without
// checking each line. Package command checks Err once, at the end.
type CheckedWriter struct {
	io.Writer
	Err error
}

// Write writes, and records the error.
func (w *CheckedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.Err = cmp.Or(w.Err, err)
	return n, err
}

// Underlying returns the wrapped writer.
func (w *CheckedWriter) Underlying() any { return w.Writer }
