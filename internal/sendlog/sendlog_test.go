package sendlog

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene/provider"
)

func TestABrokenRecordDoesNotAffectTheOthers(t *testing.T) {
	r := NewReader(strings.NewReader(`{"message_id":"m1","contact":"ann"}`+"\n\n"+
		`{"message_id":"m2","contact":"`+"\n"+
		strings.Repeat("x", 200)+"\n"+
		"{\n"+` "messageIds": [{"phoneNumber": "+901", "messageSid": "m3"}, {"phoneNumber": "+902", "messageSid": "m4"}]`+"\n}\n"+
		`{"contact":"eve"}{"errors":[{"message":"no"}]}`), 120)
	type record struct {
		line     int64
		messages string
		bad      bool
	}
	var got []record
	for {
		n, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, m := range n.Messages {
			ids = append(ids, m.MessageID+" "+m.Contact+m.Phone)
		}
		if n.Err != nil && n.Messages != nil {
			t.Errorf("line %d is broken and registers %v", n.Line, n.Messages)
		}
		got = append(got, record{n.Line, strings.Join(ids, ", "), n.Err != nil})
	}
	want := []record{{1, "m1 ann", false}, {3, "", true}, {4, "", true}, {5, "m3 +901, m4 +902", false}, {8, "", true}, {8, " ", false}}
	if !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
}

func TestARecordThatIsTooLongIsLeftOut(t *testing.T) {
	const record = `{"message_id":"m1","contact":"ann"}`
	for limit, want := range map[int]string{len(record): "", len(record) - 1: "longer than 34 bytes"} {
		n, err := NewReader(strings.NewReader(record+"\n"), limit).Next()
		switch {
		case err != nil:
			t.Errorf("limit %d: %v", limit, err)
		case want == "" && (n.Err != nil || string(n.Text) != record || !slices.Equal(n.Messages, []provider.Registration{{MessageID: "m1", Contact: "ann"}})):
			t.Errorf("limit %d: %+v", limit, n)
		case want != "" && (n.Err == nil || !strings.Contains(n.Err.Error(), want) || n.Text != nil):
			t.Errorf("limit %d: %+v, want an error of %q", limit, n, want)
		}
	}
}

func TestAnErrorOfTheInputKeepsTheLineThatWasReached(t *testing.T) {
	broken := errors.New("the connection broke")
	r := NewReader(io.MultiReader(strings.NewReader(`{"message_id":"m1","contact":"ann"}`+"\n"+`{"message_id"`), failing{broken}), 100)
	if n, err := r.Next(); err != nil || n.Line != 1 {
		t.Fatalf("first %+v, %v", n, err)
	}
	if n, err := r.Next(); err != broken || n.Line != 2 || n.Messages != nil {
		t.Errorf("then %+v, %v", n, err)
	}
}

// failing is an input that ends with an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
