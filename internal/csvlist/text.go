package csvlist

import (
	"bufio"
	"bytes"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"winnow/internal/ui"
)

// headSize is how much of a file is looked at to find out what it is.
const headSize = 512

// DecodeText returns the text of a file in UTF-8. A byte order mark and UTF-16 are
// recognized; any other encoding is named, as in windows-1254, or empty for UTF-8. The
// text begins with a byte order mark if the file does, and ends without the Ctrl-Z that
// some programs write there. An error says what the file is instead of text.
func DecodeText(in io.Reader, name string) (io.Reader, error) {
	named, err := findEncoding(name)
	if err != nil {
		return nil, err
	}
	file := bufio.NewReaderSize(in, 64<<10)
	head, _ := file.Peek(headSize) // its error is that of the next read
	if err := checkForeign(head); err != nil {
		return nil, err
	}
	text := io.Reader(file)
	switch {
	case bytes.HasPrefix(head, []byte(ByteOrderMark)):
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		// The mark is the first character: decoded, it is the one of UTF-8.
		text = decode(file, utf16(head[0] == 0xff))
	case len(head) > 1 && (head[0] == 0) != (head[1] == 0): // UTF-16 without a mark
		text = decode(file, utf16(head[1] == 0))
	case named != nil:
		text = decode(file, named)
	}
	return &endTrimmer{in: text}, nil
}

func decode(in io.Reader, e encoding.Encoding) io.Reader {
	return transform.NewReader(in, e.NewDecoder())
}

func utf16(littleEndian bool) encoding.Encoding {
	order := unicode.BigEndian
	if littleEndian {
		order = unicode.LittleEndian
	}
	return unicode.UTF16(order, unicode.IgnoreBOM)
}

// CheckEncoding returns a usage error for the name of an encoding that is not known.
func CheckEncoding(name string) error {
	_, err := findEncoding(name)
	return err
}

// findEncoding finds an encoding by its name on the web or at IANA; nil for UTF-8.
func findEncoding(name string) (encoding.Encoding, error) {
	if name == "" {
		return nil, nil
	}
	found, err := htmlindex.Get(name)
	if err != nil {
		found, err = ianaindex.IANA.Encoding(name)
	}
	switch {
	case err != nil || found == nil || found == encoding.Replacement:
		return nil, ui.Usagef("--encoding %q is not an encoding that winnow knows; write for example windows-1254, iso-8859-9, windows-1252 or utf-16le", name)
	case found == unicode.UTF8:
		return nil, nil
	}
	return found, nil
}

// endTrimmer reads a text without the Ctrl-Z at its end, which programs for DOS write.
type endTrimmer struct {
	in   io.Reader
	err  error  // of in, once it has ended
	held []byte // perhaps the end: a Ctrl-Z, and what may follow it
	rest []byte // was held, and is to be returned
}

// maxHeld is how many bytes the end of a text with a Ctrl-Z may have.
const maxHeld = 1024

// Read implements io.Reader.
func (t *endTrimmer) Read(p []byte) (int, error) {
	for len(p) > 0 {
		if len(t.rest) > 0 {
			n := copy(p, t.rest)
			t.rest = t.rest[n:]
			return n, nil
		}
		if t.err != nil {
			return 0, t.err // what is held is the end
		}
		n, err := t.in.Read(p)
		t.err = err
		if n = t.hold(p[:n]); n > 0 {
			return n, nil
		}
	}
	return 0, nil
}

// hold keeps back what may be the end of the text, and returns how much of p is not.
func (t *endTrimmer) hold(p []byte) int {
	if len(t.held) == 0 {
		end := ctrlZEnd(p)
		t.held = append(t.held, p[end:]...)
		return end
	}
	if len(p) > 0 {
		text := append(t.held, p...)
		end := ctrlZEnd(text)
		t.rest, t.held = text[:end], append([]byte(nil), text[end:]...)
	}
	return 0
}

const ctrlZ = 0x1a

// ctrlZEnd returns where the Ctrl-Z at the end of b begins, which line ends may follow; the
// length of b if there is none.
func ctrlZEnd(b []byte) int {
	tail := b[max(0, len(b)-maxHeld):]
	tail = tail[len(bytes.TrimRight(tail, "\x1a\r\n")):]
	if z := bytes.IndexByte(tail, ctrlZ); z >= 0 {
		return len(b) - len(tail) + z
	}
	return len(b)
}
