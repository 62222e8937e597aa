package hygiene

import "encoding/binary"

// packReader reads packed values. After the first bad one it returns zero values.
type packReader struct {
	b       []byte
	version byte
	bad     bool
	givers  int // of a number's history
}

func (r *packReader) next(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	head := r.b[:n]
	r.b = r.b[n:]
	return head
}

func (r *packReader) byte() byte {
	if b := r.next(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *packReader) uint64() uint64 {
	if b := r.next(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *packReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.next(-1)
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *packReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.next(-1)
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads how many things follow. Each takes at least a byte.
func (r *packReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.next(-1)
		return 0
	}
	return int(n)
}

func (r *packReader) moment() Moment { return Moment{Instant(r.varint()), r.varint()} }

func (r *packReader) seqs() []int64 {
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

func (r *packReader) text() string { return string(r.next(r.count())) }

// textLike is text without an allocation when it equals the known one.
func (r *packReader) textLike(known string) string {
	b := r.next(r.count())
	if string(b) == known {
		return known
	}
	return string(b)
}
