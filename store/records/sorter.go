package records

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"io"
	"slices"

	"winnow/store/scratchfile"
)

// Sorter sorts records that have as many texts as each other. What is written
// in the order of the store writes each of its pages once. What does not fit in memory is
// in a scratch file, as sorted runs.
type Sorter struct {
	Folder string // of the scratch file, unless TMPDIR names another
	limit  int    // bytes in memory; 0 for sorterMemory
	arena  []byte // the records in memory
	starts []int  // where they begin there
	file   *scratchfile.File
	runs   []int64 // where they end in the file
}

// sorterMemory is how many bytes of records are in memory.
const sorterMemory = 24 << 20

// appendRecord appends a record, as readRecord reads it.
func appendRecord(b []byte, record ...string) []byte {
	b = binary.AppendUvarint(b, uint64(len(record)))
	for _, text := range record {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}

// Add adds a record.
func (s *Sorter) Add(record ...string) error {
	limit := s.limit
	if limit == 0 {
		limit = sorterMemory
	}
	if len(s.arena) >= limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.starts = append(s.starts, len(s.arena))
	s.arena = appendRecord(s.arena, record...)
	return nil
}

// sort sorts the records in memory by their texts, one after the other.
func (s *Sorter) sort() {
	slices.SortFunc(s.starts, func(a, b int) int { return compareRecords(s.arena[a:], s.arena[b:]) })
}

// compareRecords compares records that have as many texts.
func compareRecords(a, b []byte) int {
	n, size := binary.Uvarint(a)
	a, b = a[size:], b[size:]
	for range n {
		var x, y []byte
		x, a = cutText(a)
		y, b = cutText(b)
		if c := bytes.Compare(x, y); c != 0 {
			return c
		}
	}
	return 0
}

func cutText(b []byte) (text, rest []byte) {
	n, size := binary.Uvarint(b)
	return b[size : size+int(n)], b[size+int(n):]
}

// spill writes the records in memory as a run.
func (s *Sorter) spill() (err error) {
	if s.file == nil {
		if s.file, err = scratchfile.Create(scratchfile.Folder(s.Folder)); err != nil {
			return err
		}
	}
	s.sort()
	w, written := bufio.NewWriterSize(s.file, 256<<10), int64(0)
	for _, start := range s.starts {
		n := recordLength(s.arena[start:])
		if _, err := w.Write(s.arena[start : start+n]); err != nil {
			return err
		}
		written += int64(n)
	}
	if len(s.runs) > 0 {
		written += s.runs[len(s.runs)-1]
	}
	s.runs, s.arena, s.starts = append(s.runs, written), s.arena[:0], s.starts[:0]
	return w.Flush()
}

// recordLength is how many bytes the record at the beginning of b has.
func recordLength(b []byte) int {
	n, size := binary.Uvarint(b)
	rest := b[size:]
	for range n {
		_, rest = cutText(rest)
	}
	return len(b) - len(rest)
}

// Each visits the records in their order. It is called once, after the last was added.
func (s *Sorter) Each(visit func(record []string) error) error {
	if len(s.runs) == 0 {
		s.sort()
		for _, start := range s.starts {
			record := textsOf(s.arena[start:])
			if err := visit(record); err != nil {
				return err
			}
		}
		return nil
	}
	if err := s.spill(); err != nil {
		return err
	}
	s.arena, s.starts = nil, nil
	return s.merge(visit)
}

// textsOf are the texts of the record at the beginning of b.
func textsOf(b []byte) []string {
	n, size := binary.Uvarint(b)
	b = b[size:]
	record := make([]string, n)
	for i := range record {
		var text []byte
		text, b = cutText(b)
		record[i] = string(text)
	}
	return record
}

func (s *Sorter) merge(visit func(record []string) error) error {
	var runs runHeap
	from := int64(0)
	for _, to := range s.runs {
		r := &runReader{in: bufio.NewReaderSize(io.NewSectionReader(s.file, from, to-from), 64<<10)}
		if from = to; r.next() {
			runs = append(runs, r)
		}
		if r.err != nil && r.err != io.EOF {
			return r.err
		}
	}
	heap.Init(&runs)
	for len(runs) > 0 {
		r := runs[0]
		if err := visit(r.record); err != nil {
			return err
		}
		switch {
		case r.next():
			heap.Fix(&runs, 0)
		case r.err != io.EOF:
			return r.err
		default:
			heap.Pop(&runs)
		}
	}
	return nil
}

// runReader reads a run.
type runReader struct {
	in     *bufio.Reader
	record []string
	err    error
}

func (r *runReader) next() bool {
	r.record, r.err = readRecord(r.in)
	return r.err == nil
}

// runHeap has the run with the least record first. It implements heap.Interface.
type runHeap []*runReader

func (h runHeap) Len() int           { return len(h) }
func (h runHeap) Less(i, j int) bool { return slices.Compare(h[i].record, h[j].record) < 0 }
func (h runHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface; no run is added.
func (h *runHeap) Push(any) {}

// Pop implements heap.Interface.
func (h *runHeap) Pop() any {
	last := len(*h) - 1
	*h = (*h)[:last]
	return nil
}

// Close frees the space of the scratch file.
func (s *Sorter) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
