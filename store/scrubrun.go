package store

import (
	"bufio"
	"encoding/binary"
	"io"
	"sort"
)

// digestRun is a sorted run of digests in a temporary file.
type digestRun struct {
	file    *spillFile
	digests int
	leads   []uint64 // of the first digest of each block
	writer  *bufio.Writer

	block []byte // the one read last
	at    int    // its number; -1 for none
}

const (
	digestBytes  = 16
	blockDigests = 256
	blockBytes   = blockDigests * digestBytes
	runBuffer    = 256 << 10
)

// newDigestRun begins a run of at most so many digests.
func (s *Store) newDigestRun(most int) (*digestRun, error) {
	file, err := s.newSpillFile()
	if err != nil {
		return nil, err
	}
	leads := make([]uint64, 0, (most+blockDigests-1)/blockDigests)
	return &digestRun{file: file, leads: leads, writer: bufio.NewWriterSize(file, runBuffer), block: make([]byte, 0, blockBytes), at: -1}, nil
}

// add adds a digest that comes after all before.
func (r *digestRun) add(d digest) error {
	if r.digests%blockDigests == 0 {
		r.leads = append(r.leads, d.lead)
	}
	r.digests++
	b := r.writer.AvailableBuffer()
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, d.lead), d.rest)
	_, err := r.writer.Write(b)
	return err
}

// addBoth adds the digests of two runs, which have none in common.
func (r *digestRun) addBoth(a, b *digestRun) error {
	left, right := a.read(), b.read()
	for left.more() || right.more() {
		next := left
		if !left.more() || right.more() && right.digest.compare(left.digest) < 0 {
			next = right
		}
		if err := r.add(next.digest); err != nil {
			return err
		}
		next.next()
	}
	if r.digests != a.digests+b.digests {
		if left.err != io.EOF {
			return left.err
		}
		return right.err
	}
	return r.whole()
}

// whole ends the adding.
func (r *digestRun) whole() error {
	err := r.writer.Flush()
	r.writer = nil
	return err
}

// has tells whether the run has the digest. from is the block to look from: 0, or
// what was given for a lesser digest.
func (r *digestRun) has(d digest, from int) (has bool, next int, err error) {
	// The block is the last whose first digest is not greater, or, with the same
	// lead, the one before.
	n := from + sort.Search(len(r.leads)-from, func(i int) bool { return r.leads[from+i] > d.lead }) - 1
	for ; n >= 0; n-- {
		if err := r.load(n); err != nil {
			return false, from, err
		}
		if r.inBlock(d) {
			return true, max(n, 0), nil
		}
		if r.leads[n] != d.lead {
			break
		}
	}
	return false, max(n, 0), nil
}

func (r *digestRun) load(n int) error {
	if r.at == n {
		return nil
	}
	r.at = -1
	r.block = r.block[:min(blockDigests, r.digests-n*blockDigests)*digestBytes]
	if _, err := r.file.ReadAt(r.block, int64(n)*blockBytes); err != nil {
		return err
	}
	r.at = n
	return nil
}

func (r *digestRun) inBlock(d digest) bool {
	at := func(i int) digest {
		b := r.block[i*digestBytes:]
		return digest{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
	}
	n := len(r.block) / digestBytes
	i := sort.Search(n, func(i int) bool { return at(i).compare(d) >= 0 })
	return i < n && at(i) == d
}

func (r *digestRun) close() error { return r.file.Close() }

// digestReader reads a run from end to end.
type digestReader struct {
	in *bufio.Reader
	digest
	err error // io.EOF after the last
}

func (r *digestRun) read() *digestReader {
	d := &digestReader{in: bufio.NewReaderSize(io.NewSectionReader(r.file, 0, int64(r.digests)*digestBytes), runBuffer)}
	d.next()
	return d
}

func (d *digestReader) more() bool { return d.err == nil }

func (d *digestReader) next() {
	b, err := d.in.Peek(digestBytes)
	if d.err = err; err != nil {
		return
	}
	d.digest = digest{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
	_, d.err = d.in.Discard(digestBytes)
}
