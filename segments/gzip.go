package segments

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"io"
	"runtime"
	"sync"
)

// gzipLevel trades size for time: on rows of six columns level 1 leaves 32 %,
// level 4 28 %, and level 6 27 % at more than twice the time of 4.
const gzipLevel = 4

// compressors are shared by all files of a run. Each takes close to a megabyte,
// so there are GOMAXPROCS of them and not one for each file; a file borrows one
// for each block.
type compressors struct{ idle chan *flate.Writer }

func newCompressors() *compressors {
	c := &compressors{make(chan *flate.Writer, runtime.GOMAXPROCS(0))}
	for range cap(c.idle) {
		c.idle <- nil // made on first use
	}
	return c
}

// compress appends the block, compressed, to the buffer. The output does not
// depend on earlier blocks, and more can follow. Writing to memory can't fail.
func (c *compressors) compress(to *bytes.Buffer, block []byte) {
	w := <-c.idle
	if w == nil {
		w, _ = flate.NewWriter(to, gzipLevel)
	} else {
		w.Reset(to)
	}
	w.Write(block)
	w.Flush()
	c.idle <- w
}

// deflated compresses blocks, one after the other.
//
// While a block is compressed the pass goes on and fills the next one. Each file
// has at most one block under way, which bounds the memory, and only the pass
// itself writes the result, so a draft sees one writer.
type deflated struct {
	compressors *compressors
	busy        sync.WaitGroup // while a block is compressed
	block       []byte         // the one under way
	packed      bytes.Buffer   // its result
}

// compressed waits until the block under way is done and returns the result,
// which is valid until the next start.
func (d *deflated) compressed() []byte {
	d.busy.Wait()
	return d.packed.Bytes()
}

// start begins to compress the block and returns memory for another one. also is
// done with the block, meanwhile.
func (d *deflated) start(block []byte, also func(block []byte)) (free []byte) {
	free, d.block = d.block[:0], block
	d.packed.Reset()
	d.busy.Go(func() {
		also(d.block)
		d.compressors.compress(&d.packed, d.block)
	})
	return free
}

// end returns the last result and an empty block that is marked as the last one.
func (d *deflated) end() []byte { return append(d.compressed(), 3, 0) }

// gzipped compresses one file: one member of RFC 1952 with neither time nor name
// in its header, so that the same rows give the same bytes.
type gzipped struct {
	deflated
	sum  uint32
	size uint32 // of all blocks, modulo 2³² as the format demands
}

// newGzipped compresses blocks of up to that many bytes.
func newGzipped(c *compressors, size int) *gzipped {
	g := &gzipped{deflated: deflated{compressors: c, block: make([]byte, 0, size)}}
	g.packed.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}) // deflate, no flags, unknown system
	return g
}

// start begins to compress the block and returns memory for another one.
func (g *gzipped) start(block []byte) (free []byte) {
	return g.deflated.start(block, func(block []byte) {
		g.sum = crc32.Update(g.sum, crc32.IEEETable, block)
		g.size += uint32(len(block))
	})
}

// end returns the last result and the end of the file, with the sum and the size.
func (g *gzipped) end() []byte {
	tail := g.deflated.end()
	tail = binary.LittleEndian.AppendUint32(tail, g.sum)
	return binary.LittleEndian.AppendUint32(tail, g.size)
}

// zipPart compresses one part of a zip archive, which counts and sums it itself.
type zipPart struct {
	deflated
	to      io.Writer
	pending []byte
}

// newZipPart compresses what is written to it, and writes it to to.
func newZipPart(c *compressors, to io.Writer) *zipPart {
	return &zipPart{deflated: deflated{compressors: c, block: make([]byte, 0, pendingSize)}, to: to, pending: make([]byte, 0, pendingSize)}
}

// Write implements [io.Writer].
func (z *zipPart) Write(b []byte) (int, error) {
	z.pending = append(z.pending, b...)
	if len(z.pending) < flushAt {
		return len(b), nil
	}
	return len(b), z.flush()
}

func (z *zipPart) flush() error {
	_, err := z.to.Write(z.compressed())
	z.pending = z.start(z.pending, func([]byte) {})
	return err
}

// Close implements [io.Closer].
func (z *zipPart) Close() error {
	if err := z.flush(); err != nil {
		return err
	}
	_, err := z.to.Write(z.end())
	return err
}
