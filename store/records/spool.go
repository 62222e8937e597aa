package records

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"winnow/store/scratchfile"
)

// Spool keeps records, which are lists of texts, until they are read in their order. The
// first of them are in memory, the others in a scratch file.
type Spool struct {
	Folder string // of the scratch file, unless TMPDIR names another
	memory bytes.Buffer
	file   *scratchfile.File // nil while all are in memory
	writer *bufio.Writer
}

// spoolMemory is how many bytes are in memory.
const spoolMemory = 1 << 20

// Add adds a record.
func (s *Spool) Add(record ...string) error {
	b := appendRecord(nil, record...)
	if s.file == nil && s.memory.Len()+len(b) <= spoolMemory {
		_, err := s.memory.Write(b)
		return err
	}
	if s.file == nil {
		file, err := scratchfile.Create(scratchfile.Folder(s.Folder))
		if err != nil {
			return err
		}
		s.file, s.writer = file, bufio.NewWriterSize(file, 64<<10)
	}
	_, err := s.writer.Write(b)
	return err
}

// Each visits the records. It is called once, after the last one was added.
func (s *Spool) Each(visit func(record []string) error) error {
	in := io.Reader(&s.memory)
	if s.file != nil {
		if err := s.writer.Flush(); err != nil {
			return err
		}
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		in = io.MultiReader(in, s.file)
	}
	records := bufio.NewReaderSize(in, 64<<10)
	for {
		record, err := readRecord(records)
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = visit(record)
		}
		if err != nil {
			return err
		}
	}
}

// readRecord reads a record, or io.EOF.
func readRecord(in *bufio.Reader) ([]string, error) {
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, err
	}
	record := make([]string, n)
	for i := range record {
		size, err := binary.ReadUvarint(in)
		if err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(in, text); err != nil {
			return nil, io.ErrUnexpectedEOF
		}
		record[i] = string(text)
	}
	return record, nil
}

// Close frees the space of the scratch file.
func (s *Spool) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
