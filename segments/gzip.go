package segments

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"sync"
)

// gzipLevel is how hard is pressed. Of rows of six columns level 1 leaves 32 %,
// 4 leaves 28 %, 6 leaves 27 % and takes more than twice as long as 4, which
// keeps up with the pass.
const gzipLevel = 4

// press compresses for all files of a run. A compressor weighs close to a
// megabyte: with one for each file memory would grow with the files. So there are
// as many as can be at work at a time, and a file takes one for a block.
type press struct{ idle chan *flate.Writer }

func newPress() *press {
	p := &press{make(chan *flate.Writer, runtime.GOMAXPROCS(0))}
	for range cap(p.idle) {
		p.idle <- nil // made when it is needed first
	}
	return p
}

// squeeze adds the block to a buffer, so that it is read without what stood
// before it, and another can follow. Memory takes everything: there is no error.
func (p *press) squeeze(to *bytes.Buffer, block []byte) {
	w := <-p.idle
	if w == nil {
		w, _ = flate.NewWriter(to, gzipLevel)
	} else {
		w.Reset(to)
	}
	w.Write(block)
	w.Flush()
	p.idle <- w
}

// gzipped is one file on its way through the press: one member of RFC 1952 with
// neither time nor name in its header, so that the same rows give the same bytes.
//
// While a block is pressed the pass goes on and fills the next one. Each file has
// one block in the press at most, which bounds the memory, and only the pass
// itself hands on what came out, so a destination sees one writer.
type gzipped struct {
	press  *press
	at     sync.WaitGroup // the press
	block  []byte         // what is in it
	packed bytes.Buffer   // what came out
	sum    uint32
	size   uint32 // of all blocks, modulo 2³² as the format has it
}

func newGzipped(p *press) *gzipped {
	g := &gzipped{press: p, block: make([]byte, 0, pendingSize)}
	g.packed.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}) // deflate, without anything, by any system
	return g
}

// taken waits for the block in the press and gives what came out. It is good
// until the next one is put in.
func (g *gzipped) taken() []byte {
	g.at.Wait()
	return g.packed.Bytes()
}

// put puts the next block in the press and gives memory for another one.
func (g *gzipped) put(block []byte) (free []byte) {
	free, g.block = g.block[:0], block
	g.packed.Reset()
	g.at.Go(func() {
		g.sum = crc32.Update(g.sum, crc32.IEEETable, g.block)
		g.size += uint32(len(g.block))
		g.press.squeeze(&g.packed, g.block)
	})
	return free
}

// end gives what came out last and the end of the file: an empty block that says
// it is the last one, the sum and the size.
func (g *gzipped) end() []byte {
	tail := append(g.taken(), 3, 0)
	tail = binary.LittleEndian.AppendUint32(tail, g.sum)
	return binary.LittleEndian.AppendUint32(tail, g.size)
}
