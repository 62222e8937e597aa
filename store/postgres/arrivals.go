package postgres

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"winnow/hygiene"
)

// arrivals are lines to be appended, as COPY takes them in its binary format: much of what
// it costs to store a callback would else be to make a statement of it. See PostgreSQL's
// manual, COPY, "Binary Format".
type arrivals struct {
	tuples []byte
	starts []int // of each line, its place in tuples
}

const copyArrivals = "COPY arrivals (appender, n, received_at, at, source, message_id, event, code, outcome, contact, phone, why, request, body) FROM STDIN (FORMAT binary)"

// The columns of arrivals, and where in a line its first two are, which are known only when
// it is sent.
const (
	arrivalColumns = 14
	appenderAt     = 2 + 4
	numberAt       = appenderAt + 8 + 4
)

var copyHead, copyEnd = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"), []byte{0xff, 0xff}

func (a *arrivals) len() int { return len(a.starts) }

// grow makes room for the events.
func (a *arrivals) grow(lists [][]hygiene.Event) {
	lines, room := 0, 0
	for _, events := range lists {
		lines += len(events)
		for i := range events {
			e := &events[i]
			room += eventWeight + len(e.Body) + len(e.MessageID) + len(e.Contact) + len(e.Name) + len(e.Code)
		}
	}
	a.starts, a.tuples = slices.Grow(a.starts, lines), slices.Grow(a.tuples, room)
}

func (a *arrivals) addEvent(e *hygiene.Event) {
	a.begin(e.ReceivedAt)
	if e.Received {
		a.null()
	} else {
		a.number(int64(e.At))
	}
	a.texts(e.Source, e.MessageID, e.Name, e.Code, e.Outcome.String(), e.Contact, e.To, "", "")
	a.bytes(e.Body)
}

func (a *arrivals) addUnreadable(u *hygiene.Unreadable) {
	a.begin(u.ReceivedAt)
	a.null()
	a.texts(u.Source, "", "", "", "", "", "", u.Why, u.Unverified.Pack())
	a.bytes(u.Body)
}

// begin begins a line.
func (a *arrivals) begin(received hygiene.Instant) {
	a.starts = append(a.starts, len(a.tuples))
	a.tuples = binary.BigEndian.AppendUint16(a.tuples, arrivalColumns)
	a.number(0) // see copyTo
	a.number(0)
	a.number(int64(received))
}

func (a *arrivals) null() { a.tuples = binary.BigEndian.AppendUint32(a.tuples, 0xffffffff) }

func (a *arrivals) number(n int64) {
	a.tuples = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(a.tuples, 8), uint64(n))
}

func (a *arrivals) texts(list ...string) {
	for _, s := range list {
		a.tuples = append(binary.BigEndian.AppendUint32(a.tuples, uint32(len(s))), s...)
	}
}

func (a *arrivals) bytes(b []byte) {
	a.tuples = append(binary.BigEndian.AppendUint32(a.tuples, uint32(len(b))), b...)
}

// addAll adds the lines of b.
func (a *arrivals) addAll(b *arrivals) {
	for _, start := range b.starts {
		a.starts = append(a.starts, len(a.tuples)+start)
	}
	a.tuples = append(a.tuples, b.tuples...)
}

// copyTo copies the lines as those of the appender after its line n.
func (a *arrivals) copyTo(c *conn, appender, n int64) error {
	if a.len() == 0 {
		return nil
	}
	for i, start := range a.starts {
		binary.BigEndian.PutUint64(a.tuples[start+appenderAt:], uint64(appender))
		binary.BigEndian.PutUint64(a.tuples[start+numberAt:], uint64(n)+uint64(i)+1)
	}
	if err := c.flush(); err != nil {
		return err
	}
	_, err := c.pg.PgConn().CopyFrom(c.ctx, io.MultiReader(bytes.NewReader(copyHead), bytes.NewReader(a.tuples), bytes.NewReader(copyEnd)), copyArrivals)
	if err != nil {
		c.failed = friendly(err)
	}
	return c.failed
}
