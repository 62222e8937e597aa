package logpull

import (
	"testing"

	"winnow/hygiene"
	"winnow/internal/config"
	"winnow/store"
	"winnow/store/engine"
	"winnow/store/engine/enginetest"
	"winnow/store/storetest"
)

// Who was forgotten here does not come back from the log of a receiver: not when that is
// read again because it was restored, and not when what it has is pulled as new.
func TestAForgottenPersonDoesNotComeBackFromAReceiver(t *testing.T) {
	here, live := storetest.Open(t), storetest.Open(t)
	now := live
	r := config.Receiver{URL: serveLog(t, func() *store.Store { return now }).URL, Token: token}
	policy := storetest.Policy(t, here)
	storetest.Append(t, live, events(0, 4)...)
	copied := enginetest.Location(t)
	if err := live.Copy(t.Context(), copied, engine.CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	storetest.Append(t, live, events(4, 6)...)
	sweep := func() {
		t.Helper()
		if err := pullAll(t, judge(t, here, r), r); err != nil {
			t.Fatal(err)
		}
		storetest.Sweep(t, here, policy, 0)
	}
	sweep()
	if !here.HasKey("ann") {
		t.Fatal("ann is not known before")
	}
	if err := here.AskToForget(store.Subjects{Keys: []string{"ann"}}, false, storetest.Start); err != nil {
		t.Fatal(err)
	}
	if _, err := here.Forget(t.Context(), store.ForgetOptions{Policy: policy, Now: storetest.Start}); err != nil {
		t.Fatal(err)
	}

	now = storetest.OpenAt(t, copied)
	sweep()
	again := storetest.Open(t) // the same callbacks, in a log of its own
	storetest.Append(t, again, events(0, 6)...)
	now = again
	sweep()
	if here.HasKey("ann") {
		t.Error("ann is known again")
	}
	for seq := int64(1); ; seq++ {
		e, there, err := here.Event(seq)
		if err != nil {
			t.Fatal(err)
		}
		if !there {
			break
		}
		if e.Contact != "" || e.MessageID != "" || len(e.Body) > 0 {
			t.Errorf("event %d is %+v", seq, e)
		}
	}
	storetest.Append(t, again, storetest.Event(storetest.Start, "bob", "m9", hygiene.Delivered))
	sweep()
	if !here.HasKey("bob") {
		t.Error("others are not taken in any more")
	}
}
