package ui

import (
	"errors"
	"fmt"
)

// UsageError is the error of a command that was called wrongly: the command line
// parses, and what it says cannot be meant.
type UsageError struct{ Err error }

// Error is the sentence.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *UsageError) Unwrap() error { return e.Err }

// ErrNo is the error of a command whose answer is no, and has been printed.
var ErrNo = errors.New("no")

// ErrInterrupted is the error of work that someone ended before it was done.
var ErrInterrupted = errors.New("interrupted")

// Usagef is a [UsageError] of a sentence.
func Usagef(format string, args ...any) error {
	return &UsageError{Err: fmt.Errorf(format, args...)}
}
