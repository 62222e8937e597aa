package segments

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// flushAt is how many bytes of a file are gathered before they are hashed and
// written to the drafts.
const flushAt = 64 << 10

// pendingSize is the capacity of what is gathered. It exceeds flushAt because a
// flush waits for the end of a row.
const pendingSize = flushAt + flushAt/4

// file is one file of the run, on its way to all publishers. It is counted and
// hashed while it is written: nothing is read again.
type file struct {
	entry   File
	encoder encoder
	copies  []fileCopy
	pending []byte
	gzip    *gzipped // nil for a file that is not compressed
	sum     hash.Hash
}

type fileCopy struct {
	replica *replica
	file    DraftFile
}

func createFile(entry File, e encoder, replicas []*replica, c *compressors) *file {
	f := &file{entry: entry, encoder: e, sum: sha256.New(), pending: make([]byte, 0, pendingSize)}
	if _, compressed := entry.Format.uncompressed(); compressed {
		f.gzip = newGzipped(c, pendingSize)
	}
	for _, r := range replicas {
		if r.err != nil {
			continue
		}
		if created, err := r.draft.Create(entry.Name); err != nil {
			r.fail(err)
		} else {
			f.copies = append(f.copies, fileCopy{r, created})
		}
	}
	f.pending = e.begin(f.pending)
	return f
}

func (f *file) row(cells []cell) {
	f.pending = f.encoder.row(f.pending, cells)
	f.entry.Rows++
	if len(f.pending) >= flushAt {
		f.flush()
	}
}

func (f *file) flush() {
	if f.gzip != nil {
		f.write(f.gzip.compressed())
		f.pending = f.gzip.start(f.pending)
		return
	}
	f.write(f.pending)
	f.pending = f.pending[:0]
}

// write counts and hashes the bytes of the file.
func (f *file) write(b []byte) {
	f.sum.Write(b)
	f.entry.Bytes += int64(len(b))
	f.each(func(c DraftFile) error {
		_, err := c.Write(b)
		return err
	})
}

// close ends the file and returns its entry of the manifest.
func (f *file) close() File {
	f.pending = f.encoder.end(f.pending)
	f.flush()
	if f.gzip != nil {
		f.write(f.gzip.end())
	}
	f.each(DraftFile.Close)
	f.entry.SHA256 = hex.EncodeToString(f.sum.Sum(nil))
	return f.entry
}

func (f *file) discard() { f.each(DraftFile.Discard) }

// each calls do for the file of every publisher that has not failed.
func (f *file) each(do func(DraftFile) error) {
	for _, c := range f.copies {
		if c.replica.err != nil {
			continue
		}
		if err := do(c.file); err != nil {
			c.replica.fail(err)
		}
	}
}
