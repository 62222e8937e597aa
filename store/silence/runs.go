package silence

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"io"
	"slices"

	"winnow/hygiene"
	"winnow/store/scratchfile"
)

// record is an event that matters, without its message's id.
type record struct {
	hash     uint64 // of the message, see [hygiene.MessageHash]
	at       hygiene.Instant
	seq      int64
	source   int
	terminal bool
}

// compare orders records by message, its answers first, then by time.
func (r *record) compare(s *record) int {
	switch {
	case r.hash != s.hash:
		return cmp.Compare(r.hash, s.hash)
	case r.terminal != s.terminal:
		if r.terminal {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(r.at, s.at), cmp.Compare(r.seq, s.seq))
}

const (
	// runRecords is how many records are sorted in memory: 5 MiB.
	runRecords = 1 << 17
	// recordSize is a record in a file: hash, time, and seq, source and terminal in eight
	// bytes each.
	recordSize = 24
	sourceBits = 15
)

func (r *record) put(b *[recordSize]byte) {
	last := uint64(r.seq)<<(sourceBits+1) | uint64(r.source)<<1
	if r.terminal {
		last |= 1
	}
	binary.LittleEndian.PutUint64(b[:], r.hash)
	binary.LittleEndian.PutUint64(b[8:], uint64(r.at))
	binary.LittleEndian.PutUint64(b[16:], last)
}

func (r *record) get(b *[recordSize]byte) {
	last := binary.LittleEndian.Uint64(b[16:])
	*r = record{hash: binary.LittleEndian.Uint64(b[:]), at: hygiene.Instant(binary.LittleEndian.Uint64(b[8:])),
		seq: int64(last >> (sourceBits + 1)), source: int(last>>1) & (1<<sourceBits - 1), terminal: last&1 == 1}
}

// runs sorts records by message.
type runs struct {
	folder  string
	most    int // records in memory; 0 for runRecords
	recent  []record
	file    *scratchfile.File
	ends    []int64 // of each run in the file
	written int64
}

func (s *runs) add(r record) error {
	if s.recent = append(s.recent, r); len(s.recent) < cmp.Or(s.most, runRecords) {
		return nil
	}
	return s.spill()
}

// reduce sorts what is in memory and leaves one record of each message: an answer, or else
// the first sending.
func (s *runs) reduce() {
	slices.SortFunc(s.recent, func(a, b record) int { return a.compare(&b) })
	s.recent = slices.CompactFunc(s.recent, func(a, b record) bool { return a.hash == b.hash })
}

// spill writes what is in memory as a run.
func (s *runs) spill() (err error) {
	if s.file == nil {
		if s.file, err = scratchfile.Create(s.folder); err != nil {
			return err
		}
	}
	s.reduce()
	w := bufio.NewWriterSize(s.file, 256<<10)
	var b [recordSize]byte
	for i := range s.recent {
		s.recent[i].put(&b)
		if _, err := w.Write(b[:]); err != nil {
			return err
		}
	}
	s.written += int64(len(s.recent) * recordSize)
	s.ends, s.recent = append(s.ends, s.written), s.recent[:0]
	return w.Flush()
}

// each visits the first sending of each message without an answer, once all records were
// added.
func (s *runs) each(visit func(record) error) error {
	if len(s.ends) == 0 {
		s.reduce()
		for _, r := range s.recent {
			if !r.terminal {
				if err := visit(r); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := s.spill(); err != nil {
		return err
	}
	s.recent = nil
	return s.merge(visit)
}

// merge reads all runs together. The first record of a message is an answer if it has one.
func (s *runs) merge(visit func(record) error) error {
	var heads runHeap
	from := int64(0)
	for _, to := range s.ends {
		h := &runHead{in: bufio.NewReaderSize(io.NewSectionReader(s.file, from, to-from), 64<<10)}
		from = to
		if more, err := h.next(); err != nil {
			return err
		} else if more {
			heads = append(heads, h)
		}
	}
	heap.Init(&heads)
	for last, first := uint64(0), true; len(heads) > 0; first = false {
		r := heads[0].record
		if (first || r.hash != last) && !r.terminal {
			if err := visit(r); err != nil {
				return err
			}
		}
		last = r.hash
		more, err := heads[0].next()
		switch {
		case err != nil:
			return err
		case more:
			heap.Fix(&heads, 0)
		default:
			heap.Pop(&heads)
		}
	}
	return nil
}

// close frees the space of the scratch file.
func (s *runs) close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// runHead is a run that is being read, with its next record.
type runHead struct {
	in *bufio.Reader
	record
}

func (h *runHead) next() (more bool, err error) {
	var b [recordSize]byte
	if _, err := io.ReadFull(h.in, b[:]); err == io.EOF {
		return false, nil
	} else if err != nil {
		return false, err
	}
	h.get(&b)
	return true, nil
}

// runHeap has the run with the least record first. It implements heap.Interface.
type runHeap []*runHead

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, j int) bool { return h[i].compare(&h[j].record) < 0 }
func (h runHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface; no run is added.
func (h *runHeap) Push(any) {}

// Pop implements heap.Interface.
func (h *runHeap) Pop() any {
	last := len(*h) - 1
	*h = (*h)[:last]
	return nil
}
