package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"sync"

	"winnow/store/engine"
)

// copyRows are rows in the binary form of COPY, see its page in PostgreSQL's manual: a
// header, then for each row the number of its values and each with its length, then -1.
//
// The driver may still read them, in a goroutine of its own, after it has given up.
type copyRows struct {
	ctx  context.Context
	next func() (engine.Row, error)

	mu           sync.Mutex
	begun, ended bool
	waiting      []byte // to be read
	buffer       []byte // the memory of it
	err          error  // of next
}

var copyHeader = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// Read implements [io.Reader].
func (r *copyRows) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.waiting) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		if err := r.fill(); err != nil {
			r.err = err
			return 0, err
		}
	}
	n := copy(p, r.waiting)
	r.waiting = r.waiting[n:]
	return n, nil
}

// stop ends the reading, and returns the error that next had.
func (r *copyRows) stop() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended, r.waiting = true, nil
	return r.err
}

// copyFill is how many bytes of rows wait before some are read.
const copyFill = 64 << 10

func (r *copyRows) fill() error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	b := r.buffer[:0]
	if !r.begun {
		b, r.begun = append(b, copyHeader...), true
	}
	for len(b) < copyFill && !r.ended {
		row, err := r.next()
		switch {
		case err != nil:
			return err
		case row == nil:
			b, r.ended = append(b, 0xff, 0xff), true
		default:
			if b, err = appendRow(b, row); err != nil {
				return err
			}
		}
	}
	r.buffer, r.waiting = b, b
	return nil
}

func appendRow(b []byte, row engine.Row) ([]byte, error) {
	b = binary.BigEndian.AppendUint16(b, uint16(len(row)))
	for _, value := range row {
		switch v := value.(type) {
		case nil:
			b = append(b, 0xff, 0xff, 0xff, 0xff)
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 0, 0, 0, 8), uint64(v))
		case string:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		default:
			return nil, fmt.Errorf("a value of the type %T can't be copied", value)
		}
	}
	return b, nil
}
