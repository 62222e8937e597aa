package daemon

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"winnow/hygiene"
	"winnow/internal/console"
	"winnow/internal/console/view"
	"winnow/store"
)

// A contact is forgotten over HTTP, and requests that come together wait for each other.
func TestTheAPIForgetsAContact(t *testing.T) {
	d := testDaemon(t)
	for _, key := range []string{"ann", "bob", "cat"} {
		if _, err := d.instruct(t.Context(), view.Instruction{Contact: key, Kind: hygiene.Suppress, Reason: "opted_out", By: "admin", New: true}); err != nil {
			t.Fatal(err)
		}
	}
	status := func(key string) int {
		_, err := d.forget(t.Context(), key)
		refused := &console.APIError{Status: http.StatusOK}
		errors.As(err, &refused)
		return refused.Status
	}
	if _, err := d.store.Hold(store.Hold{Contact: "cat", By: "legal", Note: "claim"}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{"cat": 409, "nobody": 404} {
		if got := status(key); got != want {
			t.Errorf("%s: %d, want %d", key, got, want)
		}
	}
	var both sync.WaitGroup
	for _, key := range []string{"ann", "bob"} {
		both.Go(func() {
			if f, err := d.forget(t.Context(), key); err != nil || !f.Forgotten {
				t.Errorf("%s: %+v %v", key, f, err)
			}
		})
	}
	both.Wait()
	if d.store.HasKey("ann") || d.store.HasKey("bob") || !d.store.HasKey("cat") {
		t.Error("the wrong contacts are gone")
	}
}
