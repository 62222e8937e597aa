// Package logahead reads the log in lots, each while the one before is being looked at: a sweep
// reads on one core what it applies on another.
package logahead

import (
	"winnow/hygiene"
	"winnow/store/messages"
)

// Lot is what was read from the log together.
type Lot struct {
	Events []hygiene.Event
	View   *messages.View // of their messages
	Err    error
}

// Last is the seq of the last event of a lot that has events.
func (l *Lot) Last() int64 { return l.Events[len(l.Events)-1].Seq }

// Reader reads lots one after the other. One goroutine uses it.
type Reader struct {
	read  func(seq int64) Lot
	under <-chan Lot // that is being read; nil for none
}

// After begins to read after seq. read returns the lot after a seq, without events at the end
// of the log; it runs beside the caller. [Reader.Stop] is to be called in the end.
func After(seq int64, read func(seq int64) Lot) *Reader {
	r := &Reader{read: read}
	r.GoTo(seq)
	return r
}

// GoTo begins anew after seq.
func (r *Reader) GoTo(seq int64) {
	r.Stop()
	out := make(chan Lot, 1)
	r.under = out
	go func() { out <- r.read(seq) }()
}

// Next is the next lot. It has no events at the end of the log, nor with an error; then
// nothing follows.
func (r *Reader) Next() Lot {
	if r.under == nil {
		return Lot{}
	}
	lot := <-r.under
	if r.under = nil; lot.Err == nil && len(lot.Events) > 0 {
		r.GoTo(lot.Last())
	}
	return lot
}

// Stop waits for the lot that is being read.
func (r *Reader) Stop() {
	if r.under != nil {
		<-r.under
		r.under = nil
	}
}
