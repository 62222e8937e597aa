package store_test

import (
	"testing"

	"winnow/hygiene"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/location"
	"winnow/store/storetest"
)

func TestALateCallbackAboutAForgottenMessageIsErased(t *testing.T) {
	later := storetest.Start.Add(40 * hygiene.Day)
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	give(t, s, "c1", "+905550000001", storetest.Start)
	storetest.Append(t, s, storetest.Event(storetest.Start+1, "c1", "m1", hygiene.Sent))
	storetest.Sweep(t, s, p, 0)
	forget(t, s, p, store.Subjects{Keys: []string{"c1"}})
	storetest.Append(t, s, storetest.Event(later, "c1", "m1", hygiene.Delivered), storetest.Event(later+1, "c2", "m2", hygiene.Delivered))
	swept := storetest.Sweep(t, s, p, 0)
	if swept.Late != 1 {
		t.Errorf("%d late events, want 1", swept.Late)
	}
	if got := reasonsOf(t, s, "c1"); got != "unknown" {
		t.Errorf("a late callback made the contact known again: %q", got)
	}
	if got := reasonsOf(t, s, "c2"); got != "" {
		t.Errorf("c2 is %q", got)
	}
	e, known, err := s.Event(swept.Cursor - 1)
	if err != nil || !known || e.MessageID != "" || e.Contact != "" || len(e.Body) > 0 {
		t.Errorf("the late event is in the log: %+v %v %v", e, known, err)
	}
	if totals, err := s.Totals(); err != nil || totals.Late != 1 {
		t.Error(totals.Late, err)
	}
}

// The write-ahead logs of a store that stays open are files of it too.
func TestNoFileOfAnOpenStoreHasALateCallbackOnceItIsSwept(t *testing.T) {
	enginetest.SQLite(t) // a server's files are not winnow's to read
	later := storetest.Start.Add(40 * hygiene.Day)
	s := storetest.Open(t)
	p := numberPolicy(t, s)
	x := &leaver{keys: []string{"ann-1042"}, alone: []string{"+905550000001"}, messages: []string{"message-77", "message-78"}}
	give(t, s, "ann-1042", "+905550000001", storetest.Start)
	storetest.Append(t, s, storetest.Event(storetest.Start+1, "ann-1042", "message-77", hygiene.Sent), storetest.Event(storetest.Start+1, "ann-1042", "message-78", hygiene.Sent))
	storetest.Sweep(t, s, p, 0)
	if len(x.left(t, s)) == 0 {
		t.Fatal("the person is found nowhere before")
	}
	forget(t, s, p, store.Subjects{Keys: []string{"ann-1042"}})
	storetest.Append(t, s, storetest.Event(later, "ann-1042", "message-77", hygiene.HardBounce), storetest.Event(later+1, "", "message-78", hygiene.Unsubscribed))
	storetest.Sweep(t, s, p, 0)
	if left := x.left(t, s); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

func TestALateCallbackIsNotErasedWhileAServerKeepsItForAReader(t *testing.T) {
	later := storetest.Start.Add(40 * hygiene.Day)
	s := storetest.Open(t)
	if !location.IsServer(s.Location()) {
		t.Skip("a snapshot of the contacts keeps nothing of a log in another file")
	}
	p := numberPolicy(t, s)
	give(t, s, "c1", "", storetest.Start)
	storetest.Append(t, s, storetest.Event(storetest.Start+1, "c1", "m1", hygiene.Sent))
	storetest.Sweep(t, s, p, 0)
	forget(t, s, p, store.Subjects{Keys: []string{"c1"}})
	reader, err := s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, s, storetest.Event(later, "c1", "m1", hygiene.Delivered))
	for _, want := range []int64{1, 1, 0} { // notes of what is to be erased
		if want == 0 {
			if err := reader.Close(); err != nil {
				t.Error(err)
			}
		}
		storetest.Sweep(t, s, p, 0)
		err := s.Read(func(c engine.Reader) error {
			if notes, err := c.Number("SELECT count(*) FROM late_events"); notes != want || err != nil {
				t.Errorf("%d notes are left, want %d; %v", notes, want, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if e, _, err := s.Event(2); err != nil || e.MessageID != "" || e.Contact != "" {
			t.Errorf("it can be read: %+v %v", e, err)
		}
	}
}

func TestALateOptOutIsRememberedByKeyAndByNumber(t *testing.T) {
	later := storetest.Start.Add(40 * hygiene.Day)
	for _, again := range []bool{false, true} {
		s := storetest.Open(t)
		p := numberPolicy(t, s)
		give(t, s, "c1", "+905550000001", storetest.Start)
		storetest.Append(t, s, storetest.Event(storetest.Start+1, "c1", "m1", hygiene.Sent))
		storetest.Sweep(t, s, p, 0)
		forget(t, s, p, store.Subjects{Keys: []string{"c1"}})
		if again { // known again when it comes
			give(t, s, "c1", "", later)
			give(t, s, "c3", "+905550000001", later)
		}
		late := storetest.Event(later+1, "", "m1", hygiene.Unsubscribed)
		storetest.Append(t, s, late)
		storetest.Sweep(t, s, p, 0)
		if !again {
			give(t, s, "c1", "", later+2)
			give(t, s, "c3", "+905550000001", later+2)
		}
		give(t, s, "c2", "+905550000002", later+2)
		storetest.Sweep(t, s, p, 0)
		for key, want := range map[string]string{"c1": "opted_out", "c3": "opted_out", "c2": ""} {
			if got := reasonsOf(t, s, key); got != want {
				t.Errorf("%s may not be texted because of %q, want %q; known again: %v", key, got, want, again)
			}
		}
		resubscribed := storetest.Event(later+100, "c1", "m7", hygiene.Resubscribed)
		storetest.Append(t, s, resubscribed)
		storetest.Sweep(t, s, p, 0)
		if got := reasonsOf(t, s, "c1"); got != "" {
			t.Errorf("after a resubscription c1 may not be texted because of %q", got)
		}
	}
}
