package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"winnow/hygiene"
	"winnow/internal/app"
	"winnow/internal/ui"
)

// World is what a command has around it.
type World struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Version        string
	Example        []byte // config.example.yaml
}

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitChange = 2 // plan --detailed-exitcode found changes
	exitUsage  = 64
)

// invocation is one call of a command.
type invocation struct {
	*ui.Printer
	stdin   io.Reader
	version string
	example []byte // config.example.yaml
	ctx     context.Context
	config  string // the path of the config file
	now     func() time.Time
}

// setNow makes the given time the present.
func (c *invocation) setNow(text string) error {
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("--now %q is not a time: write 2026-11-23T02:00:00Z", text)
	}
	c.now = func() time.Time { return t }
	return nil
}

// present is the present, as winnow stores times.
func (c *invocation) present() hygiene.Instant { return hygiene.InstantOf(c.now()) }

// errChanges is the error of a plan with changes, when its exit status is to say
// so.
var errChanges = errors.New("there are changes")

// exitStatus tells what went wrong and gives the exit status.
func (c *invocation) exitStatus(err error) int {
	if c.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = ui.ErrInterrupted
	}
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, ui.ErrNo):
		return exitFailed
	case errors.Is(err, errChanges):
		return exitChange
	}
	text := strings.TrimRight(err.Error(), "\n")
	var usage *ui.UsageError
	if errors.As(err, &usage) {
		fmt.Fprintf(c.Stderr, "winnow: %s\n", text)
		return exitUsage
	}
	if !app.IsProblems(err) {
		text = "winnow: " + strings.ReplaceAll(text, "\n", "; ")
	}
	fmt.Fprintln(c.Stderr, text)
	return exitFailed
}
