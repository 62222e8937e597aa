package destination

import "errors"

// Error is an error of a destination.
type Error struct {
	Destination string // its name for people, without secrets
	Doing       string // what was being done: "delivering run nightly/2026-11-23T020000Z"; may be empty
	Err         error
	Advice      string // what to do about it; may be empty
}

// Error names the destination, what was being done, what is wrong, and what to do.
func (e *Error) Error() string {
	where := "destination " + e.Destination + ": "
	if e.Doing != "" {
		where += e.Doing + ": "
	}
	return where + e.Reason()
}

// Reason is the error without the destination and what was being done there, for
// places that name them anyway.
func (e *Error) Reason() string {
	if e.Advice == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + "; " + e.Advice
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// Reason is [Error.Reason] of an error that has one, else its text.
func Reason(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason()
	}
	return err.Error()
}
