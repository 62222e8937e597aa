package store

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// Seen remembers keys, however many, by 128 bits of their SHA-256: among a
// billion keys the chance that any two are taken for one is below one in 10^20.
//
// The newest digests are in memory. When there are too many they are written to a
// temporary file as a sorted run, and runs of similar size are merged, so there
// are few runs and all writing is sequential. A bitmap of fixed size answers for
// most new keys without a look at a run.
type Seen struct {
	s      *Store
	most   int // in latest
	latest []digest
	runs   []*digestRun // the largest first
	bitmap []uint64     // of what the runs have, by the leading bits; nil without runs
	asked  []askedDigest
	spare  []digest
}

const (
	latestDigests = 1 << 18 // 4 MiB
	bitmapBits    = 28      // 32 MiB
)

// digest stands for a key.
type digest struct{ lead, rest uint64 }

// askedDigest is a digest with its place among the keys.
type askedDigest struct {
	digest
	place int
}

func digestOf(key string) digest {
	sum := sha256.Sum256([]byte(key))
	return digest{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])}
}

func (d digest) compare(o digest) int {
	if d.lead != o.lead {
		return cmp.Compare(d.lead, o.lead)
	}
	return cmp.Compare(d.rest, o.rest)
}

// NewSeen makes an empty Seen. Until it is closed it takes up to 32 bytes for
// each key beyond the first quarter of a million, in the folder that the variable
// TMPDIR names, or beside the store.
func (s *Store) NewSeen() *Seen { return &Seen{s: s, most: latestDigests} }

// Add remembers the keys, and tells of each whether it is a new one; of a key
// that is among them twice the first is. Some ten thousand at a time are added
// soonest.
func (s *Seen) Add(keys []string) (fresh []bool, err error) {
	s.asked = s.asked[:0]
	for i, key := range keys {
		s.asked = append(s.asked, askedDigest{digestOf(key), i})
	}
	slices.SortFunc(s.asked, func(a, b askedDigest) int {
		if c := a.compare(b.digest); c != 0 {
			return c
		}
		return a.place - b.place
	})
	s.asked = slices.CompactFunc(s.asked, func(a, b askedDigest) bool { return a.digest == b.digest })
	fresh = make([]bool, len(keys))
	if err := s.notInRuns(); err != nil {
		return nil, err
	}
	s.join(fresh)
	if len(s.latest) < s.most {
		return fresh, nil
	}
	return fresh, s.spill()
}

// notInRuns strikes from what is asked what the runs have.
func (s *Seen) notInRuns() error {
	for _, r := range s.runs {
		from := 0
		kept := s.asked[:0]
		for _, a := range s.asked {
			if s.marked(a.digest) {
				has, next, err := r.has(a.digest, from)
				if err != nil {
					return err
				}
				if from = next; has {
					continue
				}
			}
			kept = append(kept, a)
		}
		s.asked = kept
	}
	return nil
}

// join adds to the latest what is asked and not among them, and says so.
func (s *Seen) join(fresh []bool) {
	joined, rest := s.spare[:0], s.latest
	for _, a := range s.asked {
		for len(rest) > 0 && rest[0].compare(a.digest) < 0 {
			joined, rest = append(joined, rest[0]), rest[1:]
		}
		if len(rest) > 0 && rest[0] == a.digest {
			continue
		}
		joined = append(joined, a.digest)
		fresh[a.place] = true
	}
	s.latest, s.spare = append(joined, rest...), s.latest
}

func (s *Seen) marked(d digest) bool {
	bit := d.lead >> (64 - bitmapBits)
	return s.bitmap[bit/64]&(1<<(bit%64)) != 0
}

func (s *Seen) mark(d digest) {
	bit := d.lead >> (64 - bitmapBits)
	s.bitmap[bit/64] |= 1 << (bit % 64)
}

// spill makes a run of the latest, and one of two that are about as large.
func (s *Seen) spill() error {
	if s.bitmap == nil {
		s.bitmap = make([]uint64, 1<<bitmapBits/64)
	}
	r, err := s.s.newDigestRun(len(s.latest))
	if err != nil {
		return err
	}
	s.runs = append(s.runs, r)
	for _, d := range s.latest {
		s.mark(d)
		if err := r.add(d); err != nil {
			return err
		}
	}
	s.latest = s.latest[:0]
	if err := r.whole(); err != nil {
		return err
	}
	for n := len(s.runs); n > 1 && s.runs[n-1].digests > s.runs[n-2].digests/2; n = len(s.runs) {
		if err := s.merge(s.runs[n-2], s.runs[n-1]); err != nil {
			return err
		}
	}
	return nil
}

// merge makes one run of the last two.
func (s *Seen) merge(a, b *digestRun) error {
	r, err := s.s.newDigestRun(a.digests + b.digests)
	if err != nil {
		return err
	}
	s.runs = append(s.runs[:len(s.runs)-2], r)
	return errors.Join(r.addBoth(a, b), a.close(), b.close())
}

// Close forgets all keys and frees their space.
func (s *Seen) Close() error {
	var errs []error
	for _, r := range s.runs {
		errs = append(errs, r.close())
	}
	s.runs = nil
	return errors.Join(errs...)
}
