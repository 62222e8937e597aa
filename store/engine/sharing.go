package engine

import "errors"

// Sharing is an [Engine] that several processes write at the same time, so that they sweep one
// log together.
type Sharing interface {
	Engine
	// WriteBeside runs do in one transaction on the contacts. Others of its kind run
	// meanwhile, in any process; [Engine.Write] excludes them all. Two of them may write the
	// same row only at their ends, in the order of its keys: then the second waits for the
	// first. If they are in each other's way nevertheless, one of them has the error
	// [ErrClash], and nothing of it took effect.
	WriteBeside(do func(Writer) error) error
}

// ErrClash is the error of a transaction that was in the way of another one. It may be
// tried again.
var ErrClash = errors.New("two transactions were in each other's way")
