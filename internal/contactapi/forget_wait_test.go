package contactapi

import (
	"testing"
	"testing/synctest"
	"time"

	"winnow/hygiene"
	"winnow/internal/apptest"
	"winnow/store"
)

// A client waits ten seconds for what a sweep, or a run, keeps from being
// done; it is done all the same, and so is what others asked for meanwhile.
func TestForgettingIsAnsweredWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ops := apptest.Operations(t)
		now := func() hygiene.Instant { return hygiene.InstantOf(time.Now()) }
		if _, err := ops.Store.SaveProfiles([]store.Profile{{Key: "ann"}, {Key: "bob"}}, now()); err != nil {
			t.Fatal(err)
		}
		busy := make(chan error)
		go func() {
			busy <- ops.Exclusive(t.Context(), func() error { time.Sleep(25 * time.Second); return nil })
		}()
		synctest.Wait()
		for _, key := range []string{"ann", "bob"} {
			began := time.Now()
			did, err := Forget(t.Context(), ops, key, now())
			if waited := time.Since(began); did.Forgotten || err != nil || waited != 10*time.Second {
				t.Errorf("%s: answered %+v, %v after %s", key, did, err, waited)
			}
		}
		if !ops.Store.HasKey("ann") {
			t.Error("it did not wait")
		}
		if err := <-busy; err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if has, err := ops.Store.HasErasures(); has || err != nil || ops.Store.HasKey("ann") || ops.Store.HasKey("bob") {
			t.Error("not forgotten", has, err)
		}
	})
}
