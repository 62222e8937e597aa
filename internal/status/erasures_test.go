package status

import (
	"strings"
	"testing"

	"winnow/internal/apptest"
	"winnow/store"
	"winnow/store/storetest"
)

func TestTheStatusHasPersonsWhoAreStillToBeForgotten(t *testing.T) {
	ops := apptest.Operations(t)
	if _, err := ops.Store.AddToList("staff", []string{"ann"}); err != nil {
		t.Fatal(err)
	}
	show := func() string {
		s, err := Collect(ops.Config, ops.Store, storetest.Start)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		Print(&text, s, storetest.Start)
		return text.String()
	}
	if err := ops.AskToForget(store.Subjects{Keys: []string{"ann"}}, false, storetest.Start); err != nil {
		t.Fatal(err)
	}
	if text := show(); !strings.Contains(text, "to forget     1 ") {
		t.Errorf("nobody is to be forgotten: %s", text)
	}
	if _, err := ops.FinishForgetting(t.Context(), storetest.Start); err != nil {
		t.Fatal(err)
	}
	if text := show(); strings.Contains(text, "to forget") {
		t.Errorf("somebody is still to be forgotten: %s", text)
	}
}
