package store

import (
	"winnow/hygiene"
	"winnow/store/engine"
	"winnow/store/erasure"
)

// heldKeys are those of the keys that a legal hold keeps from being forgotten.
func heldKeys(engine.Querier, []string) ([]string, error) { return nil, nil }

// remember keeps what must outlast a person, before anything of it is erased: it is called
// once for each, at that time, in the transaction that decides that it will be erased.
func remember(engine.Writer, *hygiene.Policy, *erasure.Person, hygiene.Instant) error { return nil }

// rememberMessages keeps what must outlast messages to persons who are being erased, before
// these are erased. It is called several times, also for messages that it was called for.
func rememberMessages(engine.Writer, []engine.MessageKey) error { return nil }
