package ui

import (
	"bufio"
	"encoding/json"
)

// Stream prints a list of any length without holding it in memory: as lines, or as
// one JSON array with one element per line. A caller uses Line or Value throughout,
// by [Printer.JSON], and End at the end.
type Stream struct {
	*bufio.Writer
	json bool
	n    int64 // lines or elements printed
}

// Stream starts a list on stdout.
func (p *Printer) Stream() *Stream {
	return &Stream{Writer: bufio.NewWriterSize(p.Stdout, 1<<16), json: p.JSON}
}

// Line prints a text as one line.
func (s *Stream) Line(text string) error {
	s.n++
	_, err := s.WriteString(Printable(text) + "\n")
	return err
}

// Value prints one element of the array.
func (s *Stream) Value(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	before := ",\n  "
	if s.n++; s.n == 1 {
		before = "[\n  "
	}
	_, err = s.WriteString(before + string(text))
	return err
}

// End closes the array and flushes.
func (s *Stream) End() error {
	if s.json && s.n == 0 {
		s.WriteString("[]\n")
	} else if s.json {
		s.WriteString("\n]\n")
	}
	return s.Flush()
}
