// Package sendlog reads a send log as JSON: the registrations that say which
// contact a message went to. The API and the import read it through here, so both
// accept the same files.
//
// A [Reader] splits its input into records and keeps their places; what one record
// means is decided by winnow/hygiene/provider. Where to change what:
//
//   - how an input is split into records: package jsonsplit
//   - the members of a record, and providers' answers: provider/registration.go and, for
//     what a provider refused, provider/refusal.go
package sendlog

import (
	"fmt"
	"io"

	"winnow/hygiene/provider"
	"winnow/internal/jsonsplit"
)

// Record is one record of a send log.
type Record struct {
	Line int64  // on which it begins, from 1
	Text []byte // as written, valid until the next call of Next; nil when it is too long
	// Messages are what it registers: one message, or those of a provider's answer
	// to a message sent to many; none when the provider accepted nothing.
	Messages []provider.Registration
	Err      error // why it is not a record; Messages is nil then
}

// Reader reads records one after another. A broken record does not affect those
// that follow it.
type Reader struct {
	split     *jsonsplit.Splitter
	maxRecord int
}

// NewReader returns a reader of in. A record may have maxRecord bytes. The reader
// buffers, so it reads ahead of the records it returns.
func NewReader(in io.Reader, maxRecord int) *Reader {
	return &Reader{jsonsplit.New(in, maxRecord), maxRecord}
}

// Next returns the next record. The error is io.EOF at the end, or that of the
// input; the Line of the record is then the one that was reached.
func (r *Reader) Next() (Record, error) {
	text, line, err := r.split.Next()
	switch {
	case err == jsonsplit.ErrTooLong:
		return Record{Line: line, Err: fmt.Errorf("it is longer than %d bytes", r.maxRecord)}, nil
	case err != nil:
		return Record{Line: line}, err
	}
	record := Record{Line: line, Text: text}
	record.Messages, record.Err = provider.Registrations(text)
	return record, nil
}
