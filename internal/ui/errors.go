package ui

import (
	"errors"
	"fmt"
)

// UsageError is the error of a wrong command line: the arguments parse, but do not
// make sense together or name an impossible value.
type UsageError struct{ Err error }

// Error returns what is wrong.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the error below.
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef formats a [UsageError].
func Usagef(format string, args ...any) error {
	return &UsageError{Err: fmt.Errorf(format, args...)}
}

// ErrReported ends a command with a negative answer, which has been printed: the caller
// prints nothing and exits with status 1.
var ErrReported = errors.New("no")

// ErrInterrupted is the error of work that was interrupted before it was complete.
var ErrInterrupted = errors.New("interrupted")
