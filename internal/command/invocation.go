package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/instant"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// Process is what a command line runs in: the standard streams, and what was built into
// the program.
type Process struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Version        string
	ExampleConfig  []byte // config.example.yaml
}

// The exit statuses.
const (
	exitOK      = 0
	exitFailed  = 1
	exitChanges = 2 // plan --detailed-exitcode found changes
	exitUsage   = 64
)

// invocation is one run of a command. Its Printer prints the result.
type invocation struct {
	*ui.Printer
	process Process
	ctx     context.Context // ends on an interrupt
	args    []string        // of the command line
	config  string          // path of the config file
	now     func() time.Time
	past    bool // now is a time that the command line gives
}

// setNow makes the time in text the present; an empty text changes nothing.
func (c *invocation) setNow(text string) error {
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("--now %q is not a time: write 2026-11-23T02:00:00Z", text)
	}
	if err := instant.CheckYear(t); err != nil {
		return fmt.Errorf("--now: %w", err)
	}
	c.now, c.past = func() time.Time { return t }, true
	return nil
}

// instant is the present, as winnow stores times.
func (c *invocation) instant() hygiene.Instant { return hygiene.InstantOf(c.now()) }

// errChanges is the error of a plan with changes and --detailed-exitcode.
var errChanges = errors.New("there are changes")

// commandLine is how the arguments of this command are written in a shell.
func (c *invocation) commandLine() string {
	var quoted []string
	for _, arg := range c.args {
		quoted = append(quoted, ui.ShellQuote(arg))
	}
	return strings.Join(quoted, " ")
}

// exitStatus prints the error of a command and returns the exit status.
func (c *invocation) exitStatus(err error) int {
	if c.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = ui.ErrInterrupted
	}
	var owner *app.OwnerError
	if errors.As(err, &owner) {
		err = fmt.Errorf("%w; write it like this: sudo -u %s winnow %s", err, ui.ShellQuote(owner.Owner), c.commandLine())
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, ui.ErrReported):
		return exitFailed
	case errors.Is(err, errChanges):
		return exitChanges
	}
	text := strings.TrimRight(err.Error(), "\n")
	var usage *ui.UsageError
	if errors.As(err, &usage) {
		c.Warn("%s", text)
		return exitUsage
	}
	if app.IsProblems(err) { // these are lines that begin with their place
		fmt.Fprintln(c.Stderr, text)
	} else {
		c.Warn("%s", strings.ReplaceAll(text, "\n", "; "))
	}
	return exitFailed
}
