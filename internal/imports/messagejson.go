package imports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"winnow/hygiene/provider"
	"winnow/internal/csvlist"
)

// readJSON reads a send log of JSON objects: one per line, or spread over lines.
func (im *messageImport) readJSON(r *bufio.Reader, head []byte) error {
	if !spansLines(trimStart(head)) {
		return readLines(r, im.addObject, im.reject)
	}
	if bytes.HasPrefix(head, []byte(csvlist.ByteOrderMark)) {
		r.Discard(len(csvlist.ByteOrderMark))
	}
	return im.readObjects(r)
}

// spansLines reports whether the text begins with a JSON value of several lines. A
// line that is not JSON is a broken record of its own.
func spansLines(text []byte) bool {
	d := json.NewDecoder(bytes.NewReader(text))
	var first json.RawMessage
	if err := d.Decode(&first); err != nil {
		return errors.Is(err, io.ErrUnexpectedEOF) && len(text) > maxLine/2 // it may go on after the head
	}
	return bytes.IndexByte(first, '\n') >= 0
}

// readObjects reads JSON objects that are spread over lines.
func (im *messageImport) readObjects(r io.Reader) error {
	in := &limitedReader{in: r}
	d := json.NewDecoder(in)
	for n := int64(1); ; n++ {
		var object json.RawMessage
		var syntaxErr *json.SyntaxError
		in.left = 2 * maxLine
		switch err := d.Decode(&object); {
		case err == io.EOF:
			return nil
		case errors.As(err, &syntaxErr), err == io.ErrUnexpectedEOF:
			return fmt.Errorf("record %d is not JSON", n)
		case err != nil:
			return fmt.Errorf("record %d: %w", n, err)
		}
		if err := im.addObject(n, object); err != nil {
			return err
		}
	}
}

// limitedReader returns an error when a value does not end within so many bytes.
type limitedReader struct {
	in   io.Reader
	left int
}

// Read reads on.
func (r *limitedReader) Read(b []byte) (int, error) {
	if r.left <= 0 {
		return 0, errTooLong
	}
	n, err := r.in.Read(b[:min(len(b), r.left)])
	r.left -= n
	return n, err
}

// addObject adds the messages of one record.
func (im *messageImport) addObject(line int64, text []byte) error {
	list, err := provider.Registrations(text)
	if err != nil {
		return im.reject(line, err, text)
	}
	at := im.origin(line, text)
	for _, g := range list {
		if err := im.add(at, g); err != nil {
			return err
		}
	}
	return nil
}
