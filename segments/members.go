package segments

import (
	"cmp"
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
	if r := openRetry(c, asOf); r != nil {
		return member{c.Key, r.Message, r.Attempt}
	}
	return member{key: c.Key}
}

// memberList keeps the members of a segment, for the deltas of later runs. It is
// kept for a segment without a delta too: once the segment gets one, its first
// delta says who left since the run before, whose full file readers may have.
type memberList struct {
	to     *memberWriter // nil when no list can be written
	err    error         // why the members are not kept
	closed bool
}

// createMemberList begins the list of a segment. Without a store it keeps nothing.
func (x *execution) createMemberList(segment string) *memberList {
	l := &memberList{}
	if x.plan.Store == nil {
		return l
	}
	file, err := x.plan.Store.CreateMembers(x.plan.Run, segment)
	if l.err = err; err == nil {
		l.to = newMemberWriter(file, memberHeader(memberVersion, x.plan.Export.Name, x.plan.Run.Name, segment))
	}
	return l
}

func (l *memberList) add(m *member, messageID string, row uint64) {
	if l.to != nil {
		l.to.add(m, messageID, row)
	}
}

func (l *memberList) close() {
	l.closed = true
	if l.to != nil {
		l.err = l.to.close()
	}
}

// abort discards a list that was not closed because its segment or the run failed.
func (l *memberList) abort() {
	if !l.closed && l.to != nil {
		l.to.to.Discard()
	}
	l.closed = true
}

// The file of a list is a header line that names it, and blocks of records in
// byte order of the key. Each block is preceded by its length and checksum, and is
// checked before any of its records is used. An empty block with the number of
// records is the end. So a list that was cut short, swapped or damaged is never
// taken for a shorter one.

const (
	memberBlock    = 64 << 10 // bytes; a block is full once it has more
	maxMemberBlock = memberBlock + 4096
	blockHead      = 8 // bytes before a block: length and checksum
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// memberHeader names a list. The records of version 2 have the message id of a retry,
// if the segment shows it, and end with a sum of the row as it was written. Those of
// version 1 do not have these.
func memberHeader(version int, export, run, segment string) string {
	return fmt.Sprintf("winnow members %d %s/%s %s\n", version, export, run, segment)
}

const memberVersion = 2

// memberWriter writes a list. After an error it writes nothing more.
type memberWriter struct {
	to    DraftFile
	block []byte
	count uint64
	err   error
}

func newMemberWriter(to DraftFile, header string) *memberWriter {
	w := &memberWriter{to: to, block: make([]byte, blockHead, blockHead+maxMemberBlock)}
	w.write([]byte(header))
	return w
}

func (w *memberWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.to.Write(b)
	}
}

func (w *memberWriter) add(m *member, messageID string, row uint64) {
	b := binary.AppendUvarint(w.block, uint64(len(m.key)))
	b = append(b, m.key...)
	b = binary.AppendUvarint(b, uint64(m.attempt))
	if m.attempt > 0 {
		b = binary.LittleEndian.AppendUint64(b, m.message)
		b = append(binary.AppendUvarint(b, uint64(len(messageID))), messageID...)
	}
	w.block = binary.LittleEndian.AppendUint64(b, row)
	w.count++
	if len(w.block) > blockHead+memberBlock {
		w.flush()
	}
}

func (w *memberWriter) flush() {
	records := w.block[blockHead:]
	binary.LittleEndian.PutUint32(w.block, uint32(len(records)))
	binary.LittleEndian.PutUint32(w.block[4:], crc32.Checksum(records, castagnoli))
	w.write(w.block)
	w.block = w.block[:blockHead]
}

// close ends the list. After it returned nil the list is on disk.
func (w *memberWriter) close() error {
	if len(w.block) > blockHead {
		w.flush()
	}
	end := binary.LittleEndian.AppendUint64(make([]byte, blockHead), w.count)
	binary.LittleEndian.PutUint32(end[4:], crc32.Checksum(end[blockHead:], castagnoli))
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
	block   []byte // the rest of the present block
	memory  []byte // backs it
	key     []byte // of the present record
	lastKey []byte // backs it once its block is overwritten
	message uint64
	attempt int
	row     uint64 // see output.rowSum
	// messageID is that of the present record's retry, if the segment showed it. It is
	// valid until the next record.
	messageID []byte
	version   int
	count     uint64
	ended     bool
	err       error
}

var errDamaged = errors.New("the file is damaged")

// openMembers opens the list of the segment in the run of that name, and reads its
// first record.
func openMembers(store RunStore, export, run, segment string) (*memberReader, error) {
	from, err := store.OpenMembers(export, run, segment)
	if err != nil {
		return nil, err
	}
	return readMembers(from, export, run, segment), nil
}

func readMembers(from io.ReadCloser, export, run, segment string) *memberReader {
	r := &memberReader{from: from, memory: make([]byte, maxMemberBlock)}
	header := memberHeader(memberVersion, export, run, segment)
	got := r.memory[:len(header)]
	if _, err := io.ReadFull(from, got); err != nil {
		r.err = orDamaged(err)
	}
	switch string(got) {
	case header:
		r.version = memberVersion
	case memberHeader(1, export, run, segment):
		r.version = 1
	default:
		r.err = cmp.Or(r.err, errDamaged)
	}
	r.next()
	return r
}

// orDamaged is the error of a read. A file that ends too early is damaged.
func orDamaged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errDamaged
	}
	return err
}

// hasRecord reports whether there is a present record.
func (r *memberReader) hasRecord() bool { return !r.ended && r.err == nil }

func (r *memberReader) next() {
	if r.hasRecord() && len(r.block) == 0 {
		r.lastKey = append(r.lastKey[:0], r.key...)
		r.readBlock()
		r.key = r.lastKey
	}
	if r.hasRecord() {
		r.readRecord()
	}
}

// readBlock reads the next block, or the end.
func (r *memberReader) readBlock() {
	var head [blockHead]byte
	if _, err := io.ReadFull(r.from, head[:]); err != nil {
		r.err = orDamaged(err)
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
		r.err = orDamaged(err)
	} else if crc32.Checksum(r.block, castagnoli) != sum || r.ended && binary.LittleEndian.Uint64(r.block) != r.count {
		r.err = errDamaged
	}
}

// readRecord makes the next record of the block the present one.
func (r *memberReader) readRecord() {
	f := fields{rest: r.block}
	key := f.text()
	attempt := f.number()
	r.message, r.messageID, r.row = 0, nil, 0
	if attempt > 0 {
		r.message = f.fixed()
		if r.version > 1 {
			r.messageID = f.text()
		}
	}
	if r.version > 1 {
		r.row = f.fixed()
	}
	if f.bad || r.count > 0 && string(key) <= string(r.key) {
		r.err = errDamaged
		return
	}
	r.key, r.attempt, r.block = key, int(attempt), f.rest
	r.count++
}

// fields are the rest of a block while a record is read.
type fields struct {
	rest []byte
	bad  bool // it ended within a record
}

func (f *fields) number() uint64 {
	value, n := binary.Uvarint(f.rest)
	if n <= 0 {
		f.bad, n = true, 0
	}
	f.rest = f.rest[n:]
	return value
}

func (f *fields) text() []byte {
	size := f.number()
	if size > uint64(len(f.rest)) {
		f.bad, size = true, 0
	}
	text := f.rest[:size]
	f.rest = f.rest[size:]
	return text
}

// fixed is a number of eight bytes.
func (f *fields) fixed() uint64 {
	if len(f.rest) < 8 {
		f.bad = true
		return 0
	}
	value := binary.LittleEndian.Uint64(f.rest)
	f.rest = f.rest[8:]
	return value
}

// seek goes forward to the key and reports whether it is in the list. The members
// before it are skipped: they are in the list, and no longer in the store.
func (r *memberReader) seek(key string) bool {
	r.skip(func(next []byte) bool { return string(next) < key }, nil)
	return r.hasRecord() && string(r.key) == key
}

// skip goes forward while the present key is to be skipped, and passes each to gone,
// unless that is nil.
func (r *memberReader) skip(while func(key []byte) bool, gone func(key string)) {
	for r.hasRecord() && while(r.key) {
		if gone != nil {
			gone(string(r.key))
		}
		r.next()
	}
}

// matches reports whether the present record, of that key, is this very member.
func (r *memberReader) matches(m *member) bool {
	return r.attempt == m.attempt && r.message == m.message
}

// close reads the rest, because the damage may be there.
func (r *memberReader) close() error {
	for r.hasRecord() {
		r.next()
	}
	return errors.Join(r.err, r.from.Close())
}
