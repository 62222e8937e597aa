package segments

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"winnow/hygiene"
)

// member is what a delta compares: a contact, and with an open retry its message
// and attempt, so that a new retry of the same contact is another member.
type member struct {
	key     string
	message uint64 // see [hygiene.MessageHash]; only with an attempt
	attempt int    // 0 without a retry
}

// memberAt is the contact as a member, with the retry that columns show.
func memberAt(c *hygiene.Contact, asOf hygiene.Instant) member {
	if !c.Retry.OpenAt(asOf) || c.Status(asOf) == hygiene.IsSuppressed {
		return member{key: c.Key}
	}
	return member{c.Key, c.Retry.Message, c.Retry.Attempt}
}

// A list of members is a line that names it, and blocks of records in byte order
// of the key. Each block has its length and checksum before it and is checked
// before a record of it is believed; an empty one, with the number of records, is
// the end. So a list that was cut short, mixed up or damaged is told from a
// shorter one, however the damage came about.

const (
	memberBlock    = 64 << 10 // bytes; a block is full once it has more
	maxMemberBlock = memberBlock + 4096
	memberHead     = 8 // bytes before a block: length and checksum
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func memberTitle(export, run, segment string) string {
	return fmt.Sprintf("winnow members 1 %s/%s %s\n", export, run, segment)
}

// memberWriter writes a list. After an error it writes no more.
type memberWriter struct {
	to    DraftFile
	block []byte
	count uint64
	err   error
}

func newMemberWriter(to DraftFile, title string) *memberWriter {
	w := &memberWriter{to: to, block: make([]byte, memberHead, memberHead+maxMemberBlock)}
	w.write([]byte(title))
	return w
}

func (w *memberWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(b)
	}
}

func (w *memberWriter) add(m *member) {
	b := binary.AppendUvarint(w.block, uint64(len(m.key)))
	b = append(b, m.key...)
	b = binary.AppendUvarint(b, uint64(m.attempt))
	if m.attempt > 0 {
		b = binary.LittleEndian.AppendUint64(b, m.message)
	}
	w.block = b
	w.count++
	if len(w.block) > memberHead+memberBlock {
		w.flush()
	}
}

func (w *memberWriter) flush() {
	records := w.block[memberHead:]
	binary.LittleEndian.PutUint32(w.block, uint32(len(records)))
	binary.LittleEndian.PutUint32(w.block[4:], crc32.Checksum(records, castagnoli))
	w.write(w.block)
	w.block = w.block[:memberHead]
}

// close ends the list; without an error it is on disk.
func (w *memberWriter) close() error {
	if len(w.block) > memberHead {
		w.flush()
	}
	end := binary.LittleEndian.AppendUint64(make([]byte, memberHead), w.count)
	binary.LittleEndian.PutUint32(end[4:], crc32.Checksum(end[memberHead:], castagnoli))
	w.write(end)
	if w.err != nil {
		w.to.Discard()
		return w.err
	}
	return w.to.Close()
}

// memberReader reads a list, record by record.
type memberReader struct {
	from    io.ReadCloser
	block   []byte // of the present block, what has not been read yet
	memory  []byte // backs it
	key     []byte // of the present record
	before  []byte // the key of the last block's last record
	message uint64
	attempt int
	count   uint64
	ended   bool
	err     error
}

var errDamaged = errors.New("it is damaged")

// openMembers reads the title and the first record.
func openMembers(from io.ReadCloser, title string) *memberReader {
	r := &memberReader{from: from, memory: make([]byte, maxMemberBlock)}
	got := r.memory[:len(title)]
	if _, err := io.ReadFull(from, got); err != nil {
		r.err = damage(err)
	} else if string(got) != title {
		r.err = errDamaged
	}
	r.next()
	return r
}

// damage is the error of a read; that of a file that ends too early is damage.
func damage(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errDamaged
	}
	return err
}

// standing tells whether there is a present record.
func (r *memberReader) standing() bool { return !r.ended && r.err == nil }

func (r *memberReader) next() {
	if r.standing() && len(r.block) == 0 {
		r.before = append(r.before[:0], r.key...)
		r.load()
		r.key = r.before
	}
	if r.standing() {
		r.record()
	}
}

// load reads the next block, or the end.
func (r *memberReader) load() {
	var head [memberHead]byte
	if _, err := io.ReadFull(r.from, head[:]); err != nil {
		r.err = damage(err)
		return
	}
	size, sum := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	r.ended = size == 0
	if r.ended {
		size = 8
	}
	if size > maxMemberBlock {
		r.err = errDamaged
		return
	}
	r.block = r.memory[:size]
	if _, err := io.ReadFull(r.from, r.block); err != nil {
		r.err = damage(err)
	} else if crc32.Checksum(r.block, castagnoli) != sum || r.ended && binary.LittleEndian.Uint64(r.block) != r.count {
		r.err = errDamaged
	}
}

// record takes the next record from the block.
func (r *memberReader) record() {
	size, n := binary.Uvarint(r.block)
	if n <= 0 || size > uint64(len(r.block)-n) {
		r.err = errDamaged
		return
	}
	key, rest := r.block[n:n+int(size)], r.block[n+int(size):]
	attempt, n := binary.Uvarint(rest)
	if n <= 0 || attempt > 0 && len(rest) < n+8 || r.count > 0 && string(key) <= string(r.key) {
		r.err = errDamaged
		return
	}
	rest = rest[n:]
	r.key, r.attempt, r.message = key, int(attempt), 0
	if attempt > 0 {
		r.message, rest = binary.LittleEndian.Uint64(rest), rest[8:]
	}
	r.block = rest
	r.count++
}

// passTo goes on to the key, and tells whether it is in the list. Whom it passes
// over is in the list and not asked about.
func (r *memberReader) passTo(key string) bool {
	for r.standing() && string(r.key) < key {
		r.next()
	}
	return r.standing() && string(r.key) == key
}

// is tells whether the present record is that very member.
func (r *memberReader) is(m *member) bool { return r.attempt == m.attempt && r.message == m.message }

// close reads what is left, since the damage may be there.
func (r *memberReader) close() error {
	for r.standing() {
		r.next()
	}
	return errors.Join(r.err, r.from.Close())
}
