package provider

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"winnow/hygiene"
)

func TestArrayIsReadObjectByObject(t *testing.T) {
	body := `[{"id":"a","event":"sent"}, 7 ,{"event":"sent"},
		{"id":"b","event":"delivered"},[{"id":"x","event":"sent"}],null,{"id":"","event":"sent"},{"id":5,"event":"sent"}]`
	events, bad, err := readBody(reader(t, Config{}), []byte(body))
	if err != nil || len(events) != 2 || events[0].MessageID != "a" || events[1].MessageID != "b" {
		t.Fatalf("events %v, err %v", events, err)
	}
	want := []string{"7", `{"event":"sent"}`, `[{"id":"x","event":"sent"}]`, "null", `{"id":"","event":"sent"}`, `{"id":5,"event":"sent"}`}
	var got []string
	for _, u := range bad {
		got = append(got, string(u.Body))
		if u.Why == "" || u.Source != "insider" || u.ReceivedAt != now {
			t.Errorf("quarantined %+v", u)
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("quarantined\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEmptyArrayHasNothingToStore(t *testing.T) {
	events, bad, err := readBody(reader(t, Config{}), []byte(" [ ] "))
	if len(events) != 0 || len(bad) != 0 || err != nil {
		t.Errorf("events %v, bad %v, err %v", events, bad, err)
	}
}

func TestIDAndEventHaveAtMost256Bytes(t *testing.T) {
	for _, c := range []struct {
		id   string
		want int
	}{
		{strings.Repeat("x", 256), 1},
		{strings.Repeat("x", 257), 0},
		{strings.Repeat("ö", 128), 1},
		{strings.Repeat(`\u00f6`, 128), 1},
		{strings.Repeat(`\u00f6`, 129), 0},
	} {
		for _, body := range []string{`{"id":"` + c.id + `","event":"sent"}`, `{"id":"a","event":"` + c.id + `"}`} {
			events, bad, _ := readBody(reader(t, Config{}), []byte(body))
			if len(events) != c.want || len(events)+len(bad) != 1 {
				t.Errorf("%d bytes as written: %d events, %d quarantined", len(c.id), len(events), len(bad))
			}
		}
	}
}

func TestWhatCannotBeReadIsQuarantinedWhole(t *testing.T) {
	good := `{"id":"a","event":"sent"}`
	for name, c := range map[string]struct {
		body string
		why  error
	}{
		"empty":                     {"", errEmpty},
		"only a mark":               {"\ufeff", errEmpty},
		"only space":                {" \r\n\t", errEmpty},
		"form":                      {"id=a&event=sent", errBroken},
		"XML":                       {"<id>a</id>", errBroken},
		"gzip":                      {"\x1f\x8b\x08\x00", errBroken},
		"UTF-16":                    {"\xff\xfe{\x00}\x00", errBroken},
		"NUL":                       {"\x00", errBroken},
		"NUL in text":               {"{\"id\":\"a\x00\",\"event\":\"sent\"}", errBroken},
		"NUL after":                 {good + "\x00", errMore},
		"two marks":                 {"\ufeff\ufeff" + good, errBroken},
		"second value":              {good + good, errMore},
		"trailing text":             {good + " thanks", errMore},
		"second value in lines":     {good + "\n" + good, errMore},
		"trailing comma":            {`[` + good + `,]`, errBroken},
		"missing comma":             {`[` + good + good + `]`, errBroken},
		"cut short":                 {good[:len(good)-1], errBroken},
		"cut in an escape":          {`{"id":"a\`, errBroken},
		"cut in a code unit":        {`{"id":"a\u00`, errBroken},
		"key twice":                 {`{"id":"a","event":"sent","id":"b"}`, errTwice},
		"key twice, escaped":        {`{"id":"a","event":"sent","\u0069d":"b"}`, errTwice},
		"key twice, deep":           {`{"id":"a","event":"sent","uniqueArgs":{"x":[{"y":1,"y":1}]}}`, errTwice},
		"key twice, later in array": {`[` + good + `,{"id":"a","event":"sent","event":"x"}]`, errTwice},
		"empty key twice":           {`{"":1,"":2}`, errTwice},
		"not UTF-8":                 {"{\"id\":\"a\xff\",\"event\":\"sent\"}", errNotUTF8},
		"overlong UTF-8":            {"{\"id\":\"a\xc0\x80\",\"event\":\"sent\"}", errNotUTF8},
		"surrogate as UTF-8":        {"{\"id\":\"a\xed\xa0\x80\",\"event\":\"sent\"}", errNotUTF8},
		"not UTF-8 in a key":        {"{\"id\":\"a\",\"event\":\"sent\",\"\xff\":1}", errNotUTF8},
		"high surrogate alone":      {`{"id":"\ud83d","event":"sent"}`, errSurrogate},
		"low surrogate alone":       {`{"id":"\ude00","event":"sent"}`, errSurrogate},
		"surrogates swapped":        {`{"id":"\ude00\ud83d","event":"sent"}`, errSurrogate},
		"two high surrogates":       {`{"id":"\ud83d\ud83d","event":"sent"}`, errSurrogate},
		"deep":                      {`{"id":"a","event":"sent","x":` + strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19) + `}`, errDeep},
		"a level too deep":          {`{"id":"a","event":"sent","x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, errDeep},
		"too deep among others":     {`[` + good + `,` + strings.Repeat(`{"x":`, 10_000) + `1` + strings.Repeat(`}`, 10_000) + `]`, errDeep},
		"key twice, under an array": {`{"id":"a","event":"sent","x":[[],{"y":{"z":1},"y":1}]}`, errTwice},
		"ends of another kind":      {`{"id":"a","event":"sent","x":[{"y":1]}}`, errBroken},
		"leading zero":              {`{"id":"a","event":"sent","x":01}`, errBroken},
		"NaN":                       {`{"id":"a","event":"sent","x":NaN}`, errBroken},
		"unknown escape":            {`{"id":"a\x41","event":"sent"}`, errBroken},
		"unknown escape, long":      {`{"id":"a\x41\x41\x41","event":"sent"}`, errBroken},
		"no hexadecimal":            {`{"id":"a\u00g0","event":"sent"}`, errBroken},
		"single quotes":             {`{'id':'a'}`, errBroken},
		"key of no text":            {`{1:2}`, errBroken},
	} {
		events, bad, err := readBody(reader(t, Config{}), []byte(c.body))
		if err != nil || len(events) != 0 || len(bad) != 1 || string(bad[0].Body) != c.body || bad[0].Body == nil {
			t.Errorf("%s: events %v, %d quarantined, err %v", name, events, len(bad), err)
			continue
		}
		if !strings.HasPrefix(bad[0].Why, c.why.Error()) {
			t.Errorf("%s: because %q, want %q", name, bad[0].Why, c.why)
		}
	}
}

func TestOddButClearBodiesAreEvents(t *testing.T) {
	for name, body := range map[string]string{
		"mark":               "\ufeff" + `{"id":"a","event":"sent"}`,
		"space around":       "\r\n\t {\"id\":\"a\"\n,\t\"event\" : \"sent\"} \n",
		"huge number":        `{"id":"a","event":"sent","partCount":1e400,"x":` + strings.Repeat("9", 100_000) + `}`,
		"escaped name":       `{"\u0069d":"a","event":"sent"}`,
		"other case beside":  `{"id":"a","ID":"b","event":"sent","EVENT":"x"}`,
		"same key elsewhere": `{"id":"a","event":"sent","uniqueArgs":{"id":"b","event":"x"},"more":{"id":"b"}}`,
		"odd everything":     `{"id":"a","event":"sent","uniqueArgs":[],"reason":7,"partCount":"x","sendAt":false}`,
		"long":               `{"x":"` + strings.Repeat("ü", 1<<18) + `","id":"a","event":"sent"}`,
		"nested to the edge": `{"id":"a","event":"sent","x":` + strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999) + `}`,
		"NUL as an escape":   `{"id":"a","event":"sent","x":"\u0000"}`,
	} {
		if e := event(t, reader(t, Config{}), body); e.MessageID != "a" || e.Outcome != hygiene.Sent {
			t.Errorf("%s: message %q, %s", name, e.MessageID, e.Outcome)
		}
	}
}

func TestDeepObjectHarmsNoOther(t *testing.T) {
	for _, depth := range []int{10, 101, 1_000, 9_998} {
		for _, nest := range [][2]string{{"[", "]"}, {`{"x":`, "}"}, {`{"x":1,"y":`, "}"}} {
			deep := strings.Repeat(nest[0], depth) + "1" + strings.Repeat(nest[1], depth)
			body := `[{"id":"a","event":"sent"},{"id":"b","event":"sent","x":` + deep + `},{"id":"c","event":"sent","y":{}}]`
			if events, bad, _ := readBody(reader(t, Config{}), []byte(body)); len(events) != 3 || len(bad) != 0 || events[2].MessageID != "c" {
				t.Errorf("%d levels of %s: %d events, %d quarantined", depth, nest[0], len(events), len(bad))
			}
		}
	}
}

func TestDeepNestingUsesNoStack(t *testing.T) {
	const readers, most = 8, 256 << 10
	r, deep := reader(t, Config{}), []byte(strings.Repeat(`{"x":`, 9_999)+"1"+strings.Repeat("}", 9_999))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var reading sync.WaitGroup
	stay, read := make(chan struct{}), make(chan struct{})
	for range readers {
		reading.Go(func() {
			_, _, _ = readBody(r, deep)
			read <- struct{}{}
			<-stay
		})
	}
	for range readers {
		<-read
	}
	runtime.ReadMemStats(&after)
	close(stay)
	reading.Wait()
	if took := int64(after.StackInuse) - int64(before.StackInuse); took > readers*most {
		t.Errorf("%d readers have %d KiB of stack", readers, took>>10)
	}
}

func TestThousandObjectsAreReadAndNotOneMore(t *testing.T) {
	const one = `{"id":"a","event":"sent"},`
	full := "[" + strings.Repeat(one, insider.Max-1) + `{"id":"a","event":"sent"}]`
	events, _, err := readBody(reader(t, Config{}), []byte(full))
	if len(events) != insider.Max || err != nil {
		t.Errorf("%d events, err %v", len(events), err)
	}
	events, bad, err := readBody(reader(t, Config{}), []byte("["+one+full[1:]))
	if !errors.Is(err, ErrTooMany) || events != nil || bad != nil {
		t.Errorf("%d events, %d quarantined, err %v", len(events), len(bad), err)
	}
}

func TestObjectWithManyKeysIsReadInLinearTime(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"id":"a","event":"sent"`)
	for i := range 80_000 {
		fmt.Fprintf(&b, `,"k%d":0`, i)
	}
	r := reader(t, Config{})
	event(t, r, b.String()+`}`)
	if _, bad, _ := readBody(r, []byte(b.String()+`,"k7":1}`)); len(bad) != 1 {
		t.Error("a key twice among many is not seen")
	}
}

func TestNothingOfTheBodyIsHeldOnTo(t *testing.T) {
	body := []byte(`[{"id":"a","event":"sent","uniqueArgs":{"contact_id":"ann"}},{"no":"id"}]`)
	events, bad, _ := readBody(reader(t, Config{}), body)
	before := fmt.Sprintf("%+v %+v", events, bad)
	copy(body, bytes.Repeat([]byte("#"), len(body)))
	_ = append(events[0].Body, "overwritten"...)
	if after := fmt.Sprintf("%+v %+v", events, bad); after != before {
		t.Errorf("after the body was used again:\n%s\nbefore:\n%s", after, before)
	}
}

func TestReasonsRepeatNothingOfTheBody(t *testing.T) {
	r := reader(t, Config{})
	for _, body := range []string{`secret`, `{"secret":1,"secret":2}`, `{"id":["secret"],"event":"sent"}`, `"secret"`, "\"secret\xff\""} {
		_, bad, _ := readBody(r, []byte(body))
		if len(bad) != 1 || strings.Contains(bad[0].Why, "secret") {
			t.Errorf("%s: %+v", body, bad)
		}
	}
}
