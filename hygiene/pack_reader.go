package hygiene

import "encoding/binary"

// reader reads packed values. Once something is bad it gives zero values.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.take(-1)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.take(-1)
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads how many things follow; each takes at least a byte.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.take(-1)
		return 0
	}
	return int(n)
}

func (r *reader) moment() Moment { return Moment{Instant(r.varint()), r.varint()} }

func (r *reader) seqs() []int64 {
	n := r.count()
	if n == 0 {
		return nil
	}
	seqs := make([]int64, n)
	prev := int64(0)
	for i := range seqs {
		prev += r.varint()
		seqs[i] = prev
	}
	return seqs
}

func (r *reader) text() string { return string(r.take(r.count())) }

// textLike is text, without a new string when it is the known one.
func (r *reader) textLike(known string) string {
	b := r.take(r.count())
	if string(b) == known {
		return known
	}
	return string(b)
}
