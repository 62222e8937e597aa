package ui

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxPrintable is how many characters of one text from outside are printed.
const maxPrintable = 2000

// Printable escapes and bounds one text from outside (a key, a message id, a note, a
// server's error), for people to read: every [IsControl] is written as in JSON, like
// \u001b or \n, and what is longer than 2,000 characters is cut, with the number of those
// left out. Such text could otherwise control the terminal it is printed on, or write
// lines that seem to be winnow's own. What is printable already stays as it is.
func Printable(text string) string {
	if strings.ContainsFunc(text, isUnsafe) {
		text = string(appendEscaped(nil, []byte(text), ""))
	}
	if utf8.RuneCountInString(text) <= maxPrintable {
		return text
	}
	const lengthOfNote = 40
	runes := []rune(text)
	return fmt.Sprintf("%s… (%s)", string(runes[:maxPrintable-lengthOfNote]), Count(int64(len(runes)-maxPrintable+lengthOfNote), "more character"))
}

// IsControl reports whether a character acts on the text around it rather than being
// seen: a control or format character (escape sequences, zero width, direction), a
// separator of lines or paragraphs, one that is shown as nothing, or one whose meaning
// is private.
func IsControl(r rune) bool {
	if r < 0x7f { // most text
		return r < ' '
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Other_Default_Ignorable_Code_Point)
}

// isUnsafe is [IsControl] that also holds for a byte that is not UTF-8, which terminals
// may take for a control character.
func isUnsafe(r rune) bool { return IsControl(r) || r == utf8.RuneError }

// appendEscaped appends text with its control characters escaped, but for those in keep.
func appendEscaped(to, text []byte, keep string) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && size == 1:
			to = append(to, "\uFFFD"...)
		case !IsControl(r) || strings.ContainsRune(keep, r):
			to = append(to, text[:size]...)
		default:
			to = appendEscape(to, r)
		}
		text = text[size:]
	}
	return to
}

// appendEscape appends a character as a JSON string has it: JSON stays JSON of the same
// value.
func appendEscape(to []byte, r rune) []byte {
	switch r {
	case '\n':
		return append(to, `\n`...)
	case '\r':
		return append(to, `\r`...)
	case '\t':
		return append(to, `\t`...)
	}
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return fmt.Appendf(to, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(to, `\u%04x`, r)
}

// EscapeControls escapes every [IsControl] of a document, except tabs and the ends of
// lines.
func EscapeControls(document []byte) []byte { return appendEscaped(nil, document, "\n\t") }

// safeWriter escapes what controls a terminal in everything that is written through it,
// except tabs and the ends of lines. It is safe for concurrent use.
type safeWriter struct {
	io.Writer

	mu      sync.Mutex
	partial []byte // the beginning of a character that a write ended in
}

// Write writes the text escaped. A character that is split between two writes is
// written by the second.
func (w *safeWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(text)
	if len(w.partial) > 0 {
		text = append(w.partial, text...)
		w.partial = nil
	}
	if end := completeRunes(text); end < len(text) {
		w.partial = bytes.Clone(text[end:])
		text = text[:end]
	}
	if bytes.ContainsFunc(text, func(r rune) bool { return isUnsafe(r) && r != '\n' && r != '\t' }) {
		text = EscapeControls(text)
	}
	if _, err := w.Writer.Write(text); err != nil {
		return 0, err
	}
	return n, nil
}

// completeRunes is the length of text without the beginning of a character at its end.
func completeRunes(text []byte) int {
	for back := 1; back <= min(utf8.UTFMax-1, len(text)); back++ {
		at := len(text) - back
		if utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				return at
			}
			break
		}
	}
	return len(text)
}

// Underlying returns the wrapped writer.
func (w *safeWriter) Underlying() any { return w.Writer }

// exact returns the writer below those that escape: what is written there comes out as
// it is.
func exact(w io.Writer) io.Writer {
	if safe, ok := w.(*safeWriter); ok {
		return safe.Writer
	}
	return w
}

// maxLogged is how many characters of one value are logged.
const maxLogged = 16_000

// LogAttr is for the ReplaceAttr of a [slog.HandlerOptions]: it bounds the length of
// every value. The handlers themselves, and the writer of a [Printer], escape what is
// not printable.
func LogAttr(_ []string, a slog.Attr) slog.Attr {
	value := a.Value.Resolve()
	if kind := value.Kind(); kind != slog.KindString && kind != slog.KindAny {
		return a
	}
	if text := value.String(); len(text) > maxLogged {
		a.Value = slog.StringValue(fmt.Sprintf("%.*s… (cut)", maxLogged, text))
	}
	return a
}
