// Package answered notes what a daemon answered to each event of a run, and compares it with
// the log of its store.
//
// A [Ledger] has a byte an event, so a run of millions needs millions of bytes. It can be
// written to a file, for a comparison on another host. [Ledger.Compare] reads the log once.
//
// An event is known by the number of its message, which is in the message's id, and by whether
// it is the last one of that message.
package answered

import (
	"fmt"
	"sync"

	"winnow/internal/simulate/bodies"
	"winnow/internal/simulate/traffic"
)

// Ledger is what was answered of each event of a run: a byte each, by its number. It is safe
// for use by many goroutines while events are added.
type Ledger struct {
	Run   string // a word that no other run has
	Steps int64  // events of a message

	mu    sync.Mutex
	notes []note
}

// Events is how many events there are.
func (l *Ledger) Events() int64 { return int64(len(l.notes)) }

// note is what is known of an event: how often a callback of it was answered as stored, how
// often it is not known whether it was stored, each up to [mostNoted], and what was to become
// of it.
type note uint8

const (
	mostNoted     = 7
	answeredBits  = 0
	uncertainBits = 3
	expectBits    = 6
)

func (n note) answered() int         { return int(n>>answeredBits) & mostNoted }
func (n note) uncertain() int        { return int(n>>uncertainBits) & mostNoted }
func (n note) expect() bodies.Expect { return bodies.Expect(n >> expectBits) }

// counted adds one at those bits.
func (n note) counted(bits int) note {
	if n>>bits&mostNoted == mostNoted {
		return n
	}
	return n + 1<<bits
}

// Add notes what came of a callback of the event of that number: that it was answered as
// stored, or that it is not known whether it is.
func (l *Ledger) Add(n int64, expect bodies.Expect, answered, uncertain bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for int64(len(l.notes)) <= n {
		l.notes = append(l.notes, 0)
	}
	is := l.notes[n]&(1<<expectBits-1) | note(expect)<<expectBits
	if answered {
		is = is.counted(answeredBits)
	}
	if uncertain {
		is = is.counted(uncertainBits)
	}
	l.notes[n] = is
}

// bounds are how often an event may be in the log, and in quarantine.
func (n note) bounds(where bodies.Expect) (least, most int) {
	if n.expect() != where {
		return 0, 0
	}
	least, most = n.answered(), n.answered()+n.uncertain()
	if n.answered() == mostNoted || n.uncertain() == mostNoted {
		most = mostSeen
	}
	return least, most
}

// ID is the id of a message of a run.
func ID(run string, message int64) string {
	return fmt.Sprintf("%s%s-%d", traffic.Prefix, run, message)
}
