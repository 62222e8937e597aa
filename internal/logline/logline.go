// Package logline writes and reads the lines in which one host gives its log to another:
// JSON objects, one a line, of
//
//	n, writer, received_at, at, source, message_id, event, code, contact, to, body, why, unverified
//
// n and writer say which line it is (see [winnow/store/lines]). A body in quarantine has
// why, and neither a message nor an event; unverified is the rest of a callback whose
// signature was not verified. A body is there as it was received, byte for
// byte: as JSON where that keeps it, else as a string, or as body_base64 where it is not
// UTF-8 or a string would be long. A body that was erased, or that retention deleted, is
// null; an event without a message id was erased too, and says nothing.
//
// The reader trusts nothing: a line is bounded, and the error of anything else repeats
// nothing of it.
//
// Where to change what: a new member is a field of document and a line in [Append].
package logline

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/hygiene/instant"
	"winnow/store/lines"
)

// ContentType is that of lines.
const ContentType = "application/x-ndjson"

// EndHeader is the header of an answer that has the number of the last line of the log.
const EndHeader = "Winnow-Log-End"

// VerifiedHeader is the header of an answer that has the names of the sources whose
// callbacks this host verifies, with commas between them: it stores no event of theirs
// that it did not verify.
const VerifiedHeader = "Winnow-Log-Verified"

// MaxLine is how many bytes a line may have: the largest body twice, and what is beside it.
const MaxLine = 8 << 20

// Append appends a line, with its line feed.
func Append(b []byte, l *lines.Line) []byte {
	e := &l.Event
	b = append(b, `{"n":`...)
	b = strconv.AppendInt(b, l.N, 10)
	b = appendText(append(b, `,"writer":`...), l.Writer)
	b = e.ReceivedAt.AppendFormat(append(b, `,"received_at":"`...))
	b = e.At.AppendFormat(append(b, `","at":"`...))
	b = appendText(append(b, `","source":`...), e.Source)
	b = appendText(append(b, `,"message_id":`...), e.MessageID)
	b = appendText(append(b, `,"event":`...), e.Name)
	b = appendText(append(b, `,"code":`...), e.Code)
	b = appendText(append(b, `,"contact":`...), e.Contact)
	if e.To != "" {
		b = appendText(append(b, `,"to":`...), e.To)
	}
	b = appendBody(b, e.Body)
	if l.Why != "" {
		b = appendText(append(b, `,"why":`...), l.Why)
	}
	if l.Unverified != nil {
		b = append(append(b, `,"unverified":`...), l.Unverified.Pack()...)
	}
	return append(b, "}\n"...)
}

// appendBody appends the member of a body.
func appendBody(b, body []byte) []byte {
	const asBytes = `,"body_base64":"`
	switch n := len(b); {
	case body == nil:
		return append(b, `,"body":null`...)
	case keepsAsJSON(body):
		return append(append(b, `,"body":`...), body...)
	case utf8.Valid(body):
		if b = appendText(append(b, `,"body":`...), string(body)); len(b)-n <= 2*len(body)+len(asBytes) {
			return b
		}
		b = b[:n]
	}
	b = base64.StdEncoding.AppendEncode(append(b, asBytes...), body)
	return append(b, '"')
}

// keepsAsJSON reports whether a body that stands in a line as JSON is read from it as it
// is.
func keepsAsJSON(body []byte) bool {
	if len(body) < 2 || body[0] != '{' && body[0] != '[' || body[len(body)-1] != '}' && body[len(body)-1] != ']' {
		return false
	}
	return bytes.IndexByte(body, '\n') < 0 && bytes.IndexByte(body, '\r') < 0 && utf8.Valid(body) && json.Valid(body)
}

// appendText appends a text as JSON.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, err := json.Marshal(text)
			if err != nil {
				panic(err) // a text always can be
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

// document is a line as it is read.
type document struct {
	N          int64           `json:"n"`
	Writer     string          `json:"writer"`
	ReceivedAt time.Time       `json:"received_at"`
	At         time.Time       `json:"at"`
	Source     string          `json:"source"`
	MessageID  string          `json:"message_id"`
	Event      string          `json:"event"`
	Code       string          `json:"code"`
	Contact    string          `json:"contact"`
	To         string          `json:"to"`
	Body       json.RawMessage `json:"body"`
	Bytes      []byte          `json:"body_base64"`
	Why        string          `json:"why"`

	Unverified *callback.Unverified `json:"unverified"`
}

// Reader reads lines.
type Reader struct {
	in    *bufio.Reader
	long  []byte // a line that does not fit into the buffer of in
	lines int64
	bytes int64
}

// NewReader reads lines from in.
func NewReader(in io.Reader) *Reader { return &Reader{in: bufio.NewReaderSize(in, 64<<10)} }

// Read is how many lines and bytes were read.
func (r *Reader) Read() (lines, bytes int64) { return r.lines, r.bytes }

// Errors of a line. They are followed by its number.
var (
	errTooLong = fmt.Errorf("it is longer than %d bytes", MaxLine)
	errNoLine  = errors.New("it is not a line of a log")
)

// Next reads the next line, which does not change with the following ones; io.EOF at the
// end.
func (r *Reader) Next() (l lines.Line, err error) {
	text, err := r.next()
	if err == io.EOF && len(text) == 0 {
		return l, io.EOF
	}
	r.lines++
	r.bytes += int64(len(text))
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		l, err = parse(text)
	}
	if err != nil {
		return l, fmt.Errorf("line %d of the answer: %w", r.lines, err)
	}
	return l, nil
}

// next reads up to the next line feed.
func (r *Reader) next() ([]byte, error) {
	text, err := r.in.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return text, err
	}
	for r.long = append(r.long[:0], text...); err == bufio.ErrBufferFull; r.long = append(r.long, text...) {
		if len(r.long) > MaxLine {
			return r.long, errTooLong
		}
		text, err = r.in.ReadSlice('\n')
	}
	text = r.long
	if cap(r.long) > 1<<20 { // large ones are rare
		r.long = nil
	}
	return text, err
}

// maxText is the most bytes that a text of a line may have but the body.
const maxText = 4 << 10

func parse(text []byte) (l lines.Line, err error) {
	var d document
	if json.Unmarshal(text, &d) != nil {
		return l, errNoLine
	}
	long := !d.Unverified.IsShort()
	for _, t := range []string{d.Writer, d.Source, d.MessageID, d.Event, d.Code, d.Contact, d.To, d.Why} {
		long = long || len(t) > maxText
	}
	switch {
	case d.N <= 0 || d.N == math.MaxInt64 || d.Writer == "" || d.Source == "" || long:
		return l, errNoLine
	case instant.CheckYear(d.ReceivedAt) != nil || instant.CheckYear(d.At) != nil:
		return l, errNoLine
	}
	body, err := d.body()
	if err != nil {
		return l, errNoLine
	}
	return lines.Line{N: d.N, Writer: d.Writer, Why: d.Why, Unverified: d.Unverified, Event: hygiene.Event{ReceivedAt: hygiene.InstantOf(d.ReceivedAt), At: hygiene.InstantOf(d.At), Source: d.Source,
		MessageID: d.MessageID, Name: d.Event, Code: d.Code, Contact: d.Contact, To: d.To, Body: body}}, nil
}

// body is the body as it was received; nil for none.
func (d *document) body() ([]byte, error) {
	switch {
	case d.Bytes != nil:
		return d.Bytes, nil
	case len(d.Body) == 0 || string(d.Body) == "null":
		return nil, nil
	case d.Body[0] != '"':
		return d.Body, nil
	}
	var text string
	err := json.Unmarshal(d.Body, &text)
	return []byte(text), err
}
