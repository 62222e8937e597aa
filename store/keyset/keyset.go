// Package keyset remembers which keys it was given, however many they are.
//
// A [Set] keeps 128 bits of each key's SHA-256: among a billion keys the chance
// that any two are taken for one is below one in 10^20. The newest digests are
// in memory. When they become too many they are written to a scratch file as a
// sorted run, and runs of similar size are merged: there are few runs, and all
// writing is sequential. A bitmap of fixed size answers for most new keys, so
// that no run is read.
//
// What is kept in memory is in this file, a run on disk in run.go.
package keyset

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
)

// Set is a set of keys that only grows. It is used by one goroutine at a time.
type Set struct {
	folder string
	limit  int          // of recent
	recent []digest     // in memory, sorted
	runs   []*sortedRun // on disk, the largest first
	bitmap []uint64     // which leading bits occur in the runs; nil without runs

	asked []askedDigest // of the Add under way
	spare []digest      // the memory that recent had before
}

// DefaultLimit is how many keys a Set keeps in memory unless told otherwise.
const DefaultLimit = 1 << 18 // 4 MiB, and as much again as spare

// bitmapBits are how many leading bits of a digest the bitmap knows: 32 MiB.
const bitmapBits = 28

// digest stands for a key.
type digest struct{ high, low uint64 }

// askedDigest is a digest with its key's place among the keys asked for.
type askedDigest struct {
	digest
	place int
}

func digestOf(key string) digest {
	sum := sha256.Sum256([]byte(key))
	return digest{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])}
}

func (d digest) compare(o digest) int {
	if d.high != o.high {
		return cmp.Compare(d.high, o.high)
	}
	return cmp.Compare(d.low, o.low)
}

// New makes an empty set. It keeps up to limit keys in memory, at 32 bytes each;
// 0 stands for [DefaultLimit]. For keys beyond that it takes up to 32 bytes each
// in the folder until it is closed.
func New(folder string, limit int) *Set {
	return &Set{folder: folder, limit: cmp.Or(limit, DefaultLimit)}
}

// Add adds the keys and reports of each whether it is new. Of a key that is
// among them twice, the first is. Adding some ten thousand keys at a time is
// fastest.
func (s *Set) Add(keys []string) (isNew []bool, err error) {
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
	isNew = make([]bool, len(keys))
	if err := s.dropThoseInRuns(); err != nil {
		return nil, err
	}
	s.mergeIntoRecent(isNew)
	if len(s.recent) < s.limit {
		return isNew, nil
	}
	return isNew, s.flush()
}

// dropThoseInRuns drops from asked the digests that the runs have.
func (s *Set) dropThoseInRuns() error {
	for _, r := range s.runs {
		from := 0
		kept := s.asked[:0]
		for _, a := range s.asked {
			if s.mayBeInRuns(a.digest) {
				has, next, err := r.contains(a.digest, from)
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

// mergeIntoRecent adds to recent the digests of asked that it lacks, and marks
// their places as new.
func (s *Set) mergeIntoRecent(isNew []bool) {
	merged, rest := s.spare[:0], s.recent
	for _, a := range s.asked {
		for len(rest) > 0 && rest[0].compare(a.digest) < 0 {
			merged, rest = append(merged, rest[0]), rest[1:]
		}
		if len(rest) > 0 && rest[0] == a.digest {
			continue
		}
		merged = append(merged, a.digest)
		isNew[a.place] = true
	}
	s.recent, s.spare = append(merged, rest...), s.recent
}

func (s *Set) mayBeInRuns(d digest) bool {
	bit := d.high >> (64 - bitmapBits)
	return s.bitmap[bit/64]&(1<<(bit%64)) != 0
}

func (s *Set) markInBitmap(d digest) {
	bit := d.high >> (64 - bitmapBits)
	s.bitmap[bit/64] |= 1 << (bit % 64)
}

// flush writes recent as a run, and merges runs of similar size.
func (s *Set) flush() error {
	if s.bitmap == nil {
		s.bitmap = make([]uint64, 1<<bitmapBits/64)
	}
	r, err := newRun(s.folder, len(s.recent))
	if err != nil {
		return err
	}
	s.runs = append(s.runs, r)
	for _, d := range s.recent {
		s.markInBitmap(d)
		if err := r.append(d); err != nil {
			return err
		}
	}
	s.recent = s.recent[:0]
	if err := r.finish(); err != nil {
		return err
	}
	for n := len(s.runs); n > 1 && s.runs[n-1].digests > s.runs[n-2].digests/2; n = len(s.runs) {
		if err := s.mergeLastRuns(); err != nil {
			return err
		}
	}
	return nil
}

// mergeLastRuns makes one run of the last two.
func (s *Set) mergeLastRuns() error {
	n := len(s.runs)
	a, b := s.runs[n-2], s.runs[n-1]
	merged, err := newRun(s.folder, a.digests+b.digests)
	if err != nil {
		return err
	}
	s.runs = append(s.runs[:n-2], merged)
	return errors.Join(merged.appendBoth(a, b), a.close(), b.close())
}

// Close forgets all keys and frees their space on the disk.
func (s *Set) Close() error {
	var errs []error
	for _, r := range s.runs {
		errs = append(errs, r.close())
	}
	s.runs = nil
	return errors.Join(errs...)
}
