package keyset

import (
	"bufio"
	"encoding/binary"
	"io"
	"sort"

	"winnow/store/scratchfile"
)

// sortedRun is digests in a scratch file, in ascending order.
type sortedRun struct {
	file       *scratchfile.File
	digests    int
	blockIndex []uint64      // high of the first digest of each block
	writer     *bufio.Writer // nil when the run is finished

	block []byte // the one read last
	at    int    // its number; -1 for none
}

const (
	digestBytes  = 16
	blockDigests = 256
	blockBytes   = blockDigests * digestBytes
	fileBuffer   = 256 << 10
)

// newRun begins a run of at most so many digests.
func newRun(folder string, most int) (*sortedRun, error) {
	file, err := scratchfile.Create(folder)
	if err != nil {
		return nil, err
	}
	index := make([]uint64, 0, (most+blockDigests-1)/blockDigests)
	return &sortedRun{file: file, blockIndex: index, writer: bufio.NewWriterSize(file, fileBuffer), block: make([]byte, 0, blockBytes), at: -1}, nil
}

// append adds a digest that is greater than all before.
func (r *sortedRun) append(d digest) error {
	if r.digests%blockDigests == 0 {
		r.blockIndex = append(r.blockIndex, d.high)
	}
	r.digests++
	b := r.writer.AvailableBuffer()
	b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, d.high), d.low)
	_, err := r.writer.Write(b)
	return err
}

// appendBoth adds the digests of two runs, which have none in common, and
// finishes the run.
func (r *sortedRun) appendBoth(a, b *sortedRun) error {
	left, right := a.read(), b.read()
	for left.more() || right.more() {
		next := left
		if !left.more() || right.more() && right.digest.compare(left.digest) < 0 {
			next = right
		}
		if err := r.append(next.digest); err != nil {
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
	return r.finish()
}

// finish ends the writing; then the run can be read.
func (r *sortedRun) finish() error {
	err := r.writer.Flush()
	r.writer = nil
	return err
}

// contains reports whether the run has the digest. from is the block to look
// from: 0, or what an earlier call with a lesser digest returned as next.
func (r *sortedRun) contains(d digest, from int) (has bool, next int, err error) {
	// The block is the last one whose first digest is not greater, or, when that
	// begins with the same high bits, one before it.
	n := from + sort.Search(len(r.blockIndex)-from, func(i int) bool { return r.blockIndex[from+i] > d.high }) - 1
	for ; n >= 0; n-- {
		if err := r.load(n); err != nil {
			return false, from, err
		}
		if r.blockContains(d) {
			return true, n, nil
		}
		if r.blockIndex[n] != d.high {
			break
		}
	}
	return false, max(n, 0), nil
}

func (r *sortedRun) load(n int) error {
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

func (r *sortedRun) blockContains(d digest) bool {
	at := func(i int) digest {
		b := r.block[i*digestBytes:]
		return digest{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
	}
	n := len(r.block) / digestBytes
	i := sort.Search(n, func(i int) bool { return at(i).compare(d) >= 0 })
	return i < n && at(i) == d
}

func (r *sortedRun) close() error { return r.file.Close() }

// runReader reads a run from end to end.
type runReader struct {
	in *bufio.Reader
	digest
	err error // io.EOF after the last digest
}

func (r *sortedRun) read() *runReader {
	d := &runReader{in: bufio.NewReaderSize(io.NewSectionReader(r.file, 0, int64(r.digests)*digestBytes), fileBuffer)}
	d.next()
	return d
}

func (d *runReader) more() bool { return d.err == nil }

func (d *runReader) next() {
	b, err := d.in.Peek(digestBytes)
	if d.err = err; err != nil {
		return
	}
	d.digest = digest{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
	_, d.err = d.in.Discard(digestBytes)
}
