package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"winnow/hygiene/provider"
	"winnow/internal/console/view"
)

// messageStore keeps registrations as the store does: the first registration
// of a message stands.
type messageStore struct {
	contacts map[string]string
	groups   []int
}

func (l *messageStore) register(_ context.Context, list []provider.Registration) (did RegisterResult, err error) {
	if l.contacts == nil {
		l.contacts = map[string]string{}
	}
	l.groups = append(l.groups, len(list))
	for i, r := range list {
		known, there := l.contacts[r.MessageID]
		switch {
		case r.Contact == "no-key":
			did.Rejected = append(did.Rejected, RejectedMessage{Index: i, Why: "no phone number"})
		case !there:
			l.contacts[r.MessageID] = r.Contact
			did.New++
		case known == r.Contact:
			did.Known++
		default:
			did.Conflicts = append(did.Conflicts, i)
		}
	}
	return did, nil
}

func post(l *messageStore, body string, headers ...string) *httptest.ResponseRecorder {
	return ask(Config{Register: l.register}, "POST", "/api/v1/messages", body, headers...)
}

func line(id, contact string) string {
	return fmt.Sprintf(`{"message_id":%q,"contact":%q}`+"\n", id, contact)
}

func TestEveryLineOfASendLogIsAccountedFor(t *testing.T) {
	log := line("m1", "ann") +
		"\n" +
		line("m2", "bob") +
		`{"contact":"eve"}` + "\n" +
		line("m1", "ann") +
		line("m1", "bob") +
		`nonsense` + "\n" +
		line("m3", "no-key") +
		`{"message_id":"m4","contact":"` + "\n" +
		`{"message":"Accepted","messageId":"m5","to":"+90"}` // no line feed at the end
	wantJSON(t, post(&messageStore{}, log), `{"new":3,"known":1,"matched":0,"conflict":1,"reject":4,"conflicts":[{"line":6,"message_id":"m1"}],"rejected":[`+
		`{"line":4,"error":"the message id is missing; add message_id, messageId or messageSid"},{"line":7,"error":"`+whyNot(t, "nonsense")+`"},`+
		`{"line":8,"error":"no phone number"},{"line":9,"error":"`+whyNot(t, `{"message_id":"m4","contact":"`)+`"}]}`)
}

// whyNot is why a value is not a record of a send log.
func whyNot(t *testing.T, value string) string {
	_, err := provider.Registrations([]byte(value))
	if err == nil {
		t.Fatalf("%q is a record of a send log", value)
	}
	return err.Error()
}

func TestConflictsAreListedWithTheirLines(t *testing.T) {
	l := &messageStore{contacts: map[string]string{"m1": "ann"}}
	w := post(l, line("m1", "bob")+line("m1", "ann")+line("m2", "eve")+line("m1", "bob")+line("m1", "bob")+line("m2", "eve"))
	wantJSON(t, w, `{"new":1,"known":2,"matched":0,"conflict":3,"reject":0,"conflicts":[{"line":1,"message_id":"m1"},{"line":4,"message_id":"m1"},{"line":5,"message_id":"m1"}],"rejected":[]}`)
}

func TestProvidersAnswersAreAcceptedAlsoIndented(t *testing.T) {
	many := map[string]any{"message": "Accepted", "messageIds": []any{
		map[string]any{"phoneNumber": "+901", "messageSid": "m1"}, map[string]any{"phoneNumber": "+902", "messageSid": "m2"}}, "errors": []any{}}
	pretty, err := json.MarshalIndent(many, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	flat, err := json.Marshal(map[string]any{"messageId": "m3", "to": "+90 {3", "note": `}"\`})
	if err != nil {
		t.Fatal(err)
	}
	l := &messageStore{}
	w := post(l, string(pretty)+"\r\n"+string(flat)+string(flat)+"\n"+string(pretty)+`{"messageIds":[],"errors":[]}`)
	wantJSON(t, w, `{"new":3,"known":3,"matched":0,"conflict":0,"reject":0,"conflicts":[],"rejected":[]}`)
}

func TestASendLogWithoutOneGoodLineIsRefused(t *testing.T) {
	w := post(&messageStore{}, "nonsense\n"+line("m1", "no-key"))
	wantProblem(t, w, 400, "see rejected")
	var beside view.Registered
	if err := json.Unmarshal(w.Body.Bytes(), &beside); err != nil || beside.Reject != 2 || len(beside.Rejected) != 2 {
		t.Errorf("answered %s", w.Body)
	}
	const nothing = `{"new":0,"known":0,"matched":0,"conflict":0,"reject":0,"conflicts":[],"rejected":[]}`
	wantJSON(t, post(&messageStore{}, ""), nothing)
	wantJSON(t, post(&messageStore{}, "\n \r\n\n"), nothing)
	wantJSON(t, post(&messageStore{}, `{"messageIds":[],"errors":[]}`), nothing)
	wantJSON(t, post(&messageStore{}, `{"errors":[{"message":"no","field":"to"}]}`), strings.Replace(nothing, `"reject":0`, `"reject":0,"unnamed":1`, 1))
	if w := post(&messageStore{}, `{"errors":[{"message":"no","field":"to"}]}`+"\nnonsense"); w.Code != 200 {
		t.Errorf("a good line beside a bad one is answered %d", w.Code)
	}
}

func TestASendLogOfAnySizeIsRegisteredInGroups(t *testing.T) {
	const lines = 3*maxGroup + 17
	body, in := io.Pipe()
	go func() {
		for i := range lines {
			_, _ = io.WriteString(in, line(fmt.Sprint("m", i), "ann"))
		}
		_ = in.Close()
	}()
	l := &messageStore{}
	req := httptest.NewRequest("POST", "/api/v1/messages", body)
	req.Header.Set("Authorization", "Bearer "+token)
	wantJSON(t, serve(Config{Register: l.register}, req), fmt.Sprintf(`{"new":%d,"known":0,"matched":0,"conflict":0,"reject":0,"conflicts":[],"rejected":[]}`, lines))
	if want := []int{maxGroup, maxGroup, maxGroup, 17}; !slices.Equal(l.groups, want) {
		t.Errorf("groups of %v, want %v", l.groups, want)
	}
}

func TestTheSourceOfTheRequestIsThatOfLinesThatNameNone(t *testing.T) {
	var sources []string
	c := Config{Register: func(_ context.Context, list []provider.Registration) (did RegisterResult, err error) {
		for _, r := range list {
			sources = append(sources, r.Source)
		}
		did.New = int64(len(list))
		return did, nil
	}}
	const lines = `{"message_id":"m1","contact":"ann"}{"source":"globex","message_id":"m1","contact":"ann"}` +
		`{"source":"initech","messageIds":[{"messageSid":"m1","phoneNumber":"+901"}]}`
	for query, want := range map[string][]string{"": {"", "globex", "initech"}, "?source=acme": {"acme", "globex", "initech"}} {
		sources = nil
		if w := ask(c, "POST", "/api/v1/messages"+query, lines); w.Code != 200 || !slices.Equal(sources, want) {
			t.Errorf("%q: %d, the sources are %q, want %q", query, w.Code, sources, want)
		}
	}
}

func TestAtMostAHundredAreListed(t *testing.T) {
	l := &messageStore{}
	var log strings.Builder
	for i := range 150 {
		log.WriteString(line(fmt.Sprint("m", i), "ann") + "nonsense\n")
	}
	for i := range 150 {
		log.WriteString(line(fmt.Sprint("m", i), "bob"))
	}
	var got view.Registered
	if err := json.Unmarshal(post(l, log.String()).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Conflict != 150 || got.Reject != 150 || len(got.Conflicts) != maxListed || len(got.Rejected) != maxListed || got.Conflicts[99].Line != 400 {
		t.Errorf("listed %d of %d conflicts, %d of %d rejected, the 100th conflict on line %d", len(got.Conflicts), got.Conflict, len(got.Rejected), got.Reject, got.Conflicts[99].Line)
	}
}

func TestRefusalsAreCounted(t *testing.T) {
	c := Config{Register: func(_ context.Context, list []provider.Registration) (did RegisterResult, err error) {
		for _, r := range list {
			if r.Error != "" {
				did.Refused++
			}
		}
		return did, nil
	}}
	wantJSON(t, ask(c, "POST", "/api/v1/messages", `{"errors":[{"error":"no","contact":"ann"},{"error":"no"},{"error":"no","messageId":"m1"}]}`),
		`{"new":0,"known":0,"matched":0,"conflict":0,"reject":0,"refused":2,"unnamed":1,"conflicts":[],"rejected":[]}`)
}

func TestASendLogMayBeCompressed(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = io.WriteString(z, line("m1", "ann")+line("m2", "bob"))
	_ = z.Close()
	whole := packed.String()
	wantJSON(t, post(&messageStore{}, whole, "Content-Encoding", "gzip"), `{"new":2,"known":0,"matched":0,"conflict":0,"reject":0,"conflicts":[],"rejected":[]}`)
	wantProblem(t, post(&messageStore{}, whole[:len(whole)-3], "Content-Encoding", "gzip"), 400, "was incomplete")
	wantProblem(t, post(&messageStore{}, "plain", "Content-Encoding", "gzip"), 400, "not gzip")
	wantProblem(t, post(&messageStore{}, "plain", "Content-Encoding", "br"), 415, "gzip or uncompressed")
}

func TestAFailureReportsWhatWasRegisteredBefore(t *testing.T) {
	l := &messageStore{}
	c := Config{Register: func(ctx context.Context, list []provider.Registration) (RegisterResult, error) {
		if len(l.groups) == 1 {
			return RegisterResult{}, errBroken
		}
		return l.register(ctx, list)
	}}
	var log strings.Builder
	for i := range maxGroup + 1 {
		log.WriteString(line(fmt.Sprint("m", i), "ann"))
	}
	w := ask(c, "POST", "/api/v1/messages", log.String())
	wantProblem(t, w, 503, "the store is broken; send everything again")
	if !strings.Contains(w.Body.String(), `"new":4096`) {
		t.Errorf("answered %s", w.Body)
	}
}

func TestAnIncompleteLogRegistersItsCompleteLines(t *testing.T) {
	l := &messageStore{}
	req := httptest.NewRequest("POST", "/api/v1/messages", io.MultiReader(strings.NewReader(line("m1", "ann")+`{"message_id":"m2","contact":"bob"`), cut{}))
	req.Header.Set("Authorization", "Bearer "+token)
	w := serve(Config{Register: l.register}, req)
	wantProblem(t, w, 400, "stopped at line 2: request body was incomplete")
	if len(l.contacts) != 1 || !strings.Contains(w.Body.String(), `"new":1`) {
		t.Errorf("registered %v, answered %s", l.contacts, w.Body)
	}
}

// cut is a connection that ended.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
