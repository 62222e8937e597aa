// Package ui is how winnow's answers look: numbers, tables, lists too long for a
// screen, progress, JSON. What a command says is the command's; how numbers are
// grouped, how columns line up and what is safe to print on a terminal is decided
// here, once.
//
// Text that came from outside (keys, message ids, notes, errors of servers) goes
// through [Printable] before a person sees it. Counts in sentences are made with
// [Count] and [CountVerb].
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

// Printer is where a command writes its answer.
type Printer struct {
	Stdout, Stderr io.Writer
	JSON           bool // the answer is to be JSON
}

// PrintJSON prints one value, indented for people who look.
func (p *Printer) PrintJSON(v any) error {
	e := json.NewEncoder(p.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Warn prints a line on stderr, after the program's name.
func (p *Printer) Warn(format string, args ...any) {
	fmt.Fprintf(p.Stderr, "winnow: "+format+"\n", args...)
}

// Color reports whether stdout is a terminal that shows colors and a user who
// wants them.
func (p *Printer) Color() bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && IsTerminal(p.Stdout)
}

// Progress returns a function that shows how far long work is, on a terminal and
// not more often than a person can read. It is nil when stderr is not a terminal.
// The caller calls done when the work has ended.
func (p *Printer) Progress(noun string) (show func(int64), done func()) {
	if !IsTerminal(p.Stderr) {
		return nil, func() {}
	}
	began, last := time.Now(), time.Now()
	show = func(n int64) {
		if now := time.Now(); now.Sub(last) > 200*time.Millisecond {
			last = now
			fmt.Fprintf(p.Stderr, "\r\033[K%s %ss, %s a second", Number(n), noun, Number(int64(float64(n)/now.Sub(began).Seconds())))
		}
	}
	return show, func() { fmt.Fprint(p.Stderr, "\r\033[K") }
}

// IsTerminal reports whether a person looks at w.
func IsTerminal(w io.Writer) bool {
	if checked, ok := w.(*CheckedWriter); ok {
		w = checked.Writer
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// CheckedWriter remembers the first error of writing, so that no command has to
// check after each line.
type CheckedWriter struct {
	io.Writer
	Err error
}

// Write writes, and remembers the error.
func (w *CheckedWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.Err = cmp.Or(w.Err, err)
	return n, err
}

// Underlying returns the writer below.
func (w *CheckedWriter) Underlying() any { return w.Writer }
