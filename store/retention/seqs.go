package retention

// Seqs is a set of seqs between two, a bit each.
type Seqs struct {
	from, to int64
	bits     []uint64
}

// NewSeqs is an empty set of seqs between two, included.
func NewSeqs(from, to int64) *Seqs {
	return &Seqs{from, to, make([]uint64, (to-from)/64+1)}
}

// Range is between which seqs the set is.
func (s *Seqs) Range() (from, to int64) { return s.from, s.to }

// Add adds a seq, unless it lies outside.
func (s *Seqs) Add(seq int64) {
	if seq >= s.from && seq <= s.to {
		s.bits[(seq-s.from)/64] |= 1 << ((seq - s.from) % 64)
	}
}

// AddRange adds all seqs from one to another, included.
func (s *Seqs) AddRange(from, to int64) {
	for seq := max(from, s.from); seq <= min(to, s.to); seq++ {
		s.Add(seq)
	}
}

// Has reports whether the set has the seq. A nil set is empty.
func (s *Seqs) Has(seq int64) bool {
	return s != nil && seq >= s.from && seq <= s.to && s.bits[(seq-s.from)/64]&(1<<((seq-s.from)%64)) != 0
}

// HasAny reports whether the set has one of the seqs from one to another, included.
func (s *Seqs) HasAny(from, to int64) bool {
	if s == nil {
		return false
	}
	for seq := max(from, s.from); seq <= min(to, s.to); seq++ {
		if (seq-s.from)%64 == 0 && s.bits[(seq-s.from)/64] == 0 {
			seq += 63
		} else if s.Has(seq) {
			return true
		}
	}
	return false
}
