package csvlist

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func TestAListMayHaveAnyEncoding(t *testing.T) {
	const text = "contact,name\nann,Şükrü İnci\n"
	little, big := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	for _, c := range []struct {
		name string
		in   encoding.Encoding
		mark string
	}{
		{"", encoding.Nop, ""}, {"utf-8", encoding.Nop, ByteOrderMark}, {"windows-1254", encoding.Nop, ByteOrderMark},
		{"windows-1254", charmap.Windows1254, ""}, {"ISO-8859-9", charmap.ISO8859_9, ""}, {"latin5", charmap.ISO8859_9, ""},
		{"", little, ByteOrderMark}, {"", big, ByteOrderMark}, {"", little, ""}, {"", big, ""}, {"utf-16le", little, ""},
	} {
		encoded, err := c.in.NewEncoder().String(c.mark + text)
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := DecodeText(iotest.HalfReader(strings.NewReader(encoded)), c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(decoded); err != nil || string(got) != c.mark+text {
			t.Errorf("%v as %q is read as %q, %v", c.in, c.name, got, err)
		}
	}
	for _, name := range []string{"win1254x", "replacement", "hz-gb-2312", "utf8 "} {
		_, err := DecodeText(strings.NewReader(text), name)
		if known := name == "utf8 "; (err == nil) != known {
			t.Errorf("the encoding %q: %v", name, err)
		}
	}
}

func TestAFinalCtrlZIsNoText(t *testing.T) {
	for text, want := range map[string]string{
		"a\nb\x1a": "a\nb", "a\n\x1a": "a\n", "a\n\x1a\r\n": "a\n", "a\x1a\x1a\n\x1a": "a", "\x1a": "", "": "",
		"a\x1ab\n": "a\x1ab\n", "a\x1a\nb": "a\x1a\nb", "a\x1a" + strings.Repeat("\n", 3*maxHeld) + "b": "a\x1a" + strings.Repeat("\n", 3*maxHeld) + "b",
		strings.Repeat("x", 200_000) + "\x1a": strings.Repeat("x", 200_000),
	} {
		for name, in := range map[string]io.Reader{"whole": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)), "with its end": iotest.DataErrReader(strings.NewReader(text))} {
			got, err := io.ReadAll(&endTrimmer{in: in})
			if err != nil || string(got) != want {
				t.Errorf("%.20q read %s is %.20q, %v", text, name, got, err)
			}
		}
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String("\ufeffa\n\x1a")
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := DecodeText(strings.NewReader(utf16), "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(decoded); err != nil || string(got) != "\ufeffa\n" {
		t.Errorf("in UTF-16: %q, %v", got, err)
	}
}

// Of a text only a Ctrl-Z at its end is left out, and what follows it.
func FuzzEndTrimmer(f *testing.F) {
	f.Add([]byte("a\n\x1a\n"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, size uint8) {
		var got []byte
		r, p := &endTrimmer{in: bytes.NewReader(text)}, make([]byte, int(size)+1)
		for {
			n, err := r.Read(p)
			got = append(got, p[:n]...)
			if err != nil {
				break
			}
		}
		rest, is := bytes.CutPrefix(text, got)
		if !is || len(bytes.Trim(rest, "\x1a\r\n")) > 0 || len(rest) > 0 && rest[0] != ctrlZ {
			t.Errorf("%q is read as %q", text, got)
		}
		if ends := bytes.TrimRight(text, "\r\n"); len(text) < maxHeld && bytes.HasSuffix(ends, []byte("\x1a")) && bytes.HasSuffix(got, []byte("\x1a")) {
			t.Errorf("%q is read as %q", text, got)
		}
	})
}

func TestAFirstLineMayNameTheDelimiter(t *testing.T) {
	for _, text := range []string{"sep=;\nkey;b,c,d\nann;1\n", "\ufeffSEP=;\r\nkey;b,c,d\r\nann;1\r\n", "\"sep=;\"\nkey;b,c,d\nann;1\n", "sep=\t\nkey\tb,c,d\nann\t1\n", "sep=;\rkey;b,c,d\rann;1\r"} {
		l, err := Open(strings.NewReader(text), 0)
		if err != nil || l.Columns != 2 {
			t.Errorf("%q: %v", text, err)
			continue
		}
		r, err := l.Next()
		if err != nil || CellText(l.Fields[0]) != "ann" || r.Line != 3 {
			t.Errorf("%q: %+v, %v", text, r, err)
		}
		if whole := string(l.Mark) + string(l.Header) + string(r.Raw); whole != text {
			t.Errorf("%q is kept as %q", text, whole)
		}
	}
	for _, text := range []string{"sep=x,key\n1,ann\n", "sep,key\n1,ann\n"} {
		if l, err := Open(strings.NewReader(text), 0); err != nil || l.Columns != 2 {
			t.Errorf("%q: %v", text, err)
		}
	}
}
