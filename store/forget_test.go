package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"winnow/hygiene"
	"winnow/hygiene/callback"
	"winnow/hygiene/contactkey"
	"winnow/segments"
	"winnow/store"
	"winnow/store/engine/enginetest"
	"winnow/store/erasure"
	"winnow/store/storetest"
)

// A person with everything, among others.
const (
	forgottenKey   = "Ayşe-1042"
	forgottenOld   = "ayse-old-77"
	forgottenPhone = "+905551234567"
	sharedPhone    = "+905559876543"
)

// herNames are how files could name the person.
var herNames = regexp.MustCompile(`(?i)ay[sş]e|ay\\u015fe|555[ -.()]*123[ -.()]*45[ -.()]*67|msg-of-her|yılmaz`)

// leftIn lists where files of a folder still name the person.
func leftIn(t *testing.T, folder string) (left []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, at := range herNames.FindAllIndex(text, -1) {
			left = append(left, fmt.Sprintf("%s at %d: %q", filepath.Base(path), at[0], text[max(0, at[0]-20):min(len(text), at[1]+20)]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// withAPerson fills a store with a person and others, some of which name the person.
func withAPerson(t *testing.T, s *store.Store) *hygiene.Policy {
	t.Helper()
	p := storetest.Policy(t, s)
	at := storetest.Start
	event := func(contact, message string, o hygiene.Outcome, body string) hygiene.Event {
		at = at.Add(time.Minute)
		e := storetest.Event(at, contact, message, o)
		if body != "" {
			e.Body = []byte(body)
		}
		return e
	}
	saveProfiles(t, s, map[string]string{forgottenKey: forgottenPhone, forgottenOld: forgottenPhone, "bob": sharedPhone})
	storetest.Register(t, s,
		store.Registration{Source: "insider", MessageID: "msg-of-her-1", Contact: forgottenKey, Phone: forgottenPhone, SentAt: at},
		store.Registration{Source: "insider", MessageID: "msg-of-her-2", Contact: forgottenKey},
		store.Registration{Source: "insider", MessageID: "msg-of-his", Contact: "bob", Phone: sharedPhone})
	storetest.Append(t, s,
		event(forgottenKey, "msg-of-her-1", hygiene.Sent, ""),
		event("", "msg-of-her-1", hygiene.HardBounce, ""),
		event("", "msg-of-her-2", hygiene.SoftBounce, `{"id":"msg-of-her-2","uniqueArgs":{"name":"Ay\u015fe Y\u0131lmaz"}}`),
		event(forgottenOld, "msg-of-her-3", hygiene.Unsubscribed, ""),
		event("", "msg-of-her-4", hygiene.Sent, `{"id":"msg-of-her-4","to":"0555 123 45 67"}`),
		event("bob", "msg-of-his", hygiene.SoftBounce, `{"id":"msg-of-his","uniqueArgs":{"friend":"`+forgottenKey+`"}}`),
		event("bob", "msg-of-his-2", hygiene.Delivered, `{"id":"msg-of-his-2","uniqueArgs":{"note":"sent instead of (0555) 123-45-67"}}`),
		event("carol", "msg-of-carol", hygiene.Delivered, ""))
	err := s.Append(t.Context(), nil, []hygiene.Unreadable{
		{ReceivedAt: at, Source: "insider", Why: "broken", Body: []byte(`{"id":"msg-of-her-5","to":"+90 (555) 123 45 67"`)},
		{ReceivedAt: at, Source: "insider", Why: "broken", Body: []byte(`id=7&contact=Ay%C5%9Fe-1042`)},
		{ReceivedAt: at, Source: "insider", Why: "unverified", Unverified: &callback.Unverified{Method: "GET", Target: "/insider/{token}?to=905551234567&status=sent"}},
		{ReceivedAt: at, Source: "insider", Why: "broken", Body: []byte(`{"id":"msg-of-carol","to":"+90 (555) 000 00 00"`)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddToList("staff", []string{forgottenKey, "bob"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Pin(segments.Pin{Segment: "vip", Contact: forgottenKey, By: "ops", Note: "Ayşe asked"},
		segments.Pin{Segment: "vip", Contact: "bob", By: "ops", Note: "a friend of " + forgottenKey}); err != nil {
		t.Fatal(err)
	}
	storetest.Sweep(t, s, p, 0)
	suppress := hygiene.Instruction{Kind: hygiene.Suppress, Origin: hygiene.ByOperator, Reason: "complaint", By: "ops", Note: "Ayşe Yılmaz called"}
	if _, err := s.Instruct(p, store.Subjects{Keys: []string{forgottenKey}}, suppress, store.Batch{Kind: store.SuppressBatch, By: "ops", Note: "Ayşe Yılmaz called"}, at); err != nil {
		t.Fatal(err)
	}
	suppress.Note = "the same line as " + forgottenKey
	if _, err := s.Instruct(p, store.Subjects{Keys: []string{"bob"}}, suppress, store.Batch{Kind: store.SuppressBatch, By: "ops", Note: suppress.Note}, at); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Merge(t.Context(), p, []store.MergePair{{Old: forgottenOld, New: forgottenKey}}, store.Batch{By: "ops", About: forgottenOld + " into " + forgottenKey}, at, nil); err != nil {
		t.Fatal(err)
	}
	return p
}

// saveProfiles imports contacts with their numbers.
func saveProfiles(t *testing.T, s *store.Store, phones map[string]string) {
	t.Helper()
	for key, phone := range phones {
		if _, err := s.SaveProfiles([]store.Profile{{Key: key, Phone: phone}}, storetest.Start); err != nil {
			t.Fatal(err)
		}
	}
}

func forget(t *testing.T, s *store.Store, p *hygiene.Policy, of store.Subjects) erasure.Counts {
	t.Helper()
	if err := s.AskToForget(of, false, storetest.Start); err != nil {
		t.Fatal(err)
	}
	did, err := s.Forget(t.Context(), store.ForgetOptions{Policy: p, Keys: contactkey.Format{Region: "TR"}, Now: storetest.Start, Wait: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return did
}

func TestNothingOfAForgottenPersonIsLeftInAnyFile(t *testing.T) {
	enginetest.SQLite(t)
	s := storetest.Open(t)
	p := withAPerson(t, s)
	folder := filepath.Dir(s.Path())
	if before := leftIn(t, folder); len(before) < 20 {
		t.Fatalf("the person is in %d places only: %q", len(before), before)
	}
	did := forget(t, s, p, store.Subjects{Keys: []string{forgottenOld}})
	if left := leftIn(t, folder); len(left) > 0 {
		t.Errorf("left: %s", strings.Join(left, "\n"))
	}
	if did.Contacts != 1 || did.Keys != 2 || did.Events != 5 || did.Bodies != 2 || did.Quarantined != 3 || did.Messages != 2 {
		t.Errorf("%+v", did)
	}
	if s.HasKey(forgottenKey) || s.HasKey(forgottenOld) || !s.HasKey("bob") || !s.HasKey("carol") {
		t.Error("the wrong contacts are gone")
	}
	totals, err := s.Totals()
	if err != nil || totals.Events != 8 || totals.Contacts != 2 || totals.Quarantined != 1 || totals.Unmatched != 0 {
		t.Errorf("%+v %v", totals, err)
	}
	if has, err := s.HasErasures(); has || err != nil {
		t.Error(has, err)
	}
}

func TestForgettingIsAllOrNothing(t *testing.T) {
	s := storetest.Open(t)
	p := withAPerson(t, s)
	before := storetest.Dump(t, s)
	ask := func(want error, keys ...string) {
		t.Helper()
		if err := s.AskToForget(store.Subjects{Keys: keys}, false, storetest.Start); !errors.Is(err, want) {
			t.Errorf("forgetting %q: %v, want %v", keys, err, want)
		}
	}
	ask(store.ErrUnknown, forgottenKey, "nobody")
	if _, err := s.Hold(store.Hold{Contact: forgottenOld, By: "legal", Note: "claim"}); err != nil {
		t.Fatal(err)
	}
	ask(store.ErrHeld, "bob", forgottenKey)
	if has, err := s.HasErasures(); has || err != nil || storetest.Dump(t, s) != before {
		t.Error("something was done", has, err)
	}
	if _, err := s.EndHold(forgottenKey); err != nil {
		t.Fatal(err)
	}
	did, err := s.PreviewForgetting(t.Context(), store.Subjects{Keys: []string{forgottenKey}}, store.ForgetOptions{Policy: p, Keys: contactkey.Format{Region: "TR"}, Now: storetest.Start})
	if err != nil || did.Contacts != 1 || did.Events != 5 || did.Bodies != 2 || did.Quarantined != 3 || did.Messages != 2 {
		t.Errorf("%+v %v", did, err)
	}
	if has, err := s.HasErasures(); has || err != nil || storetest.Dump(t, s) != before {
		t.Error("the preview changed something", has, err)
	}
}

func TestWhatComesWhileAPersonIsForgottenDoesNotSurviveIt(t *testing.T) {
	enginetest.SQLite(t)
	s := storetest.Open(t)
	p := withAPerson(t, s)
	n := 0
	erasure.BeforeStep(func(name string) {
		if n++; n < 24 { // after that nobody would wait for its end
			storetest.Append(t, s, storetest.Event(storetest.Start.Add(time.Hour), forgottenKey, fmt.Sprint("msg-of-her-late-", n), hygiene.Delivered))
		}
	})
	defer erasure.BeforeStep(func(string) {})
	forget(t, s, p, store.Subjects{Keys: []string{forgottenKey}})
	if left := leftIn(t, filepath.Dir(s.Path())); n < 24 || len(left) > 0 {
		t.Errorf("after %d steps is left: %s", n, strings.Join(left, "\n"))
	}
	var remembered int
	if err := enginetest.File(t, s.Path()).QueryRow("SELECT count(*) FROM forgotten_messages").Scan(&remembered); err != nil || remembered < 23 {
		t.Errorf("%d messages are remembered, of 23 that came late: %v", remembered, err)
	}
	storetest.Sweep(t, s, p, 0)
	if s.HasKey(forgottenKey) {
		t.Error("a sweep made the contact anew")
	}
	if totals, err := s.Totals(); err != nil || totals.Unmatched != 0 {
		t.Errorf("%+v %v", totals, err)
	}
}

// forgetUntilKilled forgets, and kills its own process before the nth step.
func forgetUntilKilled(path string) {
	n, err := strconv.Atoi(os.Getenv("WINNOW_TEST_FORGET_AT"))
	if err != nil {
		panic(err)
	}
	erasure.BeforeStep(func(string) {
		if n--; n < 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	s, err := store.OpenExisting(path)
	if err != nil {
		panic(err)
	}
	o := store.ForgetOptions{Policy: storetest.TwoRules(), Keys: contactkey.Format{Region: "TR"}, Now: storetest.Start, Wait: time.Second}
	if _, err := s.Forget(context.Background(), o); err != nil {
		panic(err)
	}
	os.Exit(0)
}

func TestForgettingThatIsKilledAtAnyStepIsFinished(t *testing.T) {
	storetest.Sequential(t)
	enginetest.SQLite(t)
	path := enginetest.Location(t)
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	withAPerson(t, s)
	if err := errors.Join(s.AskToForget(store.Subjects{Keys: []string{forgottenKey}}, false, storetest.Start), s.Close()); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for ; kills < 40; kills++ {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "WINNOW_TEST_FORGET="+path, fmt.Sprint("WINNOW_TEST_FORGET_AT=", kills))
		if out, err := child.CombinedOutput(); err == nil {
			break
		} else if len(out) > 0 {
			t.Fatalf("%v: %s", err, out)
		}
		appendWhileErasing(t, path, kills)
	}
	if left := leftIn(t, filepath.Dir(path)); kills < 6 || len(left) > 0 {
		t.Errorf("after %d kills is left: %s", kills, strings.Join(left, "\n"))
	}
}

// appendWhileErasing appends an event of the person, as a daemon that was killed would
// once it is started again, while the person is not forgotten yet.
func appendWhileErasing(t *testing.T, path string, n int) {
	t.Helper()
	s, err := store.OpenExisting(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if list, err := s.Erasures(); err != nil || len(list) == 0 || !list[0].Begun {
		return
	}
	storetest.Append(t, s, storetest.Event(storetest.Start.Add(time.Hour), forgottenKey, fmt.Sprint("msg-of-her-late-", n), hygiene.Delivered))
}
