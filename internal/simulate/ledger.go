package simulate

import (
	"fmt"
	"sync"

	"winnow/internal/simulate/bodies"
)

// ledger is what was answered of each event: a byte each, by its number.
type ledger struct {
	mu    sync.Mutex
	notes []note
}

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

// add notes what came of a callback of the event of that number.
func (l *ledger) add(n int64, expect bodies.Expect, answered, uncertain bool) {
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

// idOf is the id of a message of a run.
func idOf(run string, message int64) string { return fmt.Sprintf("%s%s-%d", prefix, run, message) }
