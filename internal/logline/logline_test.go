package logline_test

import (
	"bytes"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/internal/logline"
	"winnow/store/lines"
)

func line(body []byte) lines.Line {
	return lines.Line{N: 7, Writer: "w", Event: hygiene.Event{ReceivedAt: 1_767_225_600_123_456, At: 1_767_225_600_000_001, Source: "insider", MessageID: "m\x01\"\u2028", Name: "delivered",
		Code: "1404", Contact: "müller <a>", To: "+905551112233", Body: body}}
}

// bodies that no line must change.
var bodies = []string{
	`{"id":"a","event":"sent"}`, ` {"id":"a"} `, "{\"id\":\n\"a\"}", `[1,2]`, `[1,2] `, `"text"`, `null`, `true`, ``, `{`, "\xff\xfe", "a\x00b", `{"a":1}{"b":2}`, "{\"a\":\"\xff\"}",
	`{"a":1,"a":2}`, `{"big":1e999}`, strings.Repeat("\x01", 100), strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), "id=1&event=sent", "\ufeff{}", "{\"a\":\"\u2028</script>\"}",
}

func TestALineIsReadAsItWasWritten(t *testing.T) {
	var text []byte
	var want []lines.Line
	for _, body := range bodies {
		l := line([]byte(body))
		want, text = append(want, l), logline.Append(text, &l)
	}
	bare := lines.Line{N: 8, Writer: "w", Why: "not JSON", Event: hygiene.Event{ReceivedAt: 1_767_225_600_123_456, At: 1_767_225_600_123_456, Source: "insider"}}
	want, text = append(want, bare), logline.Append(text, &bare)
	unverified := bare
	unverified.Unverified = &callback.Unverified{Method: "POST", Target: "/insider/{token}?a=b", Header: map[string]string{"X-Signature": "AA=="}, Waits: true}
	want, text = append(want, unverified), logline.Append(text, &unverified)
	if n := bytes.Count(text, []byte("\n")); n != len(want) {
		t.Fatalf("%d lines are written in %d", len(want), n)
	}
	r := logline.NewReader(bytes.NewReader(text))
	for i := range want {
		got, err := r.Next()
		if err != nil || !reflect.DeepEqual(got, want[i]) {
			t.Errorf("%q is read as %+v: %v", want[i].Event.Body, got, err)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("it ends with %v", err)
	}
}

func FuzzLine(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
		l := line([]byte(body))
		f.Add(logline.Append(nil, &l))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l := line(append([]byte{}, text...))
		written := logline.Append(nil, &l)
		got, err := logline.NewReader(bytes.NewReader(written)).Next()
		if err != nil || !bytes.Equal(got.Event.Body, text) || bytes.IndexByte(written, '\n') != len(written)-1 {
			t.Errorf("%q is read as %q: %v", text, got.Event.Body, err)
		}
		for r := logline.NewReader(bytes.NewReader(text)); ; { // whatever comes ends
			if _, err := r.Next(); err != nil {
				break
			}
		}
	})
}

func TestWhatIsNoLineIsRefusedWithoutRepeatingIt(t *testing.T) {
	l := line([]byte("{}"))
	good := string(logline.Append(nil, &l))
	for name, text := range map[string]string{
		"garbage": "secret\n", "another object": `{"secret":1}` + "\n", "an empty line": "\n", "no end": strings.TrimSpace(good), "n of 0": strings.Replace(good, `"n":7`, `"n":0`, 1),
		"a negative n": strings.Replace(good, `"n":7`, `"n":-7`, 1), "a huge n": strings.Replace(good, `"n":7`, `"n":9223372036854775807`, 1), "an n of more than 64 bits": strings.Replace(good, `"n":7`, `"n":99999999999999999999`, 1),
		"no writer": strings.Replace(good, `"writer":"w"`, `"writer":""`, 1), "a long text": strings.Replace(good, `"1404"`, `"secret`+strings.Repeat("x", 5000)+`"`, 1),
		"no time": strings.Replace(good, `"received_at"`, `"secret"`, 1), "the year 1": strings.Replace(good, "2026-", "0001-", 1), "an array": "[" + strings.TrimSpace(good) + "]\n",
	} {
		_, err := logline.NewReader(strings.NewReader(text)).Next()
		if err == nil || err == io.EOF || strings.Contains(err.Error(), "secret") || !strings.HasPrefix(err.Error(), "line 1 of the answer: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// endless is one line that never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestAnEndlessLineIsGivenUpSoon(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in := &endless{}
	_, err := logline.NewReader(in).Next()
	runtime.ReadMemStats(&after)
	if err == nil || in.read > 2*logline.MaxLine {
		t.Errorf("%d bytes were read: %v", in.read, err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 8*logline.MaxLine {
		t.Errorf("it took %d bytes of memory", took)
	}
}
