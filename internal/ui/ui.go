// Package ui formats what winnow prints: numbers, tables, samples, long lists,
// progress, JSON. The words are the caller's; how numbers are grouped, how columns
// are aligned and what is safe to print on a terminal is decided here, once.
//
// Text from outside (keys, message ids, notes, errors of servers) must not control the
// terminal it is printed on. The writers of a [Printer] escape all that would, in text
// and in JSON, so no command has to; CSV, and what is exact otherwise, goes to
// [Printer.Exact]. Within a line [Printable] also escapes the ends of lines, as [Table]
// does in every cell, and bounds the length. Sentences with a number use [Count] or
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

// Printer prints the result of a command. Make one with [NewPrinter].
type Printer struct {
	Stdout, Stderr io.Writer // escape what would control a terminal
	JSON           bool      // print results as JSON
	// Watch is called with the progress, instead of showing it on a terminal; may be nil. It
	// may be called by several goroutines.
	Watch func(items int64)
}

// NewPrinter returns a printer on these streams.
func NewPrinter(stdout, stderr io.Writer, json bool) *Printer {
	return &Printer{Stdout: &safeWriter{Writer: stdout}, Stderr: &safeWriter{Writer: stderr}, JSON: json}
}

// Exact is stdout for what programs read as it is, such as CSV. On a terminal, which
// people read, it is escaped like all else.
func (p *Printer) Exact() io.Writer {
	if IsTerminal(p.Stdout) {
		return p.Stdout
	}
	return exact(p.Stdout)
}

// PrintJSON prints one value as indented JSON.
func (p *Printer) PrintJSON(v any) error {
	e := json.NewEncoder(p.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Warn prints a line to stderr, prefixed with the program's name. It stays one line
// whatever the arguments have.
func (p *Printer) Warn(format string, args ...any) {
	fmt.Fprintln(p.Stderr, "winnow: "+Printable(fmt.Sprintf(format, args...)))
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
	if p.Watch != nil {
		return p.Watch, func() {}
	}
	if !IsTerminal(p.Stderr) {
		return nil, func() {}
	}
	terminal, start, last := exact(p.Stderr), time.Now(), time.Now()
	show = func(n int64) {
		if now := time.Now(); now.Sub(last) > 200*time.Millisecond {
			last = now
			fmt.Fprintf(terminal, "\r\033[K%s %ss, %s a second", Number(n), noun, Number(int64(float64(n)/now.Sub(start).Seconds())))
		}
	}
	return show, func() { fmt.Fprint(terminal, "\r\033[K") }
}

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	switch w := w.(type) {
	case *safeWriter:
		return IsTerminal(w.Writer)
	case *CheckedWriter:
		return IsTerminal(w.Writer)
	case *os.File:
		return term.IsTerminal(int(w.Fd()))
	}
	return false
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
